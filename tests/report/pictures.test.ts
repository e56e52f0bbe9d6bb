/** The most wrong images of a run with where its model looked, on the device. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { wrongImages } from "../../report/wrong_images.ts";
import { weightShapes } from "../../models/compare.ts";
import { fromFloats } from "../../models/safetensors.ts";
import { readRun } from "../../report/run.ts";
import { readCheckpoint, writeCheckpoint } from "../../train/checkpoint.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { madeRun } from "./made_run.ts";

deviceTest(
  "wrongImages() lays over each image where the best checkpoint looked",
  async (device) => {
    await using dir = await temporaryFolder();
    const path = await madeRun(dir.path, { epochs: 1 });
    const best = `${path}/best.safetensors`;
    const weights = new Map(
      [...weightShapes("resnet18", 2)].map(([name, shape]) => {
        const numbers = new Float32Array(shape.reduce((a, b) => a * b, 1));
        const value = name.endsWith("running_var")
          ? () => 1
          : (i: number) => Math.sin(1.7 * i) / 20;
        return [name, fromFloats(shape, numbers.map((_, i) => value(i)))];
      }),
    );
    await writeCheckpoint(denoFiles, best, { ...await readCheckpoint(denoFiles, best), weights });
    const images = await wrongImages(denoFiles, await readRun(denoFiles, path), {
      device,
      count: 9,
    });
    assert.equal(images.length, 9, "more than a batch");
    const changed = images.filter(({ image, overlay }) =>
      overlay!.data.some((level, i) => level !== image.data[i])
    );
    assert.ok(changed.length > 1, "some images speak for their class somewhere");
    const [one, two] = changed;
    assert.notDeepEqual(one!.overlay!.data, two!.overlay!.data);
  },
);

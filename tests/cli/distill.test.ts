/** The real `train --distill`: what it says and saves of its teacher, and which teachers it refuses. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { encodePng } from "../../data/encode.ts";
import { fromFloats } from "../../models/safetensors.ts";
import { writeCheckpoint } from "../../train/checkpoint.ts";
import { noise, temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { verity } from "./command.ts";
import { untrained, writeUntrained } from "./untrained.ts";

const MODEL = "mobilenetv3_small_100";
const TRAIN =
  `train --data data --validation 0.5 --model ${MODEL} --size 32 --batch 4 --epochs 1 ` +
  "--schedule constant --workers 1 --recipe scratch --json";

deviceTest("train learns from a teacher, and goes on only with the same one", async () => {
  const files: Record<string, string | Uint8Array> = {};
  for (let i = 0; i < 8; i++) files[`data/${i % 2}/${i}.png`] = await encodePng(noise(36, 36, i));
  await using folder = await temporaryFolder(files);
  const teacher = `${folder.path}/teacher.safetensors`;
  const sure = untrained(MODEL, { size: 48 });
  const bias = fromFloats([2], Float32Array.of(90, -90)); // always class 0
  const weights = new Map(sure.weights).set("classifier.bias", bias);
  await writeCheckpoint(denoFiles, teacher, { ...sure, weights });
  await writeUntrained(`${folder.path}/three.safetensors`, MODEL, { classes: ["a", "b", "c"] });
  const run = (args: string) => verity(args.split(" "), { cwd: folder.path });
  const refused = async (args: string, code: number, message: RegExp) => {
    const ended = await run(args);
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.err, message);
  };
  const trained = await run(
    `${TRAIN} --run one --distill teacher.safetensors --distill-weight 0.75`,
  );
  assert.equal(trained.code, 0, trained.err);
  assert.match(
    trained.err,
    new RegExp(
      `Learns from teacher\\.safetensors \\(${MODEL}\\): 0\\.75 of the loss, temperature 2, ` +
        "the same views; they are made for 32 pixels, it was trained at 48",
    ),
  );
  const saved = JSON.parse(await Deno.readTextFile(`${folder.path}/one/config.json`));
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(teacher));
  assert.deepEqual(
    [saved.distill, saved.distillWeight, saved.teacher],
    [await Deno.realPath(teacher), 0.75, new Uint8Array(digest).toHex()],
  );
  const epochs = trained.out.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ event }) => event === "epoch");
  // 4 · 0.75 · ln 2 and the labels' quarter, about; labels alone would be ln 2.
  assert.ok(epochs[0]["train_loss"] > 1.4, `${epochs[0]["train_loss"]}`);

  await writeUntrained(teacher, MODEL, { size: 48, seed: 9 });
  await Promise.all([
    refused("train --resume one --epochs 2 --json", 7, /it has changed since the run began/),
    refused(`${TRAIN} --run three --distill three.safetensors`, 7, /its classes are a, b, c/),
    refused(`${TRAIN} --run four --distill-weight 0.5`, 2, /--distill-weight alone/),
  ]);
});

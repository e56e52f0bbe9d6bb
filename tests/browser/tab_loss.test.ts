/** The first loss of a run, from files to the number: in a tab and on the command line. */

import assert from "node:assert/strict";
import { verity } from "../cli/command.ts";
import { writeUntrained } from "../cli/untrained.ts";
import { smooth, temporaryFolder } from "../data/fixtures.ts";
import { encodeJpeg } from "../../data/encode.ts";
import { device, LIMIT } from "../device.ts";
import { findChromium } from "./chromium.ts";
import { driven } from "./driver.ts";

const chromium = findChromium();
const missing = chromium ? device ? undefined : "no adapter" : "no Chromium";

Deno.test({
  name: "the first loss of EfficientNet-B0 in a tab is the command line's, from the same files" +
    (missing ? ` (skipped: ${missing})` : ""),
  ignore: missing !== undefined,
  timeout: LIMIT,
  fn: async () => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 20; i++) {
      files[`data/${i % 2}/${i}.jpg`] = await encodeJpeg(smooth(80, 72, i), 90);
    }
    await using dir = await temporaryFolder(files);
    // Its classifier is drawn anew, as for every task: small, so that the loss is near that of a guess.
    const weights = `${dir.path}/weights.safetensors`;
    await writeUntrained(weights, "efficientnet_b0", { classes: ["a", "b", "c"] });
    const options = { size: 64, resize: 72, batch: 8, epochs: 1 };

    const ended = await verity([
      ...["train", "--data", "data", "--weights", weights, "--model", "efficientnet_b0"],
      ...["--recipe", "fine-tune", "--run", "run", "--no-report", "--log-every", "1"],
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    ], { cwd: dir.path });
    assert.equal(ended.code, 0, ended.err);
    const rows = await Deno.readTextFile(`${dir.path}/run/steps.csv`);
    const here = Number(rows.split("\n")[1]!.split(",")[2]);

    const images = Object.fromEntries(Object.keys(files).map((path) => [path, `/${path}`]));
    const there = await driven(chromium!, async (driver) => {
      await driver.open(images);
      await driver.weights("/weights.safetensors", "weights.safetensors");
      await driver.ask("train", { ...options, logEvery: 1 });
      const { events } = await driver.heard();
      return events.find((event) => event.event === "step")!.loss;
    }, (path) => Deno.readFile(`${dir.path}${path}`).catch(() => undefined));
    assert.ok(Math.abs(there - here) <= 1e-5, `${there} there, ${here} here`);
  },
});

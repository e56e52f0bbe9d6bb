/** Runs with averages and a schedule that listens, by the real commands: what they keep, and that they resume. */

import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { verity } from "./command.ts";
import { twoClasses } from "./two_classes.ts";

const TRAIN =
  "train --data data --validation 0.25 --model mobilenetv3_small_100 --size 32 --batch 4 --lr 1e-3 --seed 5 " +
  "--workers 1 --no-report --json";

deviceTest("a run with --swa and a plateau resumes bit for bit and leaves its mean", async () => {
  await using folder = await temporaryFolder(await twoClasses());
  const run = async (args: string) => {
    const ended = await verity(args.split(" "), { cwd: folder.path });
    assert.equal(ended.code, 0, ended.err);
    return ended.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  };
  const flags = "--epochs 3 --optimizer adamw --weight-decay 0.1 --accumulate 2 --swa 2 " +
    "--schedule plateau --plateau-patience 0 --gamma 0.5";
  const whole = await run(`${TRAIN} ${flags} --run whole`);
  await run(`${TRAIN} ${flags} --until 2 --run parts`);
  await run("train --resume parts --json --no-report");
  const read = (path: string) => readCheckpoint(denoFiles, `${folder.path}/${path}.safetensors`);
  for (const name of ["last", "averaged"]) {
    const [a, b] = [await read(`whole/${name}`), await read(`parts/${name}`)];
    assert.deepEqual(b.weights, a.weights, name);
    assert.deepEqual(b.optimizer, a.optimizer, name);
    assert.deepEqual(b.schedule, a.schedule, name);
  }
  const last = await read("whole/last");
  assert.ok(last.optimizer?.has("average.conv_stem.weight"));
  assert.ok(Number(last.schedule?.rate) > 0);
  const notes = whole.filter(({ event }) => event === "note").map(({ text }) => text);
  const said = notes.find((text) => text.startsWith("Mean of the weights of 2 epochs"));
  const measured = await run("eval --checkpoint whole/averaged.safetensors --data data --json");
  const { auc } = measured.find(({ event }) => event === "eval");
  assert.match(said, new RegExp(`AUC ${auc.toFixed(4)}`));
});

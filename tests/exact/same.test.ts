/** The same options give the same bits: run twice, with any number of workers, by the command line or a program. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import type { AskedRecipe } from "../../run.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { verity } from "../cli/command.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { leftIn, rowsOf } from "./left.ts";
import { trainAlone } from "./own_program.ts";
import { TINY, trainTiny } from "./tiny_run.ts";

deviceTest("a run is the same to the bit as another one, with 1, 2 and 4 workers", async () => {
  await using dir = await temporaryFolder(await twoClasses());
  const runs = [1, 1, 2, 4].map((workers, i) => ({ workers, path: `${dir.path}/${i}` }));
  for (const { workers, path } of runs) {
    const line = `--data ${dir.path}/data ${TINY} --workers ${workers} --run ${path}`;
    assert.equal(await trainTiny(line.split(" "), () => {}), 0);
  }
  const [first, ...others] = await Promise.all(runs.map(({ path }) => leftIn(path)));
  assert.equal(first!.steps.length, 1 + 4 * 3, "three of five steps are kept");
  for (const other of others) assert.deepEqual(other, first);
});

deviceTest(
  "a program on the public names trains to the bits of the command line",
  async (device) => {
    const options: AskedRecipe & { readonly seed: number } = {
      ...{ model: "mobilenetv3_small_100", size: 32, batch: 4, epochs: 1, seed: 5, lr: 1e-3 },
      ...{ logEvery: 1, recipe: "scratch" },
    };
    await using dir = await temporaryFolder(await twoClasses());
    const [data, one, other] = ["data", "one", "other"].map((name) => `${dir.path}/${name}`);
    const line = `train --data ${data} --validation 0.25 --model mobilenetv3_small_100 --size 32 ` +
      "--batch 4 --epochs 1 --seed 5 --lr 1e-3 --log-every 1 --recipe scratch --no-report --workers 1";
    const { code, err } = await verity([...line.split(" "), "--run", one!]);
    assert.equal(code, 0, err);
    const where = { files: denoFiles, data: data!, validation: 0.25, workers: 2, path: other! };
    await trainAlone(device, options, where);
    const [expected, found] = [await leftBy(one!), await leftBy(other!)];
    assert.equal(expected.steps.length, 1 + 4);
    assert.deepEqual(found, expected);
  },
);

/** What a run computed: weights, states, each step's loss and accuracy, scores of each epoch. */
async function leftBy(path: string) {
  const { weights, optimizer, best } = await readCheckpoint(denoFiles, `${path}/last.safetensors`);
  const rows = async (name: string) => rowsOf(await Deno.readTextFile(`${path}/${name}`), name);
  return {
    ...{ weights, optimizer, best },
    ...{ steps: await rows("steps.csv"), metrics: await rows("metrics.csv") },
  };
}

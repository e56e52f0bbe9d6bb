/** Tests of ranks that take steps apart, under real launchers: that they meet, repeat, save, and go on from a save. */

import assert from "node:assert/strict";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { device } from "../device.ts";
import { leftIn } from "../exact/left.ts";
import { TINY } from "../exact/tiny_run.ts";
import { mpiTest, ranRanks } from "./mpirun.ts";

const SCRIPT = decodeURIComponent(new URL("../exact/tiny_run.ts", import.meta.url).pathname);

mpiTest("ranks that meet every third step repeat to the bit, and resume", async (mpi) => {
  if (!device) return; // said by every other test of a device
  await using dir = await temporaryFolder(await twoClasses());
  const train = async (...words: string[]) => {
    const { code, out, err } = await ranRanks(mpi, 2, [SCRIPT, ...words]);
    assert.equal(code, 0, err);
    return out + err;
  };
  const line = `--data ${dir.path}/data ${TINY.replace("--ema 0.9", "--ema 0")} --sync-every 3`
    .split(" ");
  const said = await train(...line, "--run", `${dir.path}/a`);
  // Five steps an epoch: one meeting within it, one at its end.
  assert.match(said, /Ranks meet every 3 steps, and at the end of each epoch/);
  const whole = await leftIn(`${dir.path}/a`);
  assert.ok(whole.metrics.length > 4);
  await train(...line, "--run", `${dir.path}/b`, "--until", "2");
  const half = await leftIn(`${dir.path}/b`);
  assert.notDeepEqual(half.tensors, whole.tensors);
  await train("--resume", `${dir.path}/b`, "--until", "4");
  const { tensors, metrics } = await leftIn(`${dir.path}/b`);
  assert.deepEqual(tensors, whole.tensors);
  assert.deepEqual(metrics, whole.metrics);
  const { code, err } = await ranRanks(mpi, 2, [SCRIPT, ...line, "--sync-bn", "--run", dir.path]);
  assert.equal(code, 2, err);
  assert.match(err, /Cannot use --sync-every with --sync-bn/);
});

/**
 * The golden networks under real launchers: 2 and 4 ranks have the losses of one process. resnet18, which each rank
 * compiles for itself, with VERITY_LONG=1.
 */

import assert from "node:assert/strict";
import { device } from "../device.ts";
import type { NetName } from "../train/golden_steps.ts";
import { type Mpirun, mpiTest, ranRanks } from "./mpirun.ts";

const SCRIPT = decodeURIComponent(new URL("golden_rank.ts", import.meta.url).pathname);
const LONG = Deno.env.get("VERITY_LONG") === "1";

/** The losses of each rank, in any order. */
async function lossesOf(
  mpi: Mpirun,
  ranks: number,
  [net, steps]: readonly [NetName, number],
): Promise<number[][]> {
  const seconds = LONG ? 900 : 400;
  const words = [SCRIPT, net, `${steps}`];
  const { code, out, err } = await ranRanks(mpi, ranks, words, { seconds });
  assert.equal(code, 0, err);
  return out.trim().split("\n").map((line) => JSON.parse(line).losses);
}

const RUNS: readonly [net: NetName, steps: number][] = LONG
  ? [["tiny", 10], ["resnet18", 1]]
  : [["tiny", 10]];

mpiTest("2 and 4 ranks that norm together have the golden networks' losses", async (mpi) => {
  if (!device) return; // said by every other test of a device
  for (const run of RUNS) {
    const [one] = await lossesOf(mpi, 1, run);
    assert.equal(one!.length, run[1]);
    for (const ranks of [2, 4]) {
      const all = await lossesOf(mpi, ranks, run);
      assert.equal(all.length, ranks);
      const apart = Math.max(
        ...all.flatMap((losses) => losses.map((x, i) => Math.abs(x - one![i]!))),
      );
      if (LONG) {
        console.log(`${mpi.name}, ${run[0]}, ${ranks} ranks: ${apart.toExponential(1)} apart`);
      }
      assert.ok(apart <= 1e-5);
    }
  }
});

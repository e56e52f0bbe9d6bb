/**
 * Times all-reduces of this machine's MPI, one JSON object a line: `mpirun -n 2 deno run -A bench/scaling/probe.ts`. With
 * the name of a model it times steps whose weights are averaged each time, a snapshot of what data-parallel training costs.
 */

import { openDevice } from "../../engine/gpu/device.ts";
import { madeUpExamples, stepSession } from "../../cli/steps.ts";
import { deviceOptions, setRuntimeDirectory } from "../../cli/machine.ts";
import { type OpenRanks, openRanks } from "../../cli/mpi/ranks.ts";
import { Session } from "../../train/session.ts";
import { median } from "../numbers.ts";
import type { MeasuredStep, Probed } from "./tables.ts";

const least = 2 ** 12;
const most = 2 ** 26;

/** Steps that are timed, after some that are not. */
const STEPS = 10;

/** The MPI's name, as tables have it. */
const nameOf = ({ library }: OpenRanks) => library.split(",")[0]!;

async function timed(ranks: OpenRanks, bytes: number): Promise<Probed> {
  const numbers = new Float32Array(bytes / 4).fill(1);
  const times: number[] = [];
  const count = bytes <= 2 ** 16 ? 200 : bytes <= 2 ** 22 ? 30 : 8;
  for (let i = -3; i < count; i++) {
    await ranks.barrier();
    const start = performance.now();
    await ranks.allReduce(numbers);
    if (i >= 0) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const [median, least] = [times[count >> 1]!, times[0]!].map((ms) => Number(ms.toFixed(4)));
  return { mpi: nameOf(ranks), ranks: ranks.size, bytes, median: median!, least: least! };
}

/** Two batches of four images of 32 pixels a step, as `train` takes it: gradients leave the device, are added up, go back. */
async function timedSteps(ranks: OpenRanks, model: string): Promise<MeasuredStep> {
  const flags = { model, size: 32, batch: 4, steps: STEPS, seed: ranks.rank };
  const times = {
    step: [] as number[],
    wait: [] as number[],
    sum: [] as number[],
    move: [] as number[],
  };
  let [bytes, asked, summed] = [0, 0, 0];
  const allReduce = async (numbers: Float32Array<ArrayBuffer>) => {
    if (numbers.length < 100) return await ranks.allReduce(numbers); // counts, which are not timed
    bytes = numbers.byteLength;
    asked = performance.now();
    await ranks.barrier();
    const together = performance.now();
    await ranks.allReduce(numbers);
    summed = performance.now();
    times.wait.push(together - asked);
    times.sum.push(summed - together);
  };
  const session = await Session.create(await openDevice(await deviceOptions({})), {
    ...stepSession(flags),
    accumulate: 2,
    ranks: ranks.size > 1 ? { ...ranks, allReduce } : undefined,
  });
  const examples = madeUpExamples(flags);
  for (let i = -2; i < STEPS; i++) {
    if (i === 0) { for (const all of Object.values(times)) all.length = 0; }
    await ranks.barrier();
    const start = performance.now();
    for (let k = 0; k < 2; k++) session.accumulate(examples);
    await session.metrics();
    const passed = performance.now();
    await session.update({ learningRate: 1e-3 });
    const updated = performance.now();
    await session.metrics();
    times.step.push(passed - start + performance.now() - updated);
    times.move.push(ranks.size > 1 ? asked - passed + updated - summed : 0);
  }
  session.destroy();
  const [step, move, wait, sum] = (["step", "move", "wait", "sum"] as const)
    .map((name) =>
      Number((ranks.size > 1 || name === "step" ? median(times[name]) : 0).toFixed(1))
    );
  const found = { step: step!, move: move!, wait: wait!, sum: sum! };
  return { mpi: nameOf(ranks), ranks: ranks.size, model, bytes, ...found };
}

if (import.meta.main) {
  setRuntimeDirectory();
  const ranks = openRanks();
  const [model] = Deno.args;
  if (model !== undefined) {
    const one = await timedSteps(ranks, model);
    if (ranks.rank === 0) console.log(JSON.stringify(one));
  } else {
    for (let bytes = least; bytes <= most; bytes *= 4) {
      const one = await timed(ranks, bytes);
      if (ranks.rank === 0) console.log(JSON.stringify(one));
    }
  }
  await ranks.close();
}

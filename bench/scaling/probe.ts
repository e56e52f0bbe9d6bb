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

/** Eight images of 32 pixels a step; then all weights leave the device, are averaged, and go back. */
async function timedSteps(ranks: OpenRanks, model: string): Promise<MeasuredStep> {
  const flags = { model, size: 32, batch: 8, steps: STEPS, seed: ranks.rank };
  const session = await Session.create(
    await openDevice(await deviceOptions({})),
    stepSession(flags),
  );
  const examples = madeUpExamples(flags);
  const [steps, sums, moves]: [number[], number[], number[]] = [[], [], []];
  let bytes = 0;
  for (let i = -2; i < STEPS; i++) {
    await ranks.barrier();
    const start = performance.now();
    session.step(examples, { learningRate: 1e-3 });
    await session.metrics();
    const stepped = performance.now();
    const weights = await session.readWeights();
    const floats = [...weights].filter(([, { dtype }]) => dtype === "F32");
    bytes = floats.reduce((sum, [, { data }]) => sum + data.length, 0);
    const all = new Uint8Array(bytes);
    let at = 0;
    for (const [, { data }] of floats) all.set(data, (at += data.length) - data.length);
    const read = performance.now();
    const numbers = new Float32Array(all.buffer);
    await ranks.barrier();
    const together = performance.now();
    await ranks.allReduce(numbers);
    const summed = performance.now();
    for (let k = 0; k < numbers.length; k++) numbers[k]! /= ranks.size;
    at = 0;
    for (const [name, weight] of floats) {
      const data = all.slice(at, at += weight.data.length);
      weights.set(name, { ...weight, data });
    }
    session.writeWeights(weights);
    const moved = read - stepped + performance.now() - summed;
    if (i < 0) continue;
    steps.push(stepped - start);
    sums.push(summed - together);
    moves.push(moved);
  }
  session.destroy();
  const [step, sum, move] = [steps, sums, moves].map((times) => Number(median(times).toFixed(1)));
  return {
    mpi: nameOf(ranks),
    ranks: ranks.size,
    model,
    bytes,
    step: step!,
    sum: sum!,
    move: move!,
  };
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

/** What ranks exchange for a step: sums of their gradients and losses, and running statistics. Computes no gradient. */

import type { Memory } from "../engine/gpu/memory.ts";
import type { Runner } from "../engine/gpu/runner.ts";
import type { Tensor } from "../engine/graph.ts";
import type { Arena } from "../engine/nn/variables.ts";
import { gatherFloats, type Ranks } from "./ranks.ts";
import { allReduceAsHalves, type Wire } from "./wire.ts";

/** Replaces sums by those over all ranks, and statistics by their means, in one all-reduce. */
export async function exchange(
  { sums, statistics }: { readonly sums: readonly Tensor[]; readonly statistics: Arena },
  { read, memory }: {
    readonly read: (t: Tensor) => Promise<Float32Array>;
    readonly memory: Pick<Memory, "write">;
  },
  { ranks, wire = "f32" }: { readonly ranks: Ranks; readonly wire?: Wire | undefined },
): Promise<void> {
  const means = statistics.variables.length > 0 ? [statistics.tensor] : [];
  const tensors = [...sums, ...means];
  const parts = await Promise.all(tensors.map(read));
  const all = new Float32Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of parts) all.set(part, (at += part.length) - part.length);
  if (wire === "f16") {
    // The first sum is that of the gradients; a few numbers follow it.
    const gradients = all.subarray(0, parts[0]!.length);
    await allReduceAsHalves(ranks, gradients);
    await ranks.allReduce(all.subarray(gradients.length));
  } else await ranks.allReduce(all);
  at = 0;
  for (const [i, t] of tensors.entries()) {
    const part = all.subarray(at, at += parts[i]!.length);
    if (i >= sums.length) { for (let k = 0; k < part.length; k++) part[k]! /= ranks.size; }
    memory.write(t, part);
  }
}

/** Runs a program, with what all ranks have where it pauses for that. */
export function runTogether(runner: Runner, ranks: Ranks | undefined): void | Promise<void> {
  if (!ranks || !runner.program.pauses.length) return runner.run();
  return runner.runAcross((own) => gatherFloats(ranks, own));
}

/** Where right answers stand among sums over steps: each rank counts its own, all else is of all ranks already. */
const CORRECT = 1;

/** Sums over the steps of a rank as those of all. */
export async function ofAll(
  sums: readonly number[],
  ranks: Ranks | undefined,
): Promise<readonly number[]> {
  if (!ranks) return sums;
  const correct = Float32Array.of(sums[CORRECT]!);
  await ranks.allReduce(correct);
  return sums.with(CORRECT, correct[0]!);
}

/** The reverse: what each of the ranks goes on with, so that together they have those of all. */
export function ofOne(sums: readonly number[], ranks: Ranks | undefined): readonly number[] {
  return ranks && ranks.rank > 0 ? sums.with(CORRECT, 0) : sums;
}

/** What steps added up since it was last read, as an entry beside the optimizer's states. Reads no device. */

import type { Tensor } from "../engine/graph.ts";
import { fromFloats, toFloats, type Weight } from "../models/safetensors.ts";
import type { TrainingStep } from "./step.ts";

/** The name of a tally among the states of an optimizer: [6], five sums and the steps they cover. */
export const TALLY_ENTRY = "tally";

/** The sums that steps add to, in the order of the entry. */
export function tallied({ metrics, guard }: Pick<TrainingStep, "metrics" | "guard">): Tensor[] {
  return [metrics.loss, metrics.correct, guard.skipped, guard.longest, guard.row];
}

/** `states` with the entry of sums and the steps they cover; without one where all are 0. */
export function withTally(
  states: Map<string, Weight>,
  sums: readonly number[],
  steps: number,
): Map<string, Weight> {
  const numbers = Float32Array.of(...sums, steps);
  return numbers.every((n) => n === 0)
    ? states
    : states.set(TALLY_ENTRY, fromFloats([numbers.length], numbers));
}

/** The reverse: sums, then steps; all 0 where `states` have no such entry. Throws RangeError for another one. */
export function decodeTally(states: ReadonlyMap<string, Weight>): number[] {
  const entry = states.get(TALLY_ENTRY);
  if (entry === undefined) return new Array<number>(6).fill(0);
  if (entry.dtype !== "F32" || entry.shape.join() !== "6") {
    throw new RangeError(
      `Cannot use the states: ${TALLY_ENTRY} is ${entry.dtype} [${entry.shape}], F32 [6] was needed`,
    );
  }
  return [...toFloats(entry)];
}

/** `states` whose tally forgets which steps were left out one after the other. */
export function withoutRow(states: ReadonlyMap<string, Weight>): Map<string, Weight> {
  const [loss, correct, skipped, , , steps] = decodeTally(states);
  const others = new Map(states);
  others.delete(TALLY_ENTRY);
  return withTally(others, [loss!, correct!, skipped!, 0, 0], steps!);
}

/** Steps that are left out: one whose loss, gradients or statistics are not finite changes nothing, and is counted. */

import { input, type Tensor } from "../engine/graph.ts";
import { maximum, where } from "../engine/ops/compare.ts";
import { row } from "../engine/ops/layout.ts";
import { notFinite } from "../engine/ops/overflow.ts";
import { add, full } from "../engine/ops/pointwise.ts";
import { sum } from "../engine/ops/sum.ts";

/** What a step counts of those left out, all scalars. */
export interface Guard {
  /** Steps left out since this was last set to 0. */
  readonly skipped: Tensor;
  /** Steps left out one after the other, up to the last one. */
  readonly row: Tensor;
  /** The most in a row since this was last set to 0. */
  readonly longest: Tensor;
}

/** The states of a step that may be left out. */
export function captureGuard(): Guard {
  return {
    skipped: input("steps left out", []),
    row: input("steps left out in a row", []),
    longest: input("most steps left out in a row", []),
  };
}

/** How many numbers of `x` are not finite, a scalar. */
export function overflowOf(x: Tensor): Tensor {
  return sum(notFinite(x));
}

/**
 * How many numbers of `tensors` are not finite, a scalar. Vectors of one length, and pairs of them [2, c], are summed
 * up as one, so that one dispatch sees all of them.
 */
export function overflowAmong(tensors: readonly Tensor[]): Tensor {
  const vectors = tensors.flatMap((x) =>
    x.shape.length === 2 && x.shape[0] === 2 ? [row(x, 0), row(x, 1)] : [x]
  );
  const alike = Map.groupBy(vectors.map(notFinite), ({ shape }) => shape.join());
  return [...alike.values()].map((group) => sum(group.reduce(add))).reduce(add, full(0, []));
}

/** `updates` that leave every state as it is where `bad` is not 0. */
export function guarded(
  updates: ReadonlyMap<Tensor, Tensor>,
  bad: Tensor,
): Map<Tensor, Tensor> {
  return new Map([...updates].map(([state, next]) => [state, where(bad, state, next)]));
}

/** What a step does to the counts. Of those in a row it counts only where `grave` is not 0; all where not given. */
export function counted(
  { skipped, row, longest }: Guard,
  bad: Tensor,
  grave: Tensor = full(1, []),
): Map<Tensor, Tensor> {
  const number = (value: number) => full(value, []);
  const next = where(bad, add(row, where(grave, number(1), number(0))), number(0));
  return new Map([
    [skipped, add(skipped, where(bad, number(1), number(0)))],
    [row, next],
    [longest, maximum(longest, next)],
  ]);
}

/** Steps: what a dispatch computes and reads. Only the data; which step computes what is in `group.ts`. */

import { type Op, Tensor } from "../graph.ts";
import { channels } from "../shape.ts";
import { leaves } from "./fuse.ts";

/** A reduction whose states are summed up in a step. */
export interface Sum {
  readonly of: Tensor;
  /** The states of parts that it is completed from; left out where rows join. */
  readonly from?: Tensor;
  /** Where the states of parts go; left out where the sum is complete with this step. */
  readonly into?: Tensor;
}

/** One dispatch to emit. */
export interface Step {
  /** Computed at each position of the first, which has a kernel or is pointwise like the others. */
  readonly values: readonly Tensor[];
  /** Computed by the kernel of the first value too. */
  readonly pair?: Tensor;
  /** Those of `values` that are kept. */
  readonly stores: readonly Tensor[];
  readonly sums: readonly Sum[];
  /** Small values computed from complete sums, column by column. */
  readonly after: readonly Tensor[];
  /** Sums of stretches, whose parts wait side by side: see `gather.ts`. */
  readonly gathers?: readonly Tensor[];
  /** A pack whose gaps, what no part of it covers, are set to zero. */
  readonly clears?: Tensor;
  /** Rows that are summed apart; left out where all belong together. */
  readonly run?: number;
  /** Stored values and inputs that it reads, its own left out. */
  readonly reads: ReadonlySet<Tensor>;
  /** Why it was not joined to the step before it that computes its newest operand. */
  readonly note?: string;
}

/** Everything that a step writes. */
export function written(
  step: Pick<Step, "stores" | "pair" | "sums" | "after" | "gathers">,
): Tensor[] {
  const sums = step.sums.map((s) => s.into ?? s.of);
  const pair = step.pair ? [step.pair] : [];
  return [...step.stores, ...pair, ...sums, ...step.after, ...step.gathers ?? []];
}

/** All tensors whose expressions a step computes. */
export function computed(
  { values, pair, sums, after }: Pick<Step, "values" | "pair" | "sums" | "after">,
): Tensor[] {
  const rowSums = sums.filter((s) => !s.from).map((s) => s.of);
  return [...values, ...pair ? [pair] : [], ...rowSums, ...after];
}

/** A step that computes `values` together, position by position, and keeps all of them. */
export function plainStep(values: readonly Tensor[], stored: ReadonlySet<Tensor>): Step {
  const draft = { values: [...values], sums: [], after: [] };
  return { ...draft, stores: values, reads: readsOf(draft, stored) };
}

/** A step that still grows. */
export interface Draft {
  readonly values: Tensor[];
  readonly pair?: Tensor;
  readonly sums: Sum[];
  readonly after: Tensor[];
  run?: number;
  readonly note?: string;
}

/** Stored values and inputs that a step reads, its own left out. */
export function readsOf(draft: Draft, stored: ReadonlySet<Tensor>): Set<Tensor> {
  const reads = new Set(computed(draft).flatMap((t) => [...leaves(t, stored)]));
  for (const { from } of draft.sums) if (from) reads.add(from);
  for (const t of written({ ...draft, stores: draft.values })) reads.delete(t);
  return reads;
}

/** The states of the parts of a sum, [parts, state, c]. */
const partsOp: Op = {
  name: "parts",
  reference: (y) => {
    throw new TypeError(`Cannot compute ${y}: parts exist in plans only, a sum was needed`);
  },
};

/** True for a tensor that holds parts of a sum. */
export function isParts(t: Tensor): boolean {
  return t.op === partsOp;
}

/** The states of `count` parts of the sum `t`. */
export function states(t: Tensor, count: number): Tensor {
  const parts = new Tensor(partsOp, [], [count, t.op.reduction!(t).state, channels(t.shape)], {});
  parts.label = t.label;
  return parts;
}

/** Which updates are written over the state they replace, and together with which. No memory, no text. */

import type { Tensor } from "../graph.ts";
import { sameShape } from "../shape.ts";
import { leaves, storage } from "./fuse.ts";

/** What `inPlace` needs to know. */
export interface Updates {
  /** State → its next value. */
  readonly updates: ReadonlyMap<Tensor, Tensor>;
  /** Everything computed, operands before users. */
  readonly order: readonly Tensor[];
  readonly stored: ReadonlySet<Tensor>;
  /** Whether one dispatch can see the buffers of so many tensors; small ones may be brought together for it. */
  readonly fits: (tensors: readonly Tensor[]) => boolean;
}

/**
 * The values that may be written over the states they replace, in groups of one dispatch each: pointwise,
 * of the state's shape, read by nothing outside the group. A group reads states that it replaces only
 * where it writes them, and none that another group replaces.
 */
export function inPlace(goal: Updates): Tensor[][] {
  const linked = link(goal);
  const groups: Tensor[][] = [];
  for (const values of linked) {
    // Independent updates of one shape share a dispatch as long as their buffers fit.
    const shape = values[0]!.shape;
    const group = groups.find((g) =>
      sameShape(g[0]!.shape, shape) && goal.fits(seenBy([...g, ...values], goal))
    );
    if (group) group.push(...values);
    else if (goal.fits(seenBy(values, goal))) groups.push(values);
  }
  return groups;
}

/** Values that have to be written by one dispatch because they read each other or each other's states. */
function link({ updates, order, stored }: Updates): Tensor[][] {
  const times = new Map<Tensor, number>();
  for (const value of updates.values()) times.set(value, (times.get(value) ?? 0) + 1);
  const setOf = new Map<Tensor, Set<Tensor>>();
  for (const [state, value] of updates) {
    const alone = value.op.pointwise && times.get(value) === 1;
    if (alone && sameShape(state.shape, value.shape)) setOf.set(value, new Set([value]));
  }
  const refused = new Set<Tensor>();
  for (const reader of order) {
    if (!stored.has(reader)) continue;
    for (const x of reads(reader, stored)) {
      const { base } = storage(x);
      const state = updates.has(base);
      const value = state ? updates.get(base)! : base;
      const written = setOf.get(value);
      if (!written || value === reader && x === base && sameShape(x.shape, value.shape)) continue;
      const own = setOf.get(reader);
      if (own && x === base && sameShape(x.shape, reader.shape)) {
        for (const t of written) setOf.set(t, own.add(t));
      } else if (!state || own) {
        refused.add(value); // its place is not written yet when others read it, or already when they do
      }
    }
  }
  return [...new Set(setOf.values())].filter((set) =>
    [...set].every((t) => !refused.has(t) && sameShape(t.shape, [...set][0]!.shape))
  ).map((set) => [...updates.values()].filter((t) => set.has(t)));
}

/** The stored values that the expression of `t` reads, as they are read: some through views. */
function reads(t: Tensor, stored: ReadonlySet<Tensor>): Set<Tensor> {
  const found = new Set<Tensor>();
  const visit = (x: Tensor) => {
    const { base } = storage(x);
    if (stored.has(base)) found.add(x);
    else base.operands.forEach(visit);
  };
  t.operands.forEach(visit);
  return found;
}

/** What a dispatch of `values` reads, and the states that it writes. */
function seenBy(values: readonly Tensor[], { updates, stored }: Updates): Tensor[] {
  const written = new Set(values);
  const states = [...updates].filter(([, value]) => written.has(value)).map(([state]) => state);
  const read = values.flatMap((t) => [...leaves(t, stored)]).filter((t) => !written.has(t));
  return [...states, ...read];
}

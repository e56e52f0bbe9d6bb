/** Memory in use: how many bytes of a plan's heaps hold a value that is still to be read. Decides nothing. */

import type { Tensor } from "../graph.ts";
import { bufferBytes } from "./formats.ts";
import type { Plan } from "./plan.ts";
import type { ProgramMemory } from "./program.ts";
import { isParts, written } from "./steps.ts";

/** What a plan computes, as its caller sees it. */
export interface Ends {
  /** Read after the step. */
  readonly outputs: readonly Tensor[];
  /** The tensors of the forward pass. */
  readonly forward: ReadonlySet<Tensor>;
}

/** Where a tensor lies. */
interface Stretch {
  readonly slot: number;
  readonly from: number;
  readonly to: number;
}

/** A value in a slot: which step writes it and which reads it last. */
interface Value extends Stretch {
  readonly t: Tensor;
  readonly first: number;
  last: number;
}

/** Follows the steps of `plan` through its slots. */
export function memoryOf(plan: Plan, ends: Ends): ProgramMemory {
  const { steps, buffers } = plan;
  const values = valuesOf(plan, ends);
  const change = new Array<number>(steps.length + 1).fill(0);
  let kept = 0;
  for (const { t, from, to, first, last } of values) {
    change[first]! += to - from;
    change[last + 1]! -= to - from;
    const readers = written(steps[last]!).filter((reader) => !isParts(reader));
    const later = readers.some((reader) => !ends.forward.has(reader));
    if (ends.forward.has(t) && later) kept += to - from;
  }
  let [live, peak] = [0, 0];
  for (const bytes of change) peak = Math.max(peak, live += bytes);
  const heaps = buffers.filter((b) => !b.holds);
  return { allocated: heaps.reduce((n, b) => n + b.size, 0), peak, kept };
}

function valuesOf({ steps, places, slots, buffers, halves }: Plan, { outputs }: Ends): Value[] {
  const all: Value[] = [];
  const present = new Map<number, Value[]>(); // by slot
  const stretch = (t: Tensor): Stretch => {
    const { slot, offset } = places.get(t)!;
    return { slot, from: offset, to: offset + bufferBytes(t, halves) };
  };
  const read = (t: Tensor, step: number) => {
    const { slot, from, to } = stretch(t);
    for (const v of present.get(slot) ?? []) if (v.from < to && v.to > from) v.last = step;
  };
  steps.forEach((step, i) => {
    for (const x of step.reads) read(x, i);
    for (const t of written(step)) {
      const value = { t, ...stretch(t), first: i, last: i };
      if (buffers[slots[value.slot]!.buffer]!.holds) continue;
      const others = (present.get(value.slot) ?? [])
        .filter((v) => v.to <= value.from || v.from >= value.to);
      all.push(value);
      present.set(value.slot, [...others, value]);
    }
  });
  for (const t of outputs) read(t, steps.length - 1);
  return all;
}

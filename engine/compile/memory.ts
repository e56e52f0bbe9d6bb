/** Memory in use: how many bytes of a plan's slots hold a value that is still to be read. Decides nothing. */

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
  readonly buffer: number;
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
  const slots = buffers.filter((b) => !b.holds);
  return { allocated: slots.reduce((n, b) => n + b.size, 0), peak, kept };
}

function valuesOf({ steps, places, buffers, halves }: Plan, { outputs }: Ends): Value[] {
  const all: Value[] = [];
  const present = new Map<number, Value[]>(); // by buffer
  const stretch = (t: Tensor): Stretch => {
    const { buffer, offset } = places.get(t)!;
    return { buffer, from: offset, to: offset + bufferBytes(t, halves) };
  };
  const read = (t: Tensor, step: number) => {
    const { buffer, from, to } = stretch(t);
    for (const v of present.get(buffer) ?? []) if (v.from < to && v.to > from) v.last = step;
  };
  steps.forEach((step, i) => {
    for (const x of step.reads) read(x, i);
    for (const t of written(step)) {
      const value = { t, ...stretch(t), first: i, last: i };
      if (buffers[value.buffer]!.holds) continue;
      const others = (present.get(value.buffer) ?? [])
        .filter((v) => v.to <= value.from || v.from >= value.to);
      all.push(value);
      present.set(value.buffer, [...others, value]);
    }
  });
  for (const t of outputs) read(t, steps.length - 1);
  return all;
}

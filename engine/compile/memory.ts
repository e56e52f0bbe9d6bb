/** Memory in use: how many bytes of a program's slots hold a value that is still to be read. No part of planning. */

import type { Binding, Program } from "./program.ts";

/** What a program needs of its slots: all buffers but those of inputs, states and constants. */
export interface ProgramMemory {
  /** Bytes of all slots. */
  readonly allocated: number;
  /** The most bytes that hold values still to be read at any one time. */
  readonly peak: number;
  /** Bytes that the forward pass writes and later dispatches read. */
  readonly kept: number;
}

/** A value in a slot: where it lies, which dispatch writes it and which reads it last. */
interface Value {
  readonly from: number;
  readonly to: number;
  readonly written: number;
  last: number;
}

/** Follows the dispatches of `program` through its slots. */
export function memoryOf(program: Program): ProgramMemory {
  const values = valuesOf(program);
  const change = new Array<number>(program.dispatches.length + 1).fill(0);
  let kept = 0;
  for (const { from, to, written, last } of values) {
    change[written]! += to - from;
    change[last + 1]! -= to - from;
    const forward = program.dispatches[written]!.forward;
    if (forward && program.dispatches[last]?.forward === false) kept += to - from;
  }
  let [live, peak] = [0, 0];
  for (const bytes of change) peak = Math.max(peak, live += bytes);
  const slots = program.buffers.filter((b) => !b.holds);
  return { allocated: slots.reduce((n, b) => n + b.size, 0), peak, kept };
}

function valuesOf(program: Program): Value[] {
  const all: Value[] = [];
  const present = new Map<number, Value[]>(); // by slot
  const overlaps = ({ offset, size }: Binding) => ({ from, to }: Value) =>
    from < offset + size && to > offset;
  program.dispatches.forEach(({ bindings }, i) => {
    for (const binding of bindings) {
      if (program.buffers[binding.buffer]!.holds) continue;
      const there = present.get(binding.buffer) ?? [];
      const touched = there.filter(overlaps(binding));
      if (!binding.write) {
        for (const value of touched) value.last = i;
        continue;
      }
      const { offset: from, size } = binding;
      const value = { from, to: from + size, written: i, last: i };
      all.push(value);
      present.set(binding.buffer, [...there.filter((v) => !touched.includes(v)), value]);
    }
  });
  const end = program.dispatches.length - 1;
  for (const { buffer } of program.locations.values()) {
    for (const value of present.get(buffer) ?? []) value.last = end; // an output
  }
  return all;
}

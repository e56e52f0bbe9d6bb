/** Explanation: a program as text, one line a dispatch, and what it costs in all. */

import type { Binding, Program } from "./program.ts";

/** What a program does, for people; what is computed where and how many bytes that moves. */
export function explain(program: Program): string {
  const lines = program.dispatches.map(({ label, place, grid, bindings, bytes, note }, i) => {
    const written = bindings.filter((b) => b.write).map(name).join(" ");
    const read = bindings.filter((b) => !b.write).map(name).join(" ");
    return `${String(i).padStart(4)}  ${label.padEnd(36)} ${read.padEnd(20)} → ${
      written.padEnd(8)
    }` +
      ` ${grid.join("×").padEnd(12)} ${size(bytes).padStart(9)}  ${place}` +
      (note && `  [apart: ${note}]`);
  });
  const { pauses } = program;
  const held = program.buffers.filter((b) => b.holds);
  const states = held.reduce((n, b) => n + b.size, 0);
  const moved = program.dispatches.reduce((n, d) => n + d.bytes, 0);
  const { allocated, peak, kept } = program.memory;
  return [
    ...lines,
    `${program.dispatches.length} dispatches move ${size(moved)}`,
    ...(pauses.length ? [`${pauses.length} pauses for what other ranks have`] : []),
    `${held.length} inputs, states and constants: ${size(states)}`,
    `${program.buffers.length - held.length} heaps: ${size(allocated)}, in use at most ${
      size(peak)
    }`,
    ...(kept ? [`kept from the forward pass for later: ${size(kept)}`] : []),
  ].join("\n");
}

/** The buffer of a binding, where in it that begins, in 256 bytes, and its format but float32: `b7@1f4:f16`. */
function name({ buffer, offset, format }: Binding): string {
  const at = offset ? `@${(offset / 256).toString(16)}` : "";
  return `b${buffer}${at}${format === "f32" ? "" : `:${format}`}`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Views: the buffers that a dispatch sees and how its text names what is in them. */

import type { Tensor } from "../graph.ts";
import { channelQuads, quads, rows } from "../shape.ts";
import { bufferBytes, type Format, formatOf, QUAD_BYTES } from "./formats.ts";
import { storage } from "./fuse.ts";
import type { Plan } from "./plan.ts";
import type { Binding } from "./program.ts";
import { computed, isParts, type Step, written } from "./steps.ts";

interface Stretch {
  from: number;
  to: number;
  write: boolean;
  readonly format: Format;
}

/** The type of the elements of a buffer, and WGSL that makes a vec4f of one and one of a vec4f. */
const FORMATS: Readonly<
  Record<Format, {
    readonly type: string;
    readonly read: (element: string) => string;
    readonly write: (value: string) => string;
  }>
> = {
  f32: { type: "vec4f", read: (element) => element, write: (value) => value },
  f16: {
    type: "vec2u",
    read: (element) => `from_halves(${element})`,
    write: (value) => `to_halves(${value})`,
  },
  bytes: {
    type: "u32",
    read: (element) => `unpack4x8unorm(${element}) * vec4f(1.0, 1.0, 1.0, 0.0)`,
    write: (value) => `pack4x8unorm(${value})`,
  },
};

/** The slots a step sees: one binding for each, over the stretch that it uses. */
export class Views {
  readonly bindings: Binding[] = [];
  /** Bytes of what the step reads and writes, each tensor counted once. */
  readonly bytes: number;
  /** Those of them that are partial sums, which a kernel's tiles decide and not its operands. */
  readonly partialBytes: number;
  /** By slot. */
  readonly #index = new Map<number, number>();
  /** Where each binding begins in its slot. */
  readonly #starts: number[] = [];

  constructor(step: Step, readonly plan: Plan) {
    const stretches = new Map<number, Stretch>();
    let [bytes, partial] = [0, 0];
    const see = (t: Tensor, from: number, size: number, write: boolean) => {
      const { slot } = plan.places.get(t)!;
      const format = formatOf(t, plan.halves);
      const known = stretches.get(slot) ?? { from, to: 0, write, format };
      known.from = Math.min(known.from, from);
      known.to = Math.max(known.to, from + size);
      known.write ||= write;
      stretches.set(slot, known);
      if (t === step.clears) return; // only its gaps
      bytes += size;
      if (isParts(t)) partial += size;
    };
    const table = plan.tables.get(step);
    if (table) see(table, 0, bufferBytes(table), false);
    for (const t of step.reads) {
      for (const { from, size } of stretchesRead(t, step, plan)) see(t, from, size, false);
    }
    for (const t of [...written(step), ...step.clears ? [step.clears] : []]) {
      see(t, plan.places.get(t)!.offset, bufferBytes(t, plan.halves), true);
    }
    const writes = new Set(
      [...stretches].filter(([, s]) => s.write).map(([s]) => bufferOf(s, plan)),
    );
    for (const [slot, { from, to, write, format }] of stretches) {
      const start = Math.floor(from / 256) * 256;
      const { buffer, offset } = plan.slots[slot]!;
      this.#index.set(slot, this.bindings.length);
      this.#starts.push(start);
      const writable = writes.has(buffer);
      this.bindings.push({
        ...{ buffer, offset: offset + start, size: to - start },
        ...{ write, writable, format },
      });
    }
    this.bytes = bytes;
    this.partialBytes = partial;
  }

  /** True where `t` is read from memory, itself or through views. */
  isStored(t: Tensor): boolean {
    return this.plan.stored.has(storage(t).base);
  }

  /** WGSL for the quad of a stored tensor at `row` and `c`. */
  read(t: Tensor, row: string, c: string): string {
    return FORMATS[this.#format(t)].read(this.#element(t, row, c));
  }

  /** A statement that stores `value` as the quad of `t` at `row` and `c`. */
  write(t: Tensor, row: string, c: string, value: string): string {
    return `${this.#element(t, row, c)} = ${FORMATS[this.#format(t)].write(value)};`;
  }

  #format(t: Tensor): Format {
    return formatOf(storage(t).base, this.plan.halves);
  }

  /** WGSL for the element of a buffer that is the quad of `t` at `row` and `c`. */
  #element(t: Tensor, row: string, c: string): string {
    const { base, offset } = storage(t);
    const place = this.plan.places.get(base)!;
    const binding = this.#index.get(place.slot)!;
    const skipped = place.offset - this.#starts[binding]!;
    const shift = offset + skipped / QUAD_BYTES[this.#format(t)];
    const c4 = channelQuads(t.shape);
    const start = rows(t.shape) === 1 ? "" : c4 === 1 ? row : `(${row}) * ${c4}u`;
    const parts = [start, c4 === 1 ? "" : c, shift ? `${shift}u` : ""].filter((p) =>
      p && p !== "0u"
    );
    return `b${binding}[${parts.join(" + ") || "0u"}]`;
  }

  /** The name of the binding that holds `t`, and the quad of its slot that the binding begins at. */
  buffer(t: Tensor): { name: string; offset: number } {
    const index = this.#index.get(this.plan.places.get(t)!.slot)!;
    return { name: `b${index}`, offset: this.#starts[index]! / 16 };
  }

  /** The declarations of the bindings. */
  declarations(): string {
    return this.bindings.map(({ writable, format }, i) =>
      `@group(0) @binding(${i}) var<storage, ${writable ? "read_write" : "read"}> b${i}: array<${
        FORMATS[format].type
      }>;`
    ).join("\n");
  }
}

function bufferOf(slot: number, { slots }: Plan): number {
  return slots[slot]!.buffer;
}

/** The stretches of the slot of base `t` that a step reads, in bytes: the views it looks through. */
function stretchesRead(t: Tensor, step: Step, plan: Plan): { from: number; size: number }[] {
  const { offset } = plan.places.get(t)!;
  const quad = QUAD_BYTES[formatOf(t, plan.halves)];
  if (step.gathers || step.sums.some((s) => s.from === t)) {
    return [{ from: offset, size: bufferBytes(t, plan.halves) }];
  }
  const own = new Set([...computed(step), ...step.sums.map((s) => s.of)]);
  const found = new Map<number, number>();
  const seen = new Set<Tensor>();
  const visit = (x: Tensor) => {
    if (seen.has(x)) return;
    seen.add(x);
    const { base, offset: shift } = storage(x);
    if (base === t) {
      const from = offset + shift * quad;
      found.set(from, Math.max(found.get(from) ?? 0, quads(x.shape) * quad));
    } else if (!plan.stored.has(base) || own.has(base)) base.operands.forEach(visit);
  };
  for (const y of computed(step)) y.operands.forEach(visit);
  return [...found].map(([from, size]) => ({ from, size }));
}

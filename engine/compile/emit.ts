/** Emission: the WGSL text and the bindings of one planned step. Expressions of inlined ops fill the holes. */

import functions from "../../shaders/functions.wgsl" with { type: "text" };
import { constantValues, isImageInput, type Tensor } from "../graph.ts";
import { flatGrid } from "../ops/layout.ts";
import { fullValue, literal } from "../ops/pointwise.ts";
import { broadcastStrides, channelQuads, channels, quads, rows, type Shape } from "../shape.ts";
import { isLiteral, leaves, storage } from "./fuse.ts";
import type { Plan, Step } from "./plan.ts";
import { type Binding, type Dispatch, MemoryError } from "./program.ts";
import { bufferBytes } from "./slots.ts";
import { expand, holeNames } from "./template.ts";

/** The dispatch that computes a step. */
export function emit(step: Step, plan: Plan): Dispatch {
  const views = new Views(step, plan);
  const [y] = step.stores as [Tensor];
  const body = y.op.kernel ? kernelText(y, views) : pointwiseText(step.stores, views);
  const used = functionTexts.filter(([name]) => body.text.includes(`${name}(`)).map(([, text]) =>
    text
  );
  checkGrid(y, body.grid);
  return {
    label: label(step, views.stored),
    place: step.stores.map((t) => t.label).find((l) => l) ?? "",
    wgsl: [views.declarations(), ...used, body.text].join("\n"),
    grid: body.grid,
    bindings: views.bindings,
    bytes: views.bytes,
  };
}

/** Workgroups along a side of a grid that every device allows. */
const MAX_GRID = 65535;

function checkGrid(y: Tensor, grid: Dispatch["grid"]): void {
  if (grid.every((side) => side <= MAX_GRID)) return;
  throw new MemoryError(
    `Cannot compute ${y}: a grid of ${
      grid.join("×")
    } workgroups is above the ${MAX_GRID} a side that ` +
      "devices allow; a smaller batch or image size is needed",
  );
}

const functionTexts = functions.split(/(?=^\/\/.*\nfn )/m).flatMap((text) => {
  const name = /^fn (\w+)\(/m.exec(text)?.[1];
  return name ? [[name, text.replace(/^\/\/.*\n/, "").trim()] as const] : [];
});

/** The kernel of `y`, its load holes filled with what its operands are, its store with the place of `y`. */
function kernelText(y: Tensor, views: Views) {
  const kernel = y.op.kernel!(y, views.plan.threads);
  const names = holeNames(kernel.shader);
  const consts = Object.entries(kernel.consts).map(([name, n]) => `const ${name} = ${n}u;`);
  const holes = y.operands.map((x, i) => {
    const body = new Body(views);
    const value = body.value(x, "row", "c");
    const masked = views.isStored(x) ? value : mask(value, x.shape, "c");
    return `fn load_${names.loads[i]}(row: u32, c: u32) -> vec4f {\n${body}  return ${masked};\n}`;
  });
  const store = `fn store_${names.store}(row: u32, c: u32, v: vec4f) {\n` +
    `  ${views.element(y, "row", "c")} = ${mask("v", y.shape, "c")};\n}`;
  const text = [...consts, ...holes, store, expand(kernel.shader, kernel.consts)].join("\n");
  return { text, grid: kernel.grid };
}

/** A kernel that computes one quad of each of `stores` in each thread. */
function pointwiseText(stores: readonly Tensor[], views: Views) {
  const [y] = stores as [Tensor];
  const body = new Body(views, new Set(stores));
  const values = stores.map((t) => body.value(t, "row", "c"));
  const writes = stores.map((t, i) =>
    `  ${views.element(t, "row", "c")} = ${mask(values[i]!, t.shape, "c")};\n`
  );
  const count = quads(y.shape);
  const c4 = channelQuads(y.shape);
  const text = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let i = id.x + id.y * size.x * 64u;
  if (i >= ${count}u) { return; }
  let row = ${c4 === 1 ? "i" : `i / ${c4}u`};
  let c = ${c4 === 1 ? "0u" : `i % ${c4}u`};
${body}${writes.join("")}}`;
  return { text, grid: flatGrid(count) };
}

/** `value` with zeros in the channels beyond the last, where the quad at `c` has such. */
function mask(value: string, shape: Shape, c: string): string {
  const n = channels(shape);
  if (n % 4 === 0) return value;
  return `select(vec4f(), ${value}, vec4u(4u * ${c}) + vec4u(0u, 1u, 2u, 3u) < vec4u(${n}u))`;
}

/** Statements that compute values at positions, each position of each tensor once. */
class Body {
  readonly #lines: string[] = [];
  readonly #known = new Map<string, string>();

  /** `fresh` are computed here even though they have a place. */
  constructor(readonly views: Views, readonly fresh: ReadonlySet<Tensor> = new Set()) {}

  /** The name of the quad of `t` at `row` and `c`, which are expressions. */
  value(t: Tensor, row: string, c: string): string {
    if (isLiteral(t) && !this.fresh.has(t)) {
      return `vec4f(${literal(fullValue(t) ?? constantValues(t)![0]!)})`;
    }
    const key = `${t.id}|${row}|${c}`;
    const known = this.#known.get(key);
    if (known) return known;
    const text = this.views.isStored(t) && !this.fresh.has(t)
      ? this.views.element(t, row, c)
      : t.op.pointwise!(t, t.operands.map((x) => this.#operand(x, t, row, c)), row, c);
    const name = `v${this.#lines.length}`;
    this.#lines.push(`  let ${name} = ${text};\n`);
    this.#known.set(key, name);
    return name;
  }

  /** The quad of `x` that stretches to position (`row`, `c`) of `y`. */
  #operand(x: Tensor, y: Tensor, row: string, c: string): string {
    const one = channels(x.shape) === 1 && channels(y.shape) > 1;
    const value = this.value(x, broadcastRow(x.shape, y.shape, row), one ? "0u" : c);
    return one && !isLiteral(x) ? `vec4f(${value}.x)` : value;
  }

  toString(): string {
    return this.#lines.join("");
  }
}

/** The row of a tensor of shape `x` that stretches to `row` of a tensor of shape `y`. */
function broadcastRow(x: Shape, y: Shape, row: string): string {
  if (rows(x) === 1) return "0u";
  if (rows(x) === rows(y)) return row;
  const strides = broadcastStrides(x.slice(0, -1), y.slice(0, -1));
  // Runs of axes that are stretched, or not, together: innermost first.
  const runs: { size: number; stride: number }[] = [];
  for (let axis = y.length - 2; axis >= 0; axis--) {
    const size = y[axis]!;
    const stride = strides[axis]!;
    const inner = runs.at(-1);
    if (size === 1) continue;
    if (inner && (stride === inner.stride * inner.size)) inner.size *= size;
    else runs.push({ size, stride });
  }
  let divisor = 1;
  const terms = runs.flatMap(({ size, stride }, i) => {
    const quotient = divisor === 1 ? row : `${row} / ${divisor}u`;
    divisor *= size;
    if (stride === 0) return [];
    const index = i === runs.length - 1 ? quotient : `${quotient} % ${size}u`;
    return [stride === 1 ? index : `(${index}) * ${stride}u`];
  });
  return `(${terms.join(" + ")})`;
}

/** The buffers a step sees: one binding for each, over the stretch that it uses. */
class Views {
  readonly bindings: Binding[] = [];
  readonly bytes: number;
  readonly #types: string[] = [];
  readonly #index = new Map<number, number>();

  constructor(step: Step, readonly plan: Plan) {
    const stores = new Set(step.stores);
    const reads = new Set(step.stores.flatMap((t) => [...leaves(t, plan.stored)]));
    stores.forEach((t) => reads.delete(t));
    const stretches = new Map<
      number,
      { from: number; to: number; write: boolean; bytes: boolean }
    >();
    let bytes = 0;
    const see = (t: Tensor, from: number, size: number, write: boolean) => {
      const { buffer } = plan.places.get(t)!;
      const known = stretches.get(buffer) ?? { from, to: 0, write, bytes: isImageInput(t) };
      known.from = Math.min(known.from, from);
      known.to = Math.max(known.to, from + size);
      known.write ||= write;
      stretches.set(buffer, known);
      bytes += size;
    };
    for (const t of reads) {
      for (const { from, size } of stretchesRead(t, step, plan)) see(t, from, size, false);
    }
    for (const t of stores) see(t, plan.places.get(t)!.offset, bufferBytes(t), true);
    for (const [buffer, { from, to, write, bytes }] of stretches) {
      const offset = Math.floor(from / 256) * 256;
      this.#index.set(buffer, this.bindings.length);
      this.#types.push(bytes ? "u32" : "vec4f");
      this.bindings.push({ buffer, offset, size: to - offset, write });
    }
    this.bytes = bytes;
  }

  get stored(): ReadonlySet<Tensor> {
    return this.plan.stored;
  }

  /** True where `t` is read from memory, itself or through views. */
  isStored(t: Tensor): boolean {
    return this.plan.stored.has(storage(t).base);
  }

  /** WGSL for the quad of a stored tensor at `row` and `c`. */
  element(t: Tensor, row: string, c: string): string {
    const { base, offset } = storage(t);
    const place = this.plan.places.get(base)!;
    const binding = this.#index.get(place.buffer)!;
    const shift = offset + (place.offset - this.bindings[binding]!.offset) / 16;
    if (isImageInput(base)) {
      return `unpack4x8unorm(b${binding}[${row}]) * vec4f(1.0, 1.0, 1.0, 0.0)`;
    }
    const c4 = channelQuads(t.shape);
    const start = rows(t.shape) === 1 ? "" : c4 === 1 ? row : `(${row}) * ${c4}u`;
    const parts = [start, c4 === 1 ? "" : c, shift ? `${shift}u` : ""].filter((p) =>
      p && p !== "0u"
    );
    return `b${binding}[${parts.join(" + ") || "0u"}]`;
  }

  declarations(): string {
    return this.bindings.map(({ write }, i) =>
      `@group(0) @binding(${i}) var<storage, ${write ? "read_write" : "read"}> b${i}: array<${
        this.#types[i]
      }>;`
    ).join("\n");
  }
}

/** The stretches of the buffer of base `t` that a step reads, in bytes: the views it looks through. */
function stretchesRead(t: Tensor, step: Step, plan: Plan): { from: number; size: number }[] {
  const { offset } = plan.places.get(t)!;
  const found = new Map<number, number>();
  const seen = new Set<Tensor>();
  const visit = (x: Tensor) => {
    if (seen.has(x)) return;
    seen.add(x);
    const { base, offset: shift } = storage(x);
    if (base === t) {
      const from = offset + shift * 16;
      found.set(
        from,
        Math.max(
          found.get(from) ?? 0,
          x === base || isImageInput(base) ? bufferBytes(base) : quads(x.shape) * 16,
        ),
      );
    } else if (!plan.stored.has(base) || step.stores.includes(base)) base.operands.forEach(visit);
  };
  step.stores.forEach((y) => y.operands.forEach(visit));
  return [...found].map(([from, size]) => ({ from, size }));
}

/** The ops of a step, those of its operands first. */
function label(step: Step, stored: ReadonlySet<Tensor>): string {
  const names: string[] = [];
  const visit = (t: Tensor, root: boolean) => {
    if (!root && (stored.has(storage(t).base) || isLiteral(t))) return;
    t.operands.forEach((x) => visit(x, false));
    if (!names.includes(t.op.name) && !t.op.view) names.push(t.op.name);
  };
  step.stores.forEach((t) => visit(t, true));
  return names.join("+");
}

/** Bodies: WGSL statements that compute values of tensors at positions. Knows expressions, no kernels. */

import { constantValues, type Tensor } from "../graph.ts";
import { fullValue, literal } from "../ops/pointwise.ts";
import { broadcastStrides, channelQuads, channels, rows, type Shape } from "../shape.ts";
import { isLiteral, storage } from "./fuse.ts";
import type { Views } from "./views.ts";

/** `value` with zeros in the channels beyond the last, where the quad at `c` has such. */
export function mask(value: string, shape: Shape, c: string): string {
  const n = channels(shape);
  if (n % 4 === 0) return value;
  return `select(vec4f(), ${value}, vec4u(4u * ${c}) + vec4u(0u, 1u, 2u, 3u) < vec4u(${n}u))`;
}

/** A position of a tensor; there is one name for the only row, and for the only quad. */
function key({ id, shape }: Tensor, row: string, c: string): string {
  return `${id}|${rows(shape) === 1 ? "" : row}|${channelQuads(shape) === 1 ? "" : c}`;
}

/** Statements that compute values at positions, each position of each tensor once. */
export class Body {
  readonly #lines: string[] = [];
  readonly #known = new Map<string, string>();
  readonly #columns = new Map<string, string>();

  /** Computed here although they have a place, in whatever order they are asked for. */
  own: ReadonlySet<Tensor> = new Set();

  /** Where `hoist`, stored vectors of channels are taken from the private variables of `columns`. */
  constructor(readonly views: Views, readonly hoist = false) {}

  /** Declarations of the vectors of channels that were read, and statements that load them for column `c`. */
  columns(): { declarations: string; loads: string } {
    const names = [...this.#columns];
    return {
      declarations: names.map(([, name]) => `var<private> ${name}: vec4f;`).join("\n"),
      loads: names.map(([element, name]) => `  ${name} = ${element};\n`).join(""),
    };
  }

  /** Says that the quad of `t` at `row` and `c` has a name already. */
  know(t: Tensor, row: string, c: string, name: string): void {
    this.#known.set(key(t, row, c), name);
  }

  /** Adds a statement. */
  add(line: string): void {
    this.#lines.push(`  ${line}\n`);
  }

  /** Stores `value` as the quad of `t` at `row` and `c`. */
  store(t: Tensor, row: string, c: string, value: string): void {
    this.add(this.views.write(t, row, c, mask(value, t.shape, c)));
  }

  /** The name of the quad of `t` at `row` and `c`, which are expressions. */
  value(t: Tensor, row: string, c: string): string {
    if (isLiteral(t)) return `vec4f(${literal(fullValue(t) ?? constantValues(t)![0]!)})`;
    const { base, offset } = storage(t);
    const known = offset === 0 && channels(base.shape) === channels(t.shape)
      ? this.#known.get(key(base, row, c))
      : this.#known.get(key(t, row, c));
    if (known) return known;
    if (!this.views.isStored(t) || this.own.has(t)) return this.compute(t, row, c);
    if (this.hoist && rows(t.shape) === 1 && c === "c") {
      const element = this.views.read(t, row, c);
      const name = this.#columns.get(element) ?? `column_${this.#columns.size}`;
      this.#columns.set(element, name);
      return name;
    }
    return this.#name(t, row, c, this.views.read(t, row, c));
  }

  /** The name of the quad of `t`, computed here even where it is stored. */
  compute(t: Tensor, row: string, c: string): string {
    const args = t.operands.map((x) => this.#operand(x, t, row, c));
    return this.#name(t, row, c, t.op.pointwise!(t, args, row, c));
  }

  #name(t: Tensor, row: string, c: string, text: string): string {
    const name = `v${this.#lines.length}`;
    this.add(`let ${name} = ${text};`);
    this.#known.set(key(t, row, c), name);
    return name;
  }

  /** The quads of the rows of `t`, made column by column, at column `c`. */
  column(t: Tensor, c: string): string[] {
    const args = t.operands.map((x) => (row: number) => this.value(x, `${row}u`, c));
    return t.op.columns!(t, args);
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

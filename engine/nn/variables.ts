/** Variables: what a model learns, in one arena on the device and under PyTorch's names and layouts in files. */

import { input, type Tensor } from "../graph.ts";
import { arenaLayout, part } from "../ops/layout.ts";
import type { PartRows } from "../ops/part_sums.ts";
import { channelQuads, channels, quads, type Shape, size, storedIndex } from "../shape.ts";
import { draw, type Initial } from "./init.ts";

/** How a variable lies on the device, and so which entries of a file it is. */
export type Layout =
  /** [kh, kw, cin / groups, cout] here, `name` [cout, cin / groups, kh, kw] in files. */
  | "convolution"
  /** [in, out] here, `name` [out, in] in files. */
  | "matrix"
  /** [c], the same in files. */
  | "vector"
  /** [2, c] here, `name.weight` and `name.bias` in files. */
  | "affine"
  /** [2, c] here, `name.running_mean` and `name.running_var` in files; not trained. */
  | "statistics";

/** One variable of a model. */
export interface Variable {
  /** Its path in the model. */
  readonly name: string;
  /** How its numbers lie here and in files. */
  readonly layout: Layout;
  /** On the device. */
  readonly shape: Shape;
  /** What it begins as. */
  readonly initial: Initial;
}

/** An entry of a file: a tensor under PyTorch's name, row-major. */
export interface Entry {
  /** PyTorch's name. */
  readonly key: string;
  /** In the file. */
  readonly shape: Shape;
}

/** The entries of a variable, in the order of a PyTorch state dict; counters of batches are left out. */
export function entries({ name, layout, shape }: Variable): Entry[] {
  switch (layout) {
    case "convolution": {
      const [kh, kw, inner, cout] = shape as readonly [number, number, number, number];
      return [{ key: name, shape: [cout, inner, kh, kw] }];
    }
    case "matrix":
      return [{ key: name, shape: [...shape].reverse() }];
    case "vector":
      return [{ key: name, shape }];
    default: {
      const [first, second] = layout === "affine"
        ? ["weight", "bias"]
        : ["running_mean", "running_var"];
      const vector = [channels(shape)];
      return [{ key: `${name}.${first}`, shape: vector }, {
        key: `${name}.${second}`,
        shape: vector,
      }];
    }
  }
}

/** Calls `visit` for each element `i` of a variable on the device, with the entry and the index it has in a file. */
function forPlaces(
  { layout, shape }: Variable,
  visit: (i: number, entry: number, index: number) => void,
): void {
  const c = channels(shape);
  const inner = layout === "convolution" ? shape[2]! : 1;
  const taps = layout === "convolution" ? shape[0]! * shape[1]! : 1;
  const count = size(shape);
  for (let i = 0; i < count; i++) {
    const [row, o] = [Math.floor(i / c), i % c];
    if (layout === "affine" || layout === "statistics") visit(i, row, o);
    else if (layout === "vector") visit(i, 0, i);
    else if (layout === "matrix") visit(i, 0, o * shape[0]! + row);
    else visit(i, 0, (o * inner + row % inner) * taps + Math.floor(row / inner));
  }
}

/** Tells the variables of a model apart: a norm has two of one name. */
export function keyOf({ name, layout }: Pick<Variable, "name" | "layout">): string {
  return `${layout} ${name}`;
}

/** Variables of one kind in one tensor on the device. */
export class Arena {
  /** The input or state that holds all of them. */
  readonly tensor: Tensor;
  readonly #parts: ReadonlyMap<string, Tensor>;
  readonly #offsets: readonly number[];

  /** An arena for `variables`, called `label`. */
  constructor(label: string, readonly variables: readonly Variable[]) {
    const layout = arenaLayout(variables.map((v) => v.shape));
    this.#offsets = layout.offsets;
    const [rows, width] = layout.shape as [number, number];
    this.tensor = input(label, [Math.max(rows, 1), width]);
    this.#parts = new Map(variables.map((v, i) => {
      const tensor = part(this.tensor, layout.offsets[i]!, v.shape);
      tensor.label = v.name;
      return [keyOf(v), tensor];
    }));
  }

  /** The part that is a variable; undefined where it is in another arena. */
  part(v: Pick<Variable, "name" | "layout">): Tensor | undefined {
    return this.#parts.get(keyOf(v));
  }

  /** Another state with the same layout, such as a moment of an optimizer. */
  like(label: string): Tensor {
    return input(label, this.tensor.shape);
  }

  /** The part of `other`, of the same layout, that belongs to a variable of this arena. */
  partOf(other: Tensor, v: Variable): Tensor {
    return part(other, this.#offsets[this.variables.indexOf(v)]!, v.shape);
  }

  /** The rows of the arena that each variable takes. */
  get rows(): PartRows[] {
    const width = channelQuads(this.tensor.shape);
    return this.variables.map((v, i) => [
      this.#offsets[i]! / width,
      Math.ceil(quads(v.shape) / width),
    ]);
  }

  /** An input with a number for each row of the arena, [rows, 1]. */
  column(label: string): Tensor {
    return input(label, [this.tensor.shape[0]!, 1]);
  }

  /** The numbers of a column: `value(variable)` in all rows of each variable. */
  each(value: (v: Variable) => number): Float32Array {
    const column = new Float32Array(this.tensor.shape[0]!);
    this.rows.forEach(([first, count], i) => {
      column.fill(value(this.variables[i]!), first, first + count);
    });
    return column;
  }

  /**
   * Initial values of all variables. Each has random numbers of its own, by its place among `order`:
   * the same ones whichever arena it is in.
   */
  initial(seed: number, order: readonly Variable[] = this.variables): Float32Array {
    return this.#fill((v) => draw(v.initial, size(v.shape), seed, order.indexOf(v)));
  }

  /** The arena that holds `value(variable)`, row-major numbers of each variable. */
  #fill(value: (v: Variable) => ArrayLike<number>): Float32Array {
    const arena = new Float32Array(this.tensor.size);
    this.variables.forEach((v, i) => {
      const at = storedIndex(v.shape);
      const numbers = value(v);
      const start = this.#offsets[i]! * 4;
      for (let k = 0; k < numbers.length; k++) arena[start + at(k)] = numbers[k]!;
    });
    return arena;
  }

  /** The arena made of the entries of a file. Throws RangeError where one is missing. */
  encode(read: (entry: Entry) => ArrayLike<number>): Float32Array {
    return this.#fill((v) => {
      const files = entries(v).map(read);
      const numbers = new Float32Array(size(v.shape));
      forPlaces(v, (i, entry, index) => numbers[i] = files[entry]![index]!);
      return numbers;
    });
  }

  /** The entries of a file made of an arena's numbers, in the order of the variables. */
  decode(arena: Float32Array): (Entry & { readonly data: Float32Array })[] {
    return this.variables.flatMap((v, i) => {
      const at = storedIndex(v.shape);
      const start = this.#offsets[i]! * 4;
      const files = entries(v).map((e) => ({ ...e, data: new Float32Array(size(e.shape)) }));
      forPlaces(v, (i, entry, index) => files[entry]!.data[index] = arena[start + at(i)]!);
      return files;
    });
  }
}

/** The graph: tensors that know how they are made but hold no numbers, and the `Op` interface. */

import { type Shape, size } from "./shape.ts";

/** One dispatch of an op's own kernel, written against holes; `compile/emit.ts` fills them. */
export interface Kernel {
  /** WGSL text with marked regions: see `compile/template.ts`. */
  readonly shader: string;
  /** Numbers for the text: `const NAME = 3u;`, and the bounds of unrolled regions. */
  readonly consts: Readonly<Record<string, number>>;
  /** Workgroups along x, y, z. */
  readonly grid: readonly [number, number, number];
  /** How many times the kernel loads each element of each input; 1 where left out. */
  readonly loads?: readonly number[];
  /** Multiply-adds that the result is made of, those beyond the edges of images included. Default 0. */
  readonly macs?: number;
}

/** What kernels are shaped for. */
export interface Target {
  /** Invocations that keep the device busy: tiles are as large as leaves that many of them. */
  readonly threads: number;
  /**
   * Consecutive invocations of a workgroup that hand each other what one of them has loaded, by
   * `subgroupBroadcast`: exactly the size of a subgroup, or 1 where they do not.
   */
  readonly lanes: number;
  /** Vectors of four results that a thread may compute at once and still keep in registers. */
  readonly sums: number;
  /** Tiles of products that were measured, by their class: see `ops/tiles.ts`. */
  readonly tiles?: Tiles;
}

/** Rows and quads of columns that a thread computes, by the class of a product. */
export type Tiles = Readonly<Record<string, readonly [rows: number, quads: number]>>;

/**
 * How an op sums up rows. Its operands have the same rows and channels; runs of rows are summed apart. The
 * compiler decides where rows join: in the kernel that computes them, or in a pass of their own.
 */
export interface Reduction {
  /** WGSL text: `alias State = array<vec4f, …>;` and the functions `join`, `merge` and `result`. */
  readonly shader: string;
  /** Vectors of four in a state. */
  readonly state: number;
  /** How many runs of rows there are. */
  readonly runs: number;
}

/** How an op works on a batch, for devices that cannot see all of it at once: see `compile/slice.ts`. */
export interface Batch<Attrs = unknown> {
  /** How many leading operands have the images along their first axis. The others serve every image. */
  readonly of: number;
  /** `y` made of operands of other sizes. Default: the first axis of `y` shrinks as that of the operands. */
  remake?(y: Tensor<Attrs>, operands: readonly Tensor[]): Tensor;
  /** `y` made of itself for consecutive images, `images` at a time. Default: one behind the other. */
  join?(y: Tensor<Attrs>, parts: readonly Tensor[], images: readonly number[]): Tensor;
  /** True for strips of sums: slices have their own, and what is made of those is joined. */
  readonly strips?: true;
}

/** Everything the engine knows of one operation: its gradient, its kernel and its reference. */
export interface Op<Attrs = unknown> {
  /** What `explain()` prints. */
  readonly name: string;
  /** How many leading inputs the result is computed from; the others serve the gradient. Default all. */
  readonly reads?: number;
  /** The gradient of each input, from the gradient `dy` of the output `y`; null where none flows. */
  grad?(dy: Tensor, y: Tensor<Attrs>, ...inputs: Tensor[]): (Tensor | null)[];
  /**
   * A WGSL expression of type `vec4f`, for ops that are inlined where they are read. `args` name
   * the values of the inputs; `row` and `c` are the position in `y`, a row and a quad of channels.
   */
  pointwise?(y: Tensor<Attrs>, args: readonly string[], row: string, c: string): string;
  /**
   * A whole kernel, for ops that are not pointwise. `run` is how many rows are summed apart in an
   * epilogue: no workgroup may have rows of two runs. Kernels that are given none may ignore it.
   */
  kernel?(y: Tensor<Attrs>, target: Target, run?: number): Kernel;
  /**
   * A kernel that computes `y` and `other` at once, from the operands of `y` and then those that only
   * `other` has; undefined where they do not read the same.
   */
  pair?(y: Tensor<Attrs>, other: Tensor, target: Target): Kernel | undefined;
  /** For ops that sum up rows: `y` has the rows of a result for each run. */
  reduction?(y: Tensor<Attrs>): Reduction;
  /**
   * For ops that add up equal stretches of the storage of their operand, element by element: how many; also
   * undefined where `y` is none of these.
   */
  stretches?(y: Tensor<Attrs>): number | undefined;
  /**
   * For ops that make the rows of `y` from whole columns of small operands: an expression for each row.
   * `args` give the value of an operand at a row of the same column.
   */
  columns?(y: Tensor<Attrs>, args: readonly ((row: number) => string)[]): string[];
  /**
   * For ops that put together what ranks have of their operand: the result, the same on all of them, from the operand
   * of each in the order of ranks. The host computes it while the program waits, see `Pause` in `compile/program.ts`.
   */
  across?(y: Tensor<Attrs>, parts: readonly ArrayLike<number>[]): Float64Array;
  /** How it works on a batch. Pointwise ops need not say it; others without work on whole batches only. */
  readonly batch?: Batch<Attrs>;
  /** True for a pointwise op whose results depend on their positions too. */
  readonly positional?: true;
  /** True where results are weights, of whatever shape: they are kept as float32 always. */
  readonly weights?: true;
  /** True where results [n, h, w, 3] are kept as bytes: four a pixel, read as numbers in [0, 1]. */
  readonly bytes?: true;
  /** For ops that only look at the storage of their first input: where in it `y` begins, in quads. */
  view?(y: Tensor<Attrs>): number;
  /** The same result, written to be obviously right, in float64 and without padding. */
  reference(y: Tensor<Attrs>, ...inputs: Float64Array[]): Float64Array;
}

let nextId = 0;

/** A value in the graph: the op that makes it, from what, and of which shape. */
export class Tensor<Attrs = unknown> {
  /** Unique in this process, growing in the order of creation. */
  readonly id: number = nextId++;
  /** Where in a model it stands, for messages and listings; set by `nn/scope.ts`. */
  label = "";

  /** Used by ops; models call the op's public function instead. */
  constructor(
    readonly op: Op<Attrs>,
    readonly inputs: readonly Tensor[],
    readonly shape: Shape,
    readonly attrs: Attrs,
  ) {}

  /** Number of elements. */
  get size(): number {
    return size(this.shape);
  }

  /** The inputs that the result is computed from. */
  get operands(): readonly Tensor[] {
    return this.inputs.slice(0, this.op.reads);
  }

  /** One line: `%7 = conv2d(%1, %4) [2,8,8,16]`. */
  toString(): string {
    const inputs = this.inputs.map((t) => `%${t.id}`).join(", ");
    const label = this.label && ` ${this.label}`;
    return `%${this.id} = ${this.op.name}(${inputs}) [${this.shape}]${label}`;
  }
}

const inputOp: Op = {
  name: "input",
  reference: (y) => {
    throw new TypeError(`Cannot compute ${y}: it is not fed, ${y.size} numbers were needed`);
  },
};

const imageInputOp: Op = { ...inputOp, bytes: true };

/** Declares a value the caller supplies, or a state that a program updates. */
export function input(label: string, shape: Shape): Tensor {
  const t = new Tensor(inputOp, [], shape, {});
  t.label = label;
  return t;
}

/**
 * Declares images as bytes: [n, h, w, 3], fed as four bytes a pixel (RGBX), read as numbers in [0, 1].
 * They cost a quarter of the memory that numbers would.
 */
export function imageInput(label: string, shape: Shape): Tensor {
  if (shape.length !== 4 || shape[3] !== 3) {
    throw new RangeError(`Cannot feed images [${shape}]: [n, h, w, 3] was needed`);
  }
  const t = new Tensor(imageInputOp, [], shape, {});
  t.label = label;
  return t;
}

/** True for tensors made by `input()` and `imageInput()`. */
export function isInput(t: Tensor): boolean {
  return t.op === inputOp || t.op === imageInputOp;
}

const constantOp: Op<{ values: readonly number[] }> = {
  name: "constant",
  reference: (y) => Float64Array.from(y.attrs.values),
};

/** Numbers known when the program is built, such as class weights. Row-major. */
export function constant(values: readonly number[], shape: Shape): Tensor {
  if (values.length !== size(shape)) {
    throw new RangeError(
      `Cannot make a constant [${shape}]: ${values.length} values, ${size(shape)} were needed`,
    );
  }
  return new Tensor(constantOp, [], shape, { values }) as Tensor;
}

/** The numbers of a constant; undefined for any other tensor. */
export function constantValues(t: Tensor): readonly number[] | undefined {
  return t.op === constantOp as Op ? (t.attrs as { values: readonly number[] }).values : undefined;
}

/** All tensors that `roots` depend on through `edges`, inputs before users, each once. */
export function topological(
  roots: readonly Tensor[],
  edges: (t: Tensor) => readonly Tensor[] = (t) => t.inputs,
): Tensor[] {
  const order: Tensor[] = [];
  const state = new Map<Tensor, "open" | "done">();
  const stack = [...roots].reverse();
  while (stack.length) {
    const t = stack.at(-1)!;
    if (!state.has(t)) {
      state.set(t, "open");
      const inputs = edges(t);
      for (let i = inputs.length - 1; i >= 0; i--) {
        if (!state.has(inputs[i]!)) stack.push(inputs[i]!);
      }
    } else {
      stack.pop();
      if (state.get(t) === "open") {
        state.set(t, "done");
        order.push(t);
      }
    }
  }
  return order;
}

/**
 * `tensors` as they were made, which is operands before users too. A gradient comes right after what it
 * is made of: in the order of a walk from the results, those of weights would all come last, and what
 * they read would fill memory until then.
 */
export function inCreationOrder(tensors: readonly Tensor[]): Tensor[] {
  return [...tensors].sort((a, b) => a.id - b.id);
}

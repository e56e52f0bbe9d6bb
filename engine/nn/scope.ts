/** Scope: where in a model a layer stands. Gives layers their variables and remembers what they made. */

import { constant, input, type Tensor } from "../graph.ts";
import { dropout, dropPath } from "../ops/dropout.ts";
import { pack } from "../ops/layout.ts";
import { add, full, mul } from "../ops/pointwise.ts";
import { rows, type Shape } from "../shape.ts";
import { momentsAcross } from "../ops/across.ts";
import { moments } from "../ops/batch_norm.ts";
import type { Initial } from "./init.ts";
import { type FreezeOptions, frozenVariables } from "./stages.ts";
import { Arena, keyOf, type Layout, type Variable } from "./variables.ts";

/** A model: layers composed, from images [n, h, w, 3] to logits [n, classes]. */
export type Model = (scope: Scope, images: Tensor) => Tensor;

/** The variables of a model in their arenas. */
export interface Variables {
  /** All of them, in the order of a PyTorch state dict. */
  readonly all: readonly Variable[];
  /** What is learned. */
  readonly parameters: Arena;
  /** Running means and variances of norms that follow the batches. */
  readonly statistics: Arena;
  /** What training leaves as it is: parameters and statistics. */
  readonly frozen: Arena;
}

/**
 * The variables that `model` asks for when it sees images of `shape` [n, h, w, 3]. Throws RangeError
 * where it has fewer stages than are to be frozen, or asks for a variable twice.
 */
export function declare(model: Model, shape: Shape, options: FreezeOptions = {}): Variables {
  const all: Variable[] = [];
  const declared = new Set<string>();
  const capture = new Capture(false, undefined, (v) => {
    if (declared.has(keyOf(v))) throw new RangeError(`Cannot declare ${v.name} twice`);
    declared.add(keyOf(v));
    all.push(v);
    return input(v.name, v.shape);
  });
  model(new Scope(capture), input("images", shape));
  const frozen = frozenVariables(all, options);
  const changing = all.filter((v) => !frozen.has(v));
  return {
    all,
    parameters: new Arena("parameters", changing.filter(isParameter)),
    statistics: new Arena("statistics", changing.filter((v) => !isParameter(v))),
    frozen: new Arena("frozen", all.filter((v) => frozen.has(v))),
  };
}

/** Whether a variable is learned, unless it is frozen; the others follow the batches. */
export function isParameter({ layout }: Variable): boolean {
  return layout !== "statistics";
}

/** What one passage through a model leaves behind. */
export class Capture {
  /** What a layer computed, by its name in the model. */
  readonly values: Map<string, Tensor> = new Map();
  /** Batch statistics by the name of the norm, and over how many rows they were taken. */
  readonly moments: Map<string, { readonly tensor: Tensor; readonly count: number }> = new Map();
  #streams = 0;

  /** Used by `declare` and `apply`. */
  constructor(
    readonly training: boolean,
    /** A number of the step, below 2²⁴; where it is missing nothing is dropped. */
    readonly seed: Tensor | undefined,
    readonly resolve: (v: Variable) => Tensor,
    /** Whether the norm of this name leaves its running statistics as they are, and uses them. */
    readonly frozenNorm: (name: string) => boolean = () => false,
    /** How many ranks take the statistics of their batches together. */
    readonly ranks: number = 1,
  ) {}

  /** What the outermost blocks computed, in their order: marks that other marks stand below. */
  get blocks(): { readonly name: string; readonly output: Tensor }[] {
    const names = [...this.values.keys()];
    const inside = (name: string, block: string) => name.startsWith(`${block}.`);
    const blocks = names.filter((block) => names.some((name) => inside(name, block)));
    return blocks.filter((name) => !blocks.some((block) => inside(name, block)))
      .map((name) => ({ name, output: this.values.get(name)! }));
  }

  /** A stream of random numbers for each caller. */
  nextStream(): number {
    return this.#streams++;
  }
}

/** Applies `model` to `images` with variables from their arenas. */
export function apply(
  model: Model,
  variables: Variables,
  images: Tensor,
  options: { readonly training: boolean; readonly seed?: Tensor; readonly ranks?: number },
): { readonly logits: Tensor; readonly capture: Capture } {
  const { parameters, statistics, frozen } = variables;
  const capture = new Capture(
    options.training,
    options.seed,
    (v) => (frozen.part(v) ?? parameters.part(v) ?? statistics.part(v))!,
    (name) => frozen.part({ name, layout: "statistics" }) !== undefined,
    options.ranks,
  );
  return { logits: model(new Scope(capture), images), capture };
}

/** PyTorch's momentum: the weight of the newest statistics. */
const MOMENTUM = 0.1;

/**
 * The running statistics after a batch, with their layout: `(1 − momentum) · running + momentum · batch`, the
 * variance unbiased, as `torch.nn.BatchNorm2d` keeps them; momentum 0.1.
 */
export function nextStatistics(variables: Variables, capture: Capture): Tensor {
  const fresh = batchStatistics(variables, capture, MOMENTUM);
  return add(mul(variables.statistics.tensor, full(1 - MOMENTUM, [])), fresh);
}

/** The statistics of a batch, variances unbiased, times `factor`, with the layout of the running ones. */
export function batchStatistics(
  { statistics }: Variables,
  capture: Capture,
  factor = 1,
): Tensor {
  const batch = statistics.variables.map((v) => capture.moments.get(v.name)!);
  const factors = statistics.encode(({ key, shape }) => {
    const { count } = capture.moments.get(key.slice(0, key.lastIndexOf(".")))!;
    const unbiased = key.endsWith("running_var") ? count / (count - 1) : 1;
    return new Float32Array(shape[0]!).fill(factor * unbiased);
  });
  const packed = pack(batch.map((m) => m.tensor));
  return mul(packed, constant(Array.from(factors), statistics.tensor.shape));
}

/** A place in a model. */
export class Scope {
  readonly #capture: Capture;
  readonly #prefix: string;

  /** The place `prefix` of a model; `apply` makes the outermost. */
  constructor(capture: Capture, prefix = "") {
    this.#capture = capture;
    this.#prefix = prefix;
  }

  /** The place called `name` below this one. */
  child(name: string): Scope {
    return new Scope(this.#capture, this.#path(name));
  }

  /** Whether the model is trained: layers drop what is to be dropped. */
  get training(): boolean {
    return this.#capture.training;
  }

  /** How many ranks take the statistics of their batches together. */
  get ranks(): number {
    return this.#capture.ranks;
  }

  /** Whether the norm `name` uses the statistics of the batch: in training, unless it is frozen. */
  usesBatch(name: string): boolean {
    return this.training && !this.#capture.frozenNorm(this.#path(name));
  }

  /** A variable; the first passage through a model declares it. */
  variable(name: string, layout: Layout, shape: Shape, initial: Initial): Tensor {
    return this.#capture.resolve({ name: this.#path(name), layout, shape, initial });
  }

  /** Names what a layer computed, for listings and for looking at it. */
  mark(name: string, t: Tensor): Tensor {
    t.label ||= this.#path(name);
    this.#capture.values.set(this.#path(name), t);
    return t;
  }

  /** The statistics of a batch, of those of all ranks, kept for the running ones. Throws RangeError for a single row: no variance. */
  batchMoments(name: string, x: Tensor): Tensor {
    const count = rows(x.shape) * this.ranks;
    if (count < 2) {
      throw new RangeError(
        `Cannot normalise ${
          this.#path(name)
        } [${x.shape}] by its batch: there is 1 value of each channel, ` +
          "2 or more were needed, from a larger batch or image size, or frozen norms",
      );
    }
    const tensor = this.ranks > 1 ? momentsAcross(moments(x)) : moments(x);
    this.#capture.moments.set(this.#path(name), { tensor, count });
    return tensor;
  }

  /** `x` with elements dropped at `rate` in training. */
  dropout(x: Tensor, rate: number): Tensor {
    const { seed, training } = this.#capture;
    return training && seed && rate > 0 ? dropout(x, rate, seed, this.#capture.nextStream()) : x;
  }

  /** `x` with whole samples dropped at `rate` in training (stochastic depth). */
  dropPath(x: Tensor, rate: number): Tensor {
    const { seed, training } = this.#capture;
    return training && seed && rate > 0 ? dropPath(x, rate, seed, this.#capture.nextStream()) : x;
  }

  #path(name: string): string {
    return [this.#prefix, name].filter((s) => s).join(".");
  }
}

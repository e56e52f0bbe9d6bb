/** The table of cases: one row for every way an op is used. Tests and benchmarks run through it. */

import { constant, imageInput, input, type Tensor } from "../../engine/graph.ts";
import { averagePool } from "../../engine/ops/average_pool.ts";
import { argmaxEqual, crossEntropy } from "../../engine/ops/cross_entropy.ts";
import { dropout, dropPath } from "../../engine/ops/dropout.ts";
import {
  arenaLayout,
  flatten,
  pack,
  part,
  reshape,
  row,
  transpose,
} from "../../engine/ops/layout.ts";
import { matmul, matmulNT, matmulTN } from "../../engine/ops/matmul.ts";
import { maxPool } from "../../engine/ops/max_pool.ts";
import * as pointwise from "../../engine/ops/pointwise.ts";
import { globalAveragePool, mean, squeeze, sum, sumTo } from "../../engine/ops/sum.ts";
import type { Shape } from "../../engine/shape.ts";

/** One way to use an op: a small graph and the numbers to feed it. */
export interface Case {
  /** The op, then what is special. Unique. */
  readonly name: string;
  /** Shapes of the inputs, in the order in which `build` takes them. */
  readonly inputs: readonly Shape[];
  /** The graph. */
  readonly build: (...inputs: Tensor[]) => Tensor;
  /** Where inputs lie, for each input or for all. Default −2 to 2. */
  readonly range?: readonly [number, number] | readonly (readonly [number, number])[];
  /** Feeds whole numbers, so that equal values occur. */
  readonly whole?: boolean;
  /** Inputs to differentiate by. Default all; none where no gradient is defined. */
  readonly wrt?: readonly number[];
  /** False where the gradient is defined but central differences are not: ties. */
  readonly smooth?: boolean;
  /** Largest error on a device, relative to the largest value of the result. Default 2e-6. */
  readonly tolerance?: number;
  /** True to declare the first input as bytes. */
  readonly bytes?: boolean;
}

/** The inputs of a case. */
export function declare({ inputs, bytes }: Case): Tensor[] {
  return inputs.map((shape, i) =>
    bytes && i === 0 ? imageInput(`x${i}`, shape) : input(`x${i}`, shape)
  );
}

const { add, broadcastTo, div, full, mul, sqrt, sub } = pointwise;
const { hardSigmoid, hardSwish, neg, positive, relu, sigmoid, silu } = pointwise;

/** Activations: one pattern for all of them. */
const activations: Case[] = Object.entries({ neg, relu, sigmoid, silu, hardSigmoid, hardSwish })
  .map(([name, op]) => ({
    name,
    inputs: [[3, 2, 5]],
    build: (x) => op(x!),
    range: [-5, 5],
  }));

const binary: Case[] = Object.entries({ add, sub, mul, div }).flatMap(([name, op]) => [
  {
    name,
    inputs: [[4, 6], [4, 6]],
    build: (a, b) => op(a!, b!),
    range: [[-2, 2], [1, 3]],
  },
  {
    name: `${name}, rows stretched`,
    inputs: [[2, 3, 1, 7], [2, 1, 4, 1]],
    build: (a, b) => op(a!, b!),
    range: [[-2, 2], [1, 3]],
  },
  {
    name: `${name}, channels and a scalar stretched`,
    inputs: [[5], [2, 3, 5], []],
    build: (a, b, s) => op(op(a!, b!), s!),
    range: [[-2, 2], [1, 3], [1, 2]],
  },
]);

const pools: Case[] = [
  { kernel: 3, stride: 2, padding: 1 },
  { kernel: 2 },
  { kernel: 3, stride: 1, padding: 1 },
  { kernel: 2, stride: 3 },
  { kernel: 5, stride: 2, padding: 2 },
].flatMap((options, i) => {
  const name = Object.entries(options).map((pair) => pair.join(" ")).join(", ");
  const inputs = [[2, 5 + i % 2, 7, [1, 3, 5, 8, 7][i]!]];
  return [
    { name: `maxPool, ${name}`, inputs, build: (x: Tensor) => maxPool(x, options) },
    { name: `averagePool, ${name}`, inputs, build: (x: Tensor) => averagePool(x, options) },
  ] as Case[];
});

/** One row for each use of each op. */
export const cases: Case[] = [
  ...activations,
  ...binary,
  { name: "sqrt", inputs: [[7, 3]], build: (x) => sqrt(x!), range: [0.5, 4] },
  { name: "positive", inputs: [[2, 9]], build: (x) => positive(x!), wrt: [] },
  { name: "full", inputs: [[2, 3]], build: (x) => add(x!, full(1.5, [2, 3])) },
  { name: "broadcastTo", inputs: [[3, 1]], build: (x) => broadcastTo(x!, [2, 3, 5]) },
  {
    name: "constant",
    inputs: [[2, 3]],
    build: (x) => mul(x!, constant([1, -2, 0.5], [3])),
  },
  {
    name: "constant of one number",
    inputs: [[2, 3]],
    build: (x) => mul(x!, constant([0.25], [1])),
  },
  {
    name: "pointwise ops of one value, twice",
    inputs: [[3, 4, 6], [6]],
    build: (x, b) => {
      const a = silu(add(x!, b!));
      return mul(sigmoid(a), add(a, x!));
    },
  },
  {
    name: "images",
    inputs: [[2, 4, 3, 3], [3]],
    build: (x, w) => mul(sub(x!, full(0.5, [])), w!),
    bytes: true,
    wrt: [1],
  },

  { name: "reshape, a view", inputs: [[2, 3, 4]], build: (x) => silu(reshape(x!, [6, 4])) },
  {
    name: "reshape, multiples of four",
    inputs: [[2, 3, 8]],
    build: (x) => silu(reshape(x!, [4, 12])),
  },
  { name: "reshape, channels moved", inputs: [[2, 3, 5]], build: (x) => reshape(x!, [5, 6]) },
  { name: "flatten", inputs: [[2, 3, 3, 5]], build: (x) => flatten(x!) },
  { name: "flatten of a sum", inputs: [[2, 1, 3, 7]], build: (x) => flatten(add(x!, x!)) },
  { name: "squeeze", inputs: [[3, 1, 1, 5]], build: (x) => squeeze(x!) },
  { name: "transpose", inputs: [[5, 7]], build: (x) => transpose(x!, [1, 0]) },
  {
    name: "transpose, five axes",
    inputs: [[2, 3, 2, 4, 3]],
    build: (x) => transpose(silu(x!), [4, 0, 3, 1, 2]),
  },
  { name: "row", inputs: [[3, 5], [2, 5]], build: (x, y) => mul(row(x!, 1), y!), wrt: [1] },
  {
    name: "pack and part",
    inputs: [[3, 5], [7], [2, 2, 4]],
    build: (a, b, c) => {
      const parts = [silu(a!), b!, add(c!, c!)];
      const { offsets } = arenaLayout(parts.map((t) => t.shape));
      return mul(part(pack(parts), offsets[0]!, [3, 5]), full(2, []));
    },
    wrt: [],
  },

  { name: "sum", inputs: [[3, 4, 5]], build: (x) => sum(x!) },
  { name: "sum, rows", inputs: [[9, 5]], build: (x) => sum(x!, [0]) },
  { name: "sum, many rows", inputs: [[150, 3]], build: (x) => sum(silu(x!), [0]) },
  { name: "sum, channels", inputs: [[3, 2, 7]], build: (x) => sum(x!, [2]) },
  { name: "sum, axes apart", inputs: [[3, 2, 5, 6]], build: (x) => sum(mul(x!, x!), [0, 2]) },
  { name: "sumTo", inputs: [[2, 3, 4, 5]], build: (x) => sumTo(x!, [3, 1, 5]) },
  { name: "mean", inputs: [[2, 3, 3]], build: (x) => mean(x!) },
  { name: "mean, one axis", inputs: [[4, 3, 6]], build: (x) => mean(x!, [1]) },
  {
    name: "globalAveragePool",
    inputs: [[2, 5, 3, 7]],
    build: (x) => globalAveragePool(silu(x!)),
  },

  { name: "matmul", inputs: [[5, 7], [7, 3]], build: (x, w) => matmul(x!, w!) },
  { name: "matmul, one by one", inputs: [[1, 1], [1, 1]], build: (x, w) => matmul(x!, w!) },
  {
    name: "matmul of images, between activations",
    inputs: [[2, 3, 3, 6], [6, 12], [12]],
    build: (x, w, b) => silu(add(matmul(silu(x!), w!), b!)),
  },
  { name: "matmul, wide", inputs: [[3, 8], [8, 80]], build: (x, w) => matmul(x!, w!) },
  { name: "matmul, tall", inputs: [[301, 5], [5, 9]], build: (x, w) => matmul(x!, w!) },
  { name: "matmulNT", inputs: [[5, 7], [9, 7]], build: (a, w) => matmulNT(a!, w!) },
  { name: "matmulTN", inputs: [[6, 5], [6, 7]], build: (x, d) => matmulTN(x!, d!), wrt: [] },
  {
    name: "matmulTN, split",
    inputs: [[130, 9], [130, 6]],
    build: (x, d) => matmulTN(silu(x!), d!),
    wrt: [],
  },

  ...pools,
  {
    name: "maxPool of an activation",
    inputs: [[2, 4, 5, 6]],
    build: (x) => maxPool(silu(x!), { kernel: 3, stride: 2, padding: 1 }),
  },
  {
    name: "maxPool of equal values",
    inputs: [[1, 6, 6, 5]],
    build: (x) => maxPool(x!, { kernel: 3, stride: 2, padding: 1 }),
    whole: true,
    smooth: false,
  },
  {
    name: "averagePool without padding counted",
    inputs: [[2, 5, 4, 3]],
    build: (x) =>
      averagePool(silu(x!), { kernel: 3, stride: 2, padding: 1, countIncludePad: false }),
  },

  ...[[4, 1], [5, 2], [3, 7], [2, 40], [3, 261]].map(([n, k]): Case => ({
    name: `crossEntropy, ${k} classes`,
    inputs: [[n!, k!], [n!, k!]],
    build: (z, a) => crossEntropy(z!, a!),
    range: [[-4, 4], [0, 1]],
    wrt: [0],
  })),
  {
    name: "crossEntropy of large logits and computed targets",
    inputs: [[70, 5], [70, 5]],
    build: (z, a) => crossEntropy(add(z!, full(200, [])), add(a!, full(0.1, []))),
    range: [[-30, 30], [0, 1]],
    wrt: [0],
    tolerance: 1e-5, // rounding of the shifted logits
  },
  {
    name: "argmaxEqual",
    inputs: [[40, 3], [40, 3]],
    build: (z, a) => argmaxEqual(z!, a!),
    range: [[0, 4], [0, 2]],
    whole: true,
    wrt: [],
  },

  {
    name: "dropout",
    inputs: [[3, 4, 7], []],
    build: (x, seed) => dropout(x!, 0.4, seed!, 3),
    range: [[-2, 2], [1e6, 1e7]],
    whole: true,
    wrt: [0],
  },
  {
    name: "dropout, inlined in a product",
    inputs: [[6, 10], [10, 5], [1]],
    build: (x, w, seed) => matmul(dropout(x!, 0.2, seed!, 1), w!),
    range: [[-2, 2], [-2, 2], [1.6e7, 1.67e7]],
    whole: true,
    wrt: [0, 1],
  },
  {
    name: "dropPath",
    inputs: [[5, 2, 3, 6], [1]],
    build: (x, seed) => dropPath(x!, 0.5, seed!, 7),
    range: [[-2, 2], [1, 100]],
    whole: true,
    wrt: [0],
  },
];

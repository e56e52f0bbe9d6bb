/** Rows of the table of cases: pointwise ops and inputs. */

import { constant } from "../../../engine/graph.ts";
import * as pointwise from "../../../engine/ops/pointwise.ts";
import type { Case } from "./case.ts";

const { add, broadcastTo, div, full, mul, sqrt, sub } = pointwise;
const { detach, hardSigmoid, hardSwish, neg, positive, relu, relu6, sigmoid, silu } = pointwise;

/** Activations: one pattern for all of them. */
const functions = { neg, relu, relu6, sigmoid, silu, hardSigmoid, hardSwish };
const activations: Case[] = Object.entries(functions).map(([name, op]) => ({
  name,
  inputs: [[3, 2, 5]],
  build: (x) => op(x!),
  range: name === "relu6" ? [-4, 10] : [-5, 5],
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

/** Ops that are an expression per element, dropout apart. */
export const pointwiseCases: Case[] = [
  ...activations,
  ...binary,
  { name: "sqrt", inputs: [[7, 3]], build: (x) => sqrt(x!), range: [0.5, 4] },
  { name: "detach", inputs: [[2, 9]], build: (x) => detach(x!), wrt: [] },
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
];

/** Rows of the table of cases: losses row by row. */

import { argmaxEqual, crossEntropy, probabilities } from "../../../engine/ops/cross_entropy.ts";
import { add, full } from "../../../engine/ops/pointwise.ts";
import type { Case } from "./case.ts";

/** Cross-entropy and accuracy for few and many classes. */
export const crossEntropyCases: Case[] = [
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
    name: "probabilities",
    inputs: [[6, 5]],
    build: (z) => probabilities(z!),
    range: [-6, 6],
    wrt: [],
  },
  {
    name: "argmaxEqual",
    inputs: [[40, 3], [40, 3]],
    build: (z, a) => argmaxEqual(z!, a!),
    range: [[0, 4], [0, 2]],
    whole: true,
    wrt: [],
  },
];

/** Rows of the table of cases: matrix products. */

import { matmul, matmulNT, matmulTN } from "../../../engine/ops/matmul.ts";
import { add, silu } from "../../../engine/ops/pointwise.ts";
import type { Case } from "./case.ts";

/** Matrix products of all kinds of sizes. */
export const matmulCases: Case[] = [
  { name: "matmul", inputs: [[5, 7], [7, 3]], build: (x, w) => matmul(x!, w!) },
  { name: "matmul, one by one", inputs: [[1, 1], [1, 1]], build: (x, w) => matmul(x!, w!) },
  {
    name: "matmul of images, between activations",
    inputs: [[2, 3, 3, 6], [6, 12], [12]],
    build: (x, w, b) => silu(add(matmul(silu(x!), w!), b!)),
  },
  { name: "matmul, wide", inputs: [[3, 8], [8, 80]], build: (x, w) => matmul(x!, w!) },
  { name: "matmul, tall", inputs: [[301, 5], [5, 9]], build: (x, w) => matmul(x!, w!) },
  { name: "matmul, many tiles", inputs: [[150, 36], [36, 100]], build: (x, w) => matmul(x!, w!) },
  { name: "matmulNT", inputs: [[5, 7], [9, 7]], build: (a, w) => matmulNT(a!, w!) },
  { name: "matmulTN", inputs: [[6, 5], [6, 7]], build: (x, d) => matmulTN(x!, d!), wrt: [] },
  {
    name: "matmulTN, split",
    inputs: [[130, 9], [130, 6]],
    build: (x, d) => matmulTN(silu(x!), d!),
    wrt: [],
  },
];

/** Rows of the table of cases: random masks. */

import { dropout, dropPath } from "../../../engine/ops/dropout.ts";
import { matmul } from "../../../engine/ops/matmul.ts";
import type { Case } from "./case.ts";

/** Dropout and drop-path. */
export const dropoutCases: Case[] = [
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

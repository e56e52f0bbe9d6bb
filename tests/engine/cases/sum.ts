/** Rows of the table of cases: sums and means. */

import { mul, silu } from "../../../engine/ops/pointwise.ts";
import { globalAveragePool, mean, sum, sumTo } from "../../../engine/ops/sum.ts";
import type { Case } from "./case.ts";

/** Sums over all kinds of axes. */
export const sumCases: Case[] = [
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
];

/** Rows of the table of cases: poolings over windows. */

import type { Tensor } from "../../../engine/graph.ts";
import { averagePool } from "../../../engine/ops/average_pool.ts";
import { maxPool } from "../../../engine/ops/max_pool.ts";
import { silu } from "../../../engine/ops/pointwise.ts";
import type { Case } from "./case.ts";

const pools: Case[] = [
  { kernel: 3, stride: 2, padding: 1 },
  { kernel: 2 },
  { kernel: 3, stride: 1, padding: 1 },
  { kernel: 2, stride: 3 },
  { kernel: 5, stride: 2, padding: 2 },
  { kernel: 3, stride: 2, padding: "same" } as const,
].flatMap((options, i) => {
  const name = Object.entries(options).map((pair) => pair.join(" ")).join(", ");
  const inputs = [[2, 5 + i % 2, 7, [1, 3, 5, 8, 7, 6][i]!]];
  return [
    { name: `maxPool, ${name}`, inputs, build: (x: Tensor) => maxPool(x, options) },
    { name: `averagePool, ${name}`, inputs, build: (x: Tensor) => averagePool(x, options) },
  ] as Case[];
});

/** Max and average pooling. */
export const poolCases: Case[] = [
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
  {
    name: "averagePool of same size without padding counted",
    inputs: [[2, 4, 6, 3]],
    build: (x) =>
      averagePool(x!, { kernel: 4, stride: 1, padding: "same", countIncludePad: false }),
  },
];

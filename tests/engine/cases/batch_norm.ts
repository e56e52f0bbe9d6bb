/** Rows of the table of cases: batch norm and its statistics. */

import { momentsAcross, sumAcross } from "../../../engine/ops/across.ts";
import { batchNorm, moments } from "../../../engine/ops/batch_norm.ts";
import { imagesOf, row } from "../../../engine/ops/layout.ts";
import { add, full, mul, silu } from "../../../engine/ops/pointwise.ts";
import type { Case } from "./case.ts";

/** Training and evaluation, few rows and many. */
export const batchNormCases: Case[] = [
  { name: "moments", inputs: [[3, 4, 5]], build: (x) => moments(x!), wrt: [] },
  {
    name: "moments far from zero, in parts",
    inputs: [[2, 17, 13, 3]],
    build: (x) => row(moments(add(x!, full(100, []))), 1),
    range: [-1, 1],
    wrt: [],
    tolerance: 2e-5, // rounding of x + 100
  },
  {
    name: "moments of a batch, from those of its slices",
    inputs: [[3, 4, 4, 5]],
    build: (x) => {
      const y = moments(x!);
      const slices = [imagesOf(x!, 0, 1), imagesOf(x!, 1, 2)].map(moments);
      return y.op.batch!.join!(y, slices, [1, 2]);
    },
    wrt: [],
  },
  {
    name: "batchNorm in training",
    inputs: [[2, 3, 3, 5], [2, 5]],
    build: (x, affine) => batchNorm(x!, moments(x!), affine!),
    tolerance: 5e-6,
  },
  {
    name: "batchNorm in training, many rows, between activations",
    inputs: [[3, 9, 11, 6], [2, 6]],
    build: (x, affine) => {
      const z = mul(x!, x!);
      return silu(batchNorm(z, moments(z), affine!, { epsilon: 1e-3 }));
    },
    tolerance: 5e-6,
  },
  {
    name: "batchNorm in training, with its sums put together by the host",
    inputs: [[2, 3, 3, 5], [2, 5]],
    build: (x, affine) => batchNorm(x!, momentsAcross(moments(x!)), affine!),
    tolerance: 5e-6,
  },
  { name: "sumAcross", inputs: [[2, 5]], build: (x) => sumAcross(mul(x!, x!)) },
  {
    name: "batchNorm in evaluation",
    inputs: [[2, 3, 3, 7], [2, 7], [2, 7]],
    build: (x, statistics, affine) => batchNorm(x!, statistics!, affine!, { training: false }),
    range: [[-2, 2], [0.5, 2], [-2, 2]],
    wrt: [0, 2],
  },
];

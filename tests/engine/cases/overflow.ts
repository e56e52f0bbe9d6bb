/** Rows of the table of cases: ops for gradients of a scaled loss. */

import { inverseBeside, notFinite } from "../../../engine/ops/overflow.ts";
import { add, div, mul } from "../../../engine/ops/pointwise.ts";
import { sum } from "../../../engine/ops/sum.ts";
import type { Case } from "./case.ts";

export const overflowCases: Case[] = [
  {
    name: "notFinite: infinite, NaN and plain",
    inputs: [[5, 7], [5, 7]],
    build: (a, b) => notFinite(div(a!, b!)),
    whole: true,
    wrt: [],
  },
  {
    name: "inverseBeside",
    inputs: [[4, 5], []],
    build: (x, factor) => {
      const { inverse, count } = inverseBeside(sum(mul(x!, x!)), factor!);
      return add(mul(x!, inverse), count);
    },
    range: [0.5, 2],
    wrt: [],
  },
];

/** Rows of the table of cases: ops that compare. */

import { clamp, maximum, minimum, sign, where } from "../../../engine/ops/compare.ts";
import { notFinite } from "../../../engine/ops/overflow.ts";
import type { Case } from "./case.ts";

/** Whole numbers too, so that equal values occur. */
export const compareCases: Case[] = [
  { name: "maximum", inputs: [[3, 6], [3, 6]], build: (a, b) => maximum(a!, b!), wrt: [] },
  {
    name: "minimum, equal values, a row stretched",
    inputs: [[3, 2, 6], [2, 1]],
    build: (a, b) => minimum(a!, b!),
    whole: true,
    wrt: [],
  },
  { name: "clamp", inputs: [[5, 7]], build: (x) => clamp(x!, -0.5, 1), wrt: [] },
  {
    name: "where",
    inputs: [[4, 1], [4, 5], []],
    build: (c, a, b) => where(c!, a!, b!),
    whole: true,
    wrt: [],
  },
  {
    name: "where, a scalar condition and one of each number",
    inputs: [[3, 6], [3, 6], []],
    build: (a, b, c) => where(where(c!, a!, b!), where(notFinite(c!), a!, b!), a!),
    whole: true,
    wrt: [],
  },
  { name: "sign", inputs: [[5, 7]], build: (x) => sign(x!), whole: true, wrt: [] },
];

/** Rows of the table of cases: sums over the parts of an arena. */

import { mul } from "../../../engine/ops/pointwise.ts";
import { sumParts } from "../../../engine/ops/part_sums.ts";
import type { Case } from "./case.ts";

/** Short and long parts. */
export const partSumCases: Case[] = [
  {
    name: "sumParts",
    inputs: [[206, 8]],
    build: (x) => sumParts(mul(x!, x!), [[0, 1], [1, 3], [4, 200], [204, 2]]),
    wrt: [],
  },
  { name: "sumParts, one part", inputs: [[5, 3]], build: (x) => sumParts(x!, [[0, 5]]), wrt: [] },
];

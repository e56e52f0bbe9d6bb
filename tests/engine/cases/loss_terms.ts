/** Rows of the table of cases: terms of losses. */

import { focal, softplus } from "../../../engine/ops/loss_terms.ts";
import type { Case } from "./case.ts";

/** Both sides of 0, and costs near it and far from it. */
export const lossTermCases: Case[] = [
  { name: "softplus", inputs: [[4, 7]], build: (x) => softplus(x!), range: [-12, 12] },
  ...[0.5, 2, 5].flatMap((gamma): Case[] => [
    {
      name: `focal, γ ${gamma}`,
      inputs: [[4, 7]],
      build: (q) => focal(q!, gamma),
      range: [0.05, 8],
      tolerance: 1e-5, // of pow and of 1 − e⁻ᵠ where it is small
    },
    {
      name: `focal near 0, γ ${gamma}`,
      inputs: [[4, 7]],
      build: (q) => focal(q!, gamma),
      range: [0, 0.02],
      smooth: false,
      tolerance: 1e-5 * gamma, // a power of what is small
    },
  ]),
];

/** The table of cases: one row for every way an op is used. Tests and benchmarks run through it. */

import { batchNormCases } from "./cases/batch_norm.ts";
import type { Case } from "./cases/case.ts";
import { compareCases } from "./cases/compare.ts";
import { convolutionCases } from "./cases/convolution.ts";
import { crossEntropyCases } from "./cases/cross_entropy.ts";
import { dropoutCases } from "./cases/dropout.ts";
import { layoutCases } from "./cases/layout.ts";
import { lossTermCases } from "./cases/loss_terms.ts";
import { matmulCases } from "./cases/matmul.ts";
import { overflowCases } from "./cases/overflow.ts";
import { partSumCases } from "./cases/part_sums.ts";
import { pointwiseCases } from "./cases/pointwise.ts";
import { poolCases } from "./cases/pool.ts";
import { retouchCases } from "./cases/retouch.ts";
import { sumCases } from "./cases/sum.ts";

/** All rows. */
export const cases: readonly Case[] = [
  ...pointwiseCases,
  ...layoutCases,
  ...sumCases,
  ...partSumCases,
  ...matmulCases,
  ...convolutionCases,
  ...batchNormCases,
  ...poolCases,
  ...compareCases,
  ...overflowCases,
  ...crossEntropyCases,
  ...lossTermCases,
  ...dropoutCases,
  ...retouchCases,
];

/** Moving averages of weights: how much of the newest weights enters at each step. Numbers only. */

import { requireWithin } from "./optimizer.ts";

/** How an average follows the weights; the defaults are those of timm's `ModelEmaV3`. */
export interface AverageOptions {
  /** Share of the old average in the new one. Default 0.9999. */
  readonly decay?: number | undefined;
  /**
   * Whether the decay rises from 0 as 1 − (1 + s / gamma)^−power at step s, so that an average is of use soon.
   * Default false: it is `decay` from the first step, as of timm's `ModelEmaV2`.
   */
  readonly warmup?: boolean | undefined;
  /** Steps in which the decay rises by about its half. Default 1. */
  readonly gamma?: number | undefined;
  /** Default 2/3. */
  readonly power?: number | undefined;
}

/** Share of the weights in the average after step `t` = 1, 2, …: 1 − decay. Throws RangeError for options that are none. */
export function averageShare(t: number, options: AverageOptions = {}): number {
  const { decay = 0.9999, warmup = false, gamma = 1, power = 2 / 3 } = options;
  requireWithin("the decay of an average", decay, { below: 1 });
  requireWithin("the gamma of a warm-up", gamma, { positive: true });
  requireWithin("the power of a warm-up", power);
  if (!warmup) return 1 - decay;
  return 1 - Math.min(decay, 1 - (1 + Math.max(0, t - 1) / gamma) ** -power);
}

/** Clipping of gradients: all of them by their norm, each number, or each unit by its weight's norm. */

import type { Tensor } from "../graph.ts";
import { clamp, maximum, minimum } from "../ops/compare.ts";
import { add, div, full, mul, sqrt } from "../ops/pointwise.ts";
import { sum } from "../ops/sum.ts";
import { requireWithin } from "./optimizer.ts";

/** The norm of all numbers of `x`, a scalar; summed in a fixed order. */
export function normOf(x: Tensor): Tensor {
  return sqrt(sum(mul(x, x)));
}

/**
 * `gradient` · min(1, limit / (‖gradient‖ + 1e-6)), as `torch.nn.utils.clip_grad_norm_` over all parameters of
 * the arena: all NaN where the norm is. Throws RangeError unless the limit is above 0.
 */
export function clipByNorm(gradient: Tensor, limit: number): Tensor {
  requireWithin("the limit of the norm", limit, { positive: true });
  const share = div(full(limit, []), add(normOf(gradient), full(1e-6, [])));
  return mul(gradient, minimum(share, full(1, [])));
}

/** Each number at least −limit and at most limit, as `torch.nn.utils.clip_grad_value_`. Throws RangeError as above. */
export function clipByValue(gradient: Tensor, limit: number): Tensor {
  requireWithin("the limit of values", limit, { positive: true });
  return clamp(gradient, -limit, limit);
}

/** How `clipByUnit` clips. */
export interface UnitOptions {
  /** The axes that a unit goes along: all but the last of a convolution. */
  readonly axes: readonly number[];
  /** The largest norm of a unit's gradient over that of its weight. */
  readonly factor: number;
}

/**
 * The gradient of each unit, at most `factor` times as long as its weight, or as 0.001 where that is shorter:
 * adaptive gradient clipping, Brock et al. 2021, arXiv:2102.06171. Throws RangeError unless the factor is above 0.
 */
export function clipByUnit(weight: Tensor, gradient: Tensor, options: UnitOptions): Tensor {
  const { axes, factor } = options;
  requireWithin("the factor of units", factor, { positive: true });
  const length = (x: Tensor) => sqrt(sum(mul(x, x), axes));
  const limit = mul(maximum(length(weight), full(1e-3, [])), full(factor, []));
  const share = div(limit, maximum(length(gradient), full(1e-6, [])));
  return mul(gradient, minimum(share, full(1, [])));
}

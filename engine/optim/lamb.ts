/** LAMB, You et al. 2020, arXiv:1904.00962: Adam's direction, as long as each tensor is, in timm's form. */

import type { Tensor } from "../graph.ts";
import { maximum, where } from "../ops/compare.ts";
import { sumParts } from "../ops/part_sums.ts";
import { add, div, full, mul, positive, sqrt, sub } from "../ops/pointwise.ts";
import { normOf } from "./clip.ts";
import { averaged, decayedGradient, type Optimizer, requireWithin, scaled } from "./optimizer.ts";

/** Options of `lamb`; the defaults are timm's. */
export interface LambOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Above 0. Default 1e-6. */
  readonly epsilon?: number;
  /** Added to the direction as λ · p, before its length is measured. Default 0.01. */
  readonly weightDecay?: number;
  /** Gradients of a larger norm are scaled to it; infinite for none. Default 1. */
  readonly maxNorm?: number;
}

/**
 * u = m̂ / (√v̂ + ε) + λp and p ← p − lr · ‖p‖/‖u‖ · u, the norms being those of each tensor. Tensors without
 * weight decay, or with a norm of 0, take lr · u, as in timm. The scale and the shift of a norm count as one
 * tensor here, which matters only where they decay.
 */
export function lamb(options: LambOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = 0.01, maxNorm = 1 } = options;
  requireWithin("β₁", beta1, { below: 1 });
  requireWithin("β₂", beta2, { below: 1 });
  requireWithin("ε", epsilon, { positive: true });
  requireWithin("the weight decay", weightDecay);
  if (!(maxNorm > 0)) {
    throw new RangeError(`Cannot clip gradients to norm ${maxNorm}: one above 0 was needed`);
  }
  return {
    states: ["exp_avg", "exp_avg_sq"],
    scalars: 4,
    values(t, rates) {
      const b = rates.beta1 ?? beta1;
      const correction = 1 / Math.sqrt(1 - beta2 ** t);
      return [rates.learningRate, 1 - b, 1 / (1 - b ** t), correction];
    },
    update(inputs) {
      const { parameters: p, decays, rates, states: [m, v] } = inputs;
      const [step, fresh, first, second] = inputs.scalars;
      const g = bounded(inputs.gradient, maxNorm);
      const mean = add(m!, mul(sub(g, m!), fresh!));
      const square = averaged(v!, mul(g, g), beta2);
      const root = add(mul(sqrt(square), second!), full(epsilon, []));
      const adapted = div(mul(mean, first!), root);
      const u = decayedGradient({ ...inputs, gradient: adapted }, weightDecay);
      const states = [mean, square];
      if (weightDecay === 0) return { parameters: sub(p, scaled(u, step!, rates)), states };
      const length = (x: Tensor) => sqrt(sumParts(mul(x, x), inputs.parts));
      const [weight, update] = [length(p), length(u)];
      const both = mul(positive(weight), positive(update));
      const trusted = decays ? mul(both, positive(decays)) : both;
      const trust = where(trusted, div(weight, update), full(1, []));
      return { parameters: sub(p, scaled(mul(u, trust), step!, rates)), states };
    },
  };
}

/** `g / max(1, ‖g‖ / limit)`. */
function bounded(g: Tensor, limit: number): Tensor {
  if (limit === Infinity) return g;
  return div(g, maximum(mul(normOf(g), full(1 / limit, [])), full(1, [])));
}

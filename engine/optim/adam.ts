/** Adam, Kingma and Ba 2015, and AdamW, Loshchilov and Hutter 2019, in the form of `torch.optim`. */

import { maximum } from "../ops/compare.ts";
import { add, div, full, mul, sqrt, sub } from "../ops/pointwise.ts";
import {
  averaged,
  decayedGradient,
  decoupledDecay,
  type Optimizer,
  requireWithin,
  scaled,
} from "./optimizer.ts";

/** Options of `adam` and `adamw`; the defaults are PyTorch's. */
export interface AdamOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Above 0. Default 1e-8. */
  readonly epsilon?: number;
  /** Of `adam`: added to the gradient as `weightDecay · p`, default 0. Of `adamw`: see there. */
  readonly weightDecay?: number;
  /** Divides by the largest mean of squares so far instead of the present one: AMSGrad. Default false. */
  readonly amsgrad?: boolean;
}

/** m ← m + (1 − β₁)(g − m), v ← β₂v + (1 − β₂)g², p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε). */
export function adam(options: AdamOptions = {}): Optimizer {
  return moments(options, { weightDecay: options.weightDecay ?? 0, decoupled: false });
}

/**
 * Adam with weight decay beside the gradient: p ← p − lr · λ · p before a step. Default of `weightDecay` λ:
 * 0.01, as PyTorch's.
 */
export function adamw(options: AdamOptions = {}): Optimizer {
  return moments(options, { weightDecay: options.weightDecay ?? 0.01, decoupled: true });
}

function moments(
  options: AdamOptions,
  { weightDecay, decoupled }: { readonly weightDecay: number; readonly decoupled: boolean },
): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = options;
  requireWithin("β₁", beta1, { below: 1 });
  requireWithin("β₂", beta2, { below: 1 });
  requireWithin("ε", epsilon, { positive: true });
  requireWithin("the weight decay", weightDecay);
  return {
    states: ["exp_avg", "exp_avg_sq", ...amsgrad ? ["max_exp_avg_sq"] : []],
    scalars: decoupled ? 4 : 3,
    values(t, rates) {
      const b = rates.beta1 ?? beta1;
      const step = rates.learningRate / (1 - b ** t);
      const pull = decoupled ? [rates.learningRate * weightDecay] : [];
      return [1 - b, step, 1 / Math.sqrt(1 - beta2 ** t), ...pull];
    },
    update(inputs) {
      const [m, v, most] = inputs.states;
      const [fresh, step, correction, pull] = inputs.scalars;
      const g = decoupled ? inputs.gradient : decayedGradient(inputs, weightDecay);
      const mean = add(m!, mul(sub(g, m!), fresh!));
      const square = averaged(v!, mul(g, g), beta2);
      const largest = most && maximum(square, most);
      const root = add(mul(sqrt(largest ?? square), correction!), full(epsilon, []));
      const kept = decoupledDecay(inputs, weightDecay ? pull : undefined);
      return {
        parameters: sub(kept, div(scaled(mean, step!, inputs.rates), root)),
        states: [mean, square, ...largest ? [largest] : []],
      };
    },
  };
}

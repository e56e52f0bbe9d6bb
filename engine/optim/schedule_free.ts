/** Schedule-free AdamW, Defazio et al. 2024, arXiv:2405.15682: averages in place of a schedule. */

import { add, div, full, mul, sqrt, sub } from "../ops/pointwise.ts";
import { averaged, decayedGradient, type Optimizer, requireWithin, scaled } from "./optimizer.ts";

/** Options of `scheduleFreeAdamw`; the defaults are those of the authors' `AdamWScheduleFree`. */
export interface ScheduleFreeOptions {
  /** Where between the fast and the averaged weights gradients are taken; above 0. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Above 0. Default 1e-8. */
  readonly epsilon?: number;
  /** Decay of the weights that gradients are taken at, as lr · λ. Default 0. */
  readonly weightDecay?: number;
  /** Steps in which the learning rate rises from 0. Default 0. */
  readonly warmupSteps?: number;
}

/**
 * z ← z − lr · d and y ← (1 − β₁)z + β₁x, where d = g / (√v̂ + ε) + λy and x is the mean of all z, weighted by
 * the squares of their learning rates. The parameters are y, where gradients are taken; x is what is evaluated.
 * For a learning rate that a schedule leaves alone: only `warmupSteps` enters the weights of the mean.
 */
export function scheduleFreeAdamw(options: ScheduleFreeOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, warmupSteps = 0 } = options;
  requireWithin("β₁", beta1, { positive: true, below: 1 });
  requireWithin("β₂", beta2, { below: 1 });
  requireWithin("ε", epsilon, { positive: true });
  requireWithin("the weight decay", weightDecay);
  requireWithin("the steps of the warm-up", warmupSteps);
  const rise = (t: number) => Math.min(1, warmupSteps > 0 ? t / warmupSteps : 1);
  // Σ rise², in the same order whether a run was resumed or not.
  let total = { t: 0, sum: 0 };
  const sumTo = (t: number) => {
    let { t: at, sum } = t >= total.t ? total : { t: 0, sum: 0 };
    while (at < t) sum += rise(++at) ** 2;
    total = { t, sum };
    return sum;
  };
  return {
    states: ["z", "exp_avg_sq"],
    initial: { z: "parameters" },
    scalars: 4,
    values(t, rates) {
      const step = rates.learningRate * rise(t);
      const share = rise(t) ** 2 / sumTo(t);
      return [step, share, step * (1 - beta1 * (1 - share)), 1 / Math.sqrt(1 - beta2 ** t)];
    },
    update(inputs) {
      const { parameters: y, gradient: g, rates, states: [z, v] } = inputs;
      const [step, share, beside, correction] = inputs.scalars;
      const square = averaged(v!, mul(g, g), beta2);
      const root = add(mul(sqrt(square), correction!), full(epsilon, []));
      const d = decayedGradient({ ...inputs, gradient: div(g, root) }, weightDecay);
      // x and z both move, and y between them: y + c(z − y) − lr(1 − β₁(1 − c))d.
      const moved = add(y, mul(sub(z!, y), share!));
      return {
        parameters: sub(moved, scaled(d, beside!, rates)),
        states: [sub(z!, scaled(d, step!, rates)), square],
      };
    },
    // y = (1 − β₁)z + β₁x.
    evaluated: ({ parameters: y, states: [z] }) => add(y, mul(sub(z!, y), full(1 - 1 / beta1, []))),
  };
}

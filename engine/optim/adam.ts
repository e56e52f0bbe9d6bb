/** Adam, Kingma and Ba 2015, in the form of `torch.optim.Adam`. */

import type { Tensor } from "../graph.ts";
import { add, div, full, mul, sqrt, sub } from "../ops/pointwise.ts";
import type { Optimizer } from "./optimizer.ts";

/** Options of `adam`; the defaults are PyTorch's. */
export interface AdamOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Added to the gradient as `weightDecay · p`. Default 0. */
  readonly weightDecay?: number;
}

/** m ← m + (1 − β₁)(g − m), v ← β₂v + (1 − β₂)g², p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε). */
export function adam(options: AdamOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  return {
    states: ["exp_avg", "exp_avg_sq"],
    scalars: 3,
    values: (t, rates) => {
      const b = rates.beta1 ?? beta1;
      return [1 - b, rates.learningRate / (1 - b ** t), 1 / Math.sqrt(1 - beta2 ** t)];
    },
    update(p, gradient, [m, v], [fresh, step, correction], factors) {
      const g = weightDecay ? add(gradient, mul(p, full(weightDecay, []))) : gradient;
      const mean = add(m!, mul(sub(g, m!), fresh!));
      const square = add(mul(v!, full(beta2, [])), mul(mul(g, g), full(1 - beta2, [])));
      const root: Tensor = add(mul(sqrt(square), correction!), full(epsilon, []));
      const rate = factors ? mul(factors, step!) : step!;
      return { parameters: sub(p, div(mul(mean, rate), root)), states: [mean, square] };
    },
  };
}

/** Stochastic gradient descent with momentum, in the form of `torch.optim.SGD`. */

import { add, full, mul, sub } from "../ops/pointwise.ts";
import type { Optimizer } from "./optimizer.ts";

/** Options of `sgd`. */
export interface SgdOptions {
  /** Default 0. */
  readonly momentum?: number;
  /** Looks one step of momentum ahead. Default false. Throws RangeError without momentum. */
  readonly nesterov?: boolean;
  /** Added to the gradient as `weightDecay · p`. Default 0. */
  readonly weightDecay?: number;
}

/** b ← μb + g, p ← p − lr · b; with Nesterov's momentum p ← p − lr · (g + μb). */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && momentum <= 0) {
    throw new RangeError(
      `Cannot use Nesterov's method: momentum is ${momentum}, above 0 was needed`,
    );
  }
  return {
    states: momentum ? ["momentum_buffer"] : [],
    scalars: 2,
    values: (_, rates) => [rates.learningRate, rates.beta1 ?? momentum],
    update(p, gradient, [buffer], [step, decay], factors) {
      const g = weightDecay ? add(gradient, mul(p, full(weightDecay, []))) : gradient;
      const rate = factors ? mul(factors, step!) : step!;
      if (!buffer) return { parameters: sub(p, mul(g, rate)), states: [] };
      const next = add(mul(buffer, decay!), g);
      const direction = nesterov ? add(g, mul(next, decay!)) : next;
      return { parameters: sub(p, mul(direction, rate)), states: [next] };
    },
  };
}

/** Stochastic gradient descent with momentum, in the form of `torch.optim.SGD`. */

import { add, mul, sub } from "../ops/pointwise.ts";
import { decayedGradient, type Optimizer, requireWithin, scaled } from "./optimizer.ts";

/** Options of `sgd`. */
export interface SgdOptions {
  /** Default 0. */
  readonly momentum?: number;
  /** What is left out of each gradient after the first, below 1. Default 0. */
  readonly dampening?: number;
  /** Looks one step of momentum ahead. Default false. */
  readonly nesterov?: boolean;
  /** Added to the gradient as `weightDecay · p`. Default 0. */
  readonly weightDecay?: number;
}

/**
 * b ← μb + (1 − τ)g, p ← p − lr · b; with Nesterov's momentum p ← p − lr · (g + μb). The first b is g. Throws
 * RangeError for Nesterov's momentum without momentum or with dampening.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  requireWithin("the momentum", momentum, { below: 1 });
  requireWithin("the dampening", dampening, { below: 1 });
  requireWithin("the weight decay", weightDecay);
  if (nesterov && (momentum <= 0 || dampening !== 0)) {
    throw new RangeError(
      `Cannot use Nesterov's method: momentum is ${momentum} and dampening ${dampening}, momentum above 0 ` +
        "and no dampening were needed",
    );
  }
  return {
    states: momentum ? ["momentum_buffer"] : [],
    scalars: 3,
    values: (t, rates) => [
      rates.learningRate,
      rates.beta1 ?? momentum,
      t === 1 ? 1 : 1 - dampening,
    ],
    update(inputs) {
      const { parameters: p, rates, states: [buffer], scalars: [step, decay, fresh] } = inputs;
      const g = decayedGradient(inputs, weightDecay);
      if (!buffer) return { parameters: sub(p, scaled(g, step!, rates)), states: [] };
      const next = add(mul(buffer, decay!), dampening ? mul(g, fresh!) : g);
      const direction = nesterov ? add(g, mul(next, decay!)) : next;
      return { parameters: sub(p, scaled(direction, step!, rates)), states: [next] };
    },
  };
}

/** RMSprop, Tieleman and Hinton 2012, in the forms of `torch.optim.RMSprop` and of timm's `RMSpropTF`. */

import { maximum } from "../ops/compare.ts";
import { add, div, full, mul, sqrt, sub } from "../ops/pointwise.ts";
import { averaged, decayedGradient, type Optimizer, requireWithin, scaled } from "./optimizer.ts";

/** Options of `rmsprop` and `rmspropTF`. */
export interface RmspropOptions {
  /** Decay of the mean of squared gradients. Default 0.99; 0.9 of `rmspropTF`. */
  readonly alpha?: number;
  /** Above 0. Default 1e-8; 1e-10 of `rmspropTF`. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Subtracts the square of the mean gradient from the mean of squares: their variance. Default false. */
  readonly centered?: boolean;
  /** Added to the gradient as `weightDecay · p`. Default 0. */
  readonly weightDecay?: number;
}

/** v ← αv + (1 − α)g², b ← μb + g / (√v + ε), p ← p − lr · b. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  return rootMeanSquare({ alpha: 0.99, epsilon: 1e-8, ...options }, false);
}

/** v ← αv + (1 − α)g² from v = 1, b ← μb + lr · g / √(v + ε), p ← p − b: as TensorFlow. */
export function rmspropTF(options: RmspropOptions = {}): Optimizer {
  return rootMeanSquare({ alpha: 0.9, epsilon: 1e-10, ...options }, true);
}

function rootMeanSquare(
  options: RmspropOptions & { readonly alpha: number; readonly epsilon: number },
  tensorflow: boolean,
): Optimizer {
  const { alpha, epsilon, momentum = 0, centered = false, weightDecay = 0 } = options;
  requireWithin("α", alpha, { below: 1 });
  requireWithin("ε", epsilon, { positive: true });
  requireWithin("the momentum", momentum, { below: 1 });
  requireWithin("the weight decay", weightDecay);
  return {
    states: [
      "square_avg",
      ...momentum ? ["momentum_buffer"] : [],
      ...centered ? ["grad_avg"] : [],
    ],
    ...(tensorflow && { initial: { square_avg: 1 } }),
    scalars: 2,
    values: (_, rates) => [rates.learningRate, rates.beta1 ?? momentum],
    update(inputs) {
      const { parameters: p, rates, states, scalars: [step, decay] } = inputs;
      const buffer = momentum ? states[1]! : undefined;
      const g = decayedGradient(inputs, weightDecay);
      const square = averaged(states[0]!, mul(g, g), alpha);
      const mean = centered ? averaged(states.at(-1)!, g, alpha) : undefined;
      // A variance is never below 0, but for rounding.
      const spread = mean ? maximum(sub(square, mul(mean, mean)), full(0, [])) : square;
      const root = tensorflow
        ? sqrt(add(spread, full(epsilon, [])))
        : add(sqrt(spread), full(epsilon, []));
      const direction = div(tensorflow ? scaled(g, step!, rates) : g, root);
      const next = buffer ? add(mul(buffer, decay!), direction) : direction;
      return {
        parameters: sub(p, tensorflow ? next : scaled(next, step!, rates)),
        states: [square, ...buffer ? [next] : [], ...mean ? [mean] : []],
      };
    },
  };
}

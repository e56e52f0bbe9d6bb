/** Lion, Chen et al. 2023, arXiv:2302.06675: the sign of a momentum, in timm's form. */

import { sign } from "../ops/compare.ts";
import { add, mul, sub } from "../ops/pointwise.ts";
import { decoupledDecay, type Optimizer, requireWithin, scaled } from "./optimizer.ts";

/** Options of `lion`. Its learning rate is about a tenth of AdamW's, its weight decay ten times that. */
export interface LionOptions {
  /** Share of the old momentum in a step. Default 0.9. */
  readonly beta1?: number;
  /** Share of the old momentum in the next. Default 0.99. */
  readonly beta2?: number;
  /** p ← p − lr · λ · p before a step. Default 0. */
  readonly weightDecay?: number;
}

/** p ← p − lr · sign(β₁m + (1 − β₁)g), m ← β₂m + (1 − β₂)g. */
export function lion(options: LionOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  requireWithin("β₁", beta1, { below: 1 });
  requireWithin("β₂", beta2, { below: 1 });
  requireWithin("the weight decay", weightDecay);
  return {
    states: ["exp_avg"],
    scalars: 4,
    values: (_, { learningRate, beta1: b = beta1 }) => [
      learningRate,
      1 - b,
      1 - beta2,
      learningRate * weightDecay,
    ],
    update(inputs) {
      const { gradient: g, states: [m], scalars: [step, now, later, pull] } = inputs;
      const toward = (share: typeof now) => add(m!, mul(sub(g, m!), share!));
      const kept = decoupledDecay(inputs, weightDecay ? pull : undefined);
      return {
        parameters: sub(kept, scaled(sign(toward(now)), step!, inputs.rates)),
        states: [toward(later)],
      };
    },
  };
}

/** Learning rates and weight decay of parts of a model: factors of each variable, on top of any schedule. */

import type { Variables } from "../engine/nn/scope.ts";
import { stagesOf } from "../engine/nn/stages.ts";
import type { Variable } from "../engine/nn/variables.ts";
import { isDecoupled, type OptimizerOptions } from "../engine/optim/mod.ts";

/** How learning rates and weight decay differ over a model. */
export interface RateOptions {
  /** What the learning rate of the classifier, the last stage, is multiplied by. Default 1. */
  readonly headFactor?: number;
  /**
   * Stage k of 0 … L, the classifier, learns at `layerDecay ** (L − k)` of the learning rate: above 0, at
   * most 1, which is the default. Semantics of timm's `layer_decay`, over stages instead of blocks. Weight
   * decay is scaled with it, whether it is part of the gradient or beside it.
   */
  readonly layerDecay?: number;
  /**
   * Whether weight decay acts on norms and biases too. Default: where it is part of the gradient, as in torch;
   * beside the gradient it leaves them out, as in timm.
   */
  readonly decayAll?: boolean | undefined;
}

/**
 * What the weight decay of each row of the arena of parameters is multiplied by: 0 for norms and biases;
 * undefined where it acts on all.
 */
export function decayFactors(
  { parameters }: Variables,
  { name, weightDecay }: OptimizerOptions,
  { decayAll = !isDecoupled(name) }: RateOptions,
): Float32Array | undefined {
  if (decayAll || weightDecay === 0) return undefined;
  return parameters.each(({ layout }) => layout === "vector" || layout === "affine" ? 0 : 1);
}

/**
 * The factor of each row of the arena of parameters; undefined where all are 1. Throws RangeError where a
 * factor is not above 0.
 */
export function rateFactors(
  { all, parameters }: Variables,
  { headFactor = 1, layerDecay = 1 }: RateOptions,
): Float32Array | undefined {
  if (!(headFactor > 0 && Number.isFinite(headFactor))) {
    throw new RangeError(
      `Cannot multiply the learning rate of the classifier by ${headFactor}: a number above 0 was needed`,
    );
  }
  if (!(layerDecay > 0 && layerDecay <= 1)) {
    throw new RangeError(
      `Cannot decay learning rates by ${layerDecay}: a number above 0 and at most 1 was needed`,
    );
  }
  const factors = new Map<Variable, number>();
  const stages = stagesOf(all);
  stages.forEach(({ variables }, k) => {
    const below = stages.length - 1 - k;
    const factor = below === 0 ? headFactor : layerDecay ** below;
    for (const v of variables) factors.set(v, factor);
  });
  if (parameters.variables.every((v) => factors.get(v) === 1)) return undefined;
  return parameters.each((v) => factors.get(v)!);
}

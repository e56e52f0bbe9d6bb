/** Losses: the mean cross-entropy that training minimises. Row losses and their kernels are an op. */

import { constant, type Tensor } from "../graph.ts";
import { crossEntropy } from "../ops/cross_entropy.ts";
import { add, div, full, mul } from "../ops/pointwise.ts";
import { sum } from "../ops/sum.ts";
import { sameShape } from "../shape.ts";

/** Options of `softmaxCrossEntropy`. */
export interface LossOptions {
  /** [n, 1]: what each row counts; 0 for rows that are padding or ignored. Default all 1. */
  readonly weights?: Tensor;
  /** What each class counts. Default all 1. */
  readonly classWeights?: readonly number[];
  /** Share of the target spread evenly over all classes, in [0, 1]. Default 0. */
  readonly labelSmoothing?: number;
  /**
   * True where targets are probabilities: the mean is then over rows, whatever the class weights.
   * False where they are one-hot: the mean is weighted by the weight of each row's class. Default false.
   */
  readonly soft?: boolean;
}

/** A loss before its division: the mean is `total / count`. */
export interface LossSums {
  /** A scalar: what the rows of a batch add up to. */
  readonly total: Tensor;
  /** A scalar: what they are divided by, which adds up over batches as well. */
  readonly count: Tensor;
}

/**
 * Mean cross-entropy of logits [n, k] against targets [n, k], one-hot or probabilities → scalar.
 * Semantics of `torch.nn.CrossEntropyLoss`: NaN where no row counts. No gradient flows to the targets.
 * Throws RangeError where shapes or options do not fit.
 */
export function softmaxCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: LossOptions = {},
): Tensor {
  const { total, count } = crossEntropySums(logits, targets, options);
  return div(total, count);
}

/** The sums that {@linkcode softmaxCrossEntropy} divides. */
export function crossEntropySums(
  logits: Tensor,
  targets: Tensor,
  options: LossOptions = {},
): LossSums {
  const { weights, classWeights, labelSmoothing = 0, soft = false } = options;
  const [n, k] = logits.shape as [number, number];
  if (classWeights && classWeights.length !== k) {
    throw new RangeError(
      `Cannot weight ${k} classes: ${classWeights.length} weights were given, ${k} were needed`,
    );
  }
  if (weights && !sameShape(weights.shape, [n, 1])) {
    throw new RangeError(`Cannot weight ${n} rows by [${weights.shape}]: [${n}, 1] was needed`);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new RangeError(`Cannot smooth labels by ${labelSmoothing}: 0 to 1 was needed`);
  }
  const weighted = (t: Tensor) => classWeights ? mul(t, constant(classWeights, [k])) : t;
  const counted = (t: Tensor) => weights ? mul(t, weights) : t;
  // a = w · (t·(1 − ε) + ε/k), so that a loss is Σ a·(−ln softmax).
  const a = labelSmoothing
    ? add(mul(targets, full(1 - labelSmoothing, [])), full(labelSmoothing / k, []))
    : targets;
  const total = sum(counted(crossEntropy(logits, weighted(a))));
  if (classWeights && !soft) return { total, count: sum(counted(sum(weighted(targets), [1]))) };
  return { total, count: weights ? sum(weights) : full(n, []) };
}

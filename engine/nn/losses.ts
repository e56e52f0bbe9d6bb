/** Losses that training minimises, as sums over a batch: cross-entropy, binary cross-entropy, focal loss. */

import { constant, type Tensor } from "../graph.ts";
import { crossEntropy } from "../ops/cross_entropy.ts";
import { focal, softplus } from "../ops/loss_terms.ts";
import { add, div, full, mul, positive, relu, sub } from "../ops/pointwise.ts";
import { mean, sum } from "../ops/sum.ts";
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

/** Which loss, and how. */
export interface NamedLossOptions extends LossOptions {
  /** Default "cross-entropy". */
  readonly loss?: LossName | undefined;
  /** γ of the focal loss, from 0. Default 2. */
  readonly focus?: number | undefined;
  /** Whether binary cross-entropy is summed over classes, not averaged. Default false. */
  readonly sumClasses?: boolean | undefined;
  /** Targets of binary cross-entropy above this count as 1, others as 0. Default: they stay as they are. */
  readonly threshold?: number | undefined;
}

/** The name of a loss. */
export type LossName = "cross-entropy" | "bce" | "focal";

/** All names. */
export const lossNames: readonly LossName[] = ["cross-entropy", "bce", "focal"];

/** The sums of the loss that `options` name. Throws RangeError where shapes or options do not fit. */
export function lossSums(
  logits: Tensor,
  targets: Tensor,
  options: NamedLossOptions = {},
): LossSums {
  switch (options.loss) {
    case "bce":
      return binarySums(logits, targets, options);
    case "focal":
      return focalSums(logits, targets, options);
    default:
      return crossEntropySums(logits, targets, options);
  }
}

/**
 * Each class against all others: −t ln σ(z) − (1 − t) ln(1 − σ(z)), weighted by the class, averaged over rows and
 * classes. Semantics of timm's `BinaryCrossEntropy`: smoothing gives every class ε/k and the right one 1 − ε more.
 */
function binarySums(logits: Tensor, targets: Tensor, options: NamedLossOptions): LossSums {
  const { weights, sumClasses = false, threshold } = options;
  const [n, k] = logits.shape as [number, number];
  const { smooth, weighted, counted } = prepared(logits, options);
  const soft = smooth(targets);
  const t = threshold === undefined ? soft : positive(sub(soft, full(threshold, [])));
  const total = sum(counted(sum(weighted(sub(softplus(logits), mul(logits, t))), [1])));
  const each = sumClasses ? 1 : k;
  return { total, count: weights ? mul(sum(weights), full(each, [])) : full(n * each, []) };
}

/**
 * Σ a · (1 − p)^γ · (−ln p) of softmax probabilities: cross-entropy in which what is right already counts little;
 * Lin et al. 2017, arXiv:1708.02002, for classes that exclude each other. Divided as cross-entropy is.
 */
function focalSums(logits: Tensor, targets: Tensor, options: NamedLossOptions): LossSums {
  const { focus = 2 } = options;
  if (!(focus >= 0 && Number.isFinite(focus))) {
    throw new RangeError(`Cannot focus by ${focus}: a finite number from 0 was needed`);
  }
  const plain = crossEntropySums(logits, targets, options);
  if (focus === 0) return plain;
  const [n, k] = logits.shape as [number, number];
  const { smooth, weighted, counted } = prepared(logits, options);
  // Even coefficients give ln Σ exp z less the mean of z.
  const even = full(1 / k, [n, k]);
  const q = relu(sub(add(crossEntropy(logits, even), mean(logits, [1])), logits));
  const rows = sum(mul(weighted(smooth(targets)), focal(q, focus)), [1]);
  return { total: sum(counted(rows)), count: plain.count };
}

/** The sums that {@linkcode softmaxCrossEntropy} divides. */
export function crossEntropySums(
  logits: Tensor,
  targets: Tensor,
  options: LossOptions = {},
): LossSums {
  const { weights, classWeights, soft = false } = options;
  const { smooth, weighted, counted } = prepared(logits, options);
  // A loss is Σ a·(−ln softmax), a = w · (t·(1 − ε) + ε/k).
  const total = sum(counted(crossEntropy(logits, weighted(smooth(targets)))));
  if (classWeights && !soft) return { total, count: sum(counted(sum(weighted(targets), [1]))) };
  return { total, count: weights ? sum(weights) : full(logits.shape[0]!, []) };
}

/** What options do to targets, to classes and to rows. Throws RangeError where they do not fit. */
function prepared(
  logits: Tensor,
  { weights, classWeights, labelSmoothing = 0 }: LossOptions,
) {
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
  return {
    smooth: (t: Tensor) =>
      labelSmoothing ? add(mul(t, full(1 - labelSmoothing, [])), full(labelSmoothing / k, [])) : t,
    weighted: (t: Tensor) => classWeights ? mul(t, constant(classWeights, [k])) : t,
    counted: (t: Tensor) => weights ? mul(t, weights) : t,
  };
}

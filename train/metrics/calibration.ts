/** Whether probabilities mean what they say, and the temperature that makes them. Changes no model. */

import { argmaxRows, requireLabels, rowsOf } from "./probabilities.ts";

/** Samples with nearly the same confidence. */
export interface ReliabilityBin {
  /** Confidences are above this and up to `to`; 0 belongs to the first bin. */
  readonly from: number;
  /** The upper bound. */
  readonly to: number;
  /** Samples in it. */
  readonly count: number;
  /** Mean confidence; NaN where the bin is empty. */
  readonly confidence: number;
  /** Share of correct predictions; NaN where the bin is empty. */
  readonly accuracy: number;
}

/** Bins of equal width over the probability of the predicted class, [n, classes]. */
export function reliability(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  { classes, bins = 15 }: { readonly classes: number; readonly bins?: number },
): ReliabilityBin[] {
  requireLabels(labels, rowsOf(probabilities, classes));
  const [counts, sums, hits] = Array.from({ length: 3 }, () => new Float64Array(bins));
  argmaxRows(probabilities, classes).forEach((k, i) => {
    const p = probabilities[i * classes + k]!;
    let bin = Math.min(bins - 1, Math.max(0, Math.ceil(p * bins) - 1));
    // A product is rounded, the bounds j / bins are the definition.
    while (bin > 0 && p <= bin / bins) bin--;
    while (bin < bins - 1 && p > (bin + 1) / bins) bin++;
    counts![bin]!++;
    sums![bin]! += p;
    hits![bin]! += k === labels[i] ? 1 : 0;
  });
  return Array.from({ length: bins }, (_, j) => ({
    from: j / bins,
    to: (j + 1) / bins,
    count: counts![j]!,
    confidence: sums![j]! / counts![j]!,
    accuracy: hits![j]! / counts![j]!,
  }));
}

/**
 * Expected calibration error of top-label confidences: Σ share of a bin · |confidence − accuracy| (Guo et al.,
 * 2017).
 */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const n = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.reduce(
    (sum, { count, confidence, accuracy }) =>
      count === 0 ? sum : sum + count / n * Math.abs(confidence - accuracy),
    0,
  );
}

/** Inverse temperatures that are tried: what separates all samples has no best one. */
const [COOLEST, HOTTEST] = [2 ** -10, 2 ** 10];

/**
 * The temperature T for which the cross-entropy of logits / T, [n, classes], is least (Guo et al., 2017): dividing
 * by it changes no prediction and no AUC of two classes. The highest of equally good ones, within 2^±10. The derivative in 1 / T,
 * mean Σ_k p_k z_k − z of the label, rises, so that halving finds its zero.
 */
export function calibrationTemperature(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const n = requireLabels(labels, rowsOf(logits, classes));
  const slope = (inverse: number): number => {
    let total = 0;
    for (let i = 0; i < n; i++) {
      let top = -Infinity;
      for (let k = 0; k < classes; k++) top = Math.max(top, logits[i * classes + k]!);
      let [sum, weighted] = [0, 0];
      for (let k = 0; k < classes; k++) {
        const z = logits[i * classes + k]!;
        const p = Math.exp((z - top) * inverse);
        sum += p;
        weighted += p * z;
      }
      total += weighted / sum - logits[i * classes + labels[i]!]!;
    }
    return total;
  };
  let [low, high] = [Math.log(COOLEST), Math.log(HOTTEST)];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-(low + high) / 2);
}

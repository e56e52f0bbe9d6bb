/** What the order of scores says: ROC, precision and recall, areas and thresholds. Knows no probability. */

import { requireLabels } from "./probabilities.ts";

/**
 * Cumulative counts at each distinct score, from the highest: a sample is called positive where its score is
 * at least the threshold. Nothing is called positive before the first.
 */
export interface Ranking {
  /** Distinct scores, falling. */
  readonly thresholds: Float64Array;
  /** Positives (label 1) called so at each threshold. */
  readonly truePositives: Float64Array;
  /** Negatives (any other label) called positive. */
  readonly falsePositives: Float64Array;
  /** Samples with label 1. */
  readonly positives: number;
  /** Samples with another label. */
  readonly negatives: number;
}

/** A threshold (positive where a score is at least that) and what it reaches. */
export interface Threshold {
  /** A score. */
  readonly threshold: number;
  /** What calling positive from there on reaches. */
  readonly value: number;
}

/**
 * Sorts scores once; everything here follows from the result. Semantics: `sklearn.metrics.roc_curve` with
 * every vertex. A score that is NaN makes every count NaN. Throws RangeError when the lengths differ.
 */
export function rank(scores: ArrayLike<number>, labels: ArrayLike<number>): Ranking {
  const n = requireLabels(labels, scores.length);
  const [own, others]: [number[], number[]] = [[], []];
  for (let i = 0; i < n; i++) (labels[i] === 1 ? own : others).push(scores[i]!);
  // Typed arrays sort by number, NaN last.
  const [up, down] = [Float64Array.from(own).sort(), Float64Array.from(others).sort()];
  const [positives, negatives] = [up.length, down.length];
  if (Number.isNaN(up.at(-1) ?? 0) || Number.isNaN(down.at(-1) ?? 0)) {
    const none = Float64Array.of(NaN);
    return { thresholds: none, truePositives: none, falsePositives: none, positives, negatives };
  }
  const [thresholds, hits, alarms]: [number[], number[], number[]] = [[], [], []];
  let [p, q] = [positives, negatives];
  while (p > 0 || q > 0) {
    const score = Math.max(p > 0 ? up[p - 1]! : -Infinity, q > 0 ? down[q - 1]! : -Infinity);
    while (p > 0 && up[p - 1] === score) p--;
    while (q > 0 && down[q - 1] === score) q--;
    thresholds.push(score);
    hits.push(positives - p);
    alarms.push(negatives - q);
  }
  return {
    thresholds: Float64Array.from(thresholds),
    truePositives: Float64Array.from(hits),
    falsePositives: Float64Array.from(alarms),
    positives,
    negatives,
  };
}

/**
 * Area under the ROC curve: the share of pairs of a positive (label 1) and a negative (any other)
 * in which the positive has the higher score, a tie counting one half; NaN when either is missing
 * or a score is NaN. Semantics: `sklearn.metrics.roc_auc_score`. Throws RangeError when the lengths
 * differ.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * assert.equal(rocAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 0.75);
 * ```
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  return areaUnderRoc(rank(scores, labels));
}

/** {@linkcode rocAuc} of scores that are ranked already. */
export function areaUnderRoc(ranking: Ranking): number {
  const { truePositives, falsePositives, positives, negatives } = ranking;
  let [area, t, f] = [0, 0, 0];
  for (let i = 0; i < truePositives.length; i++) {
    area += (falsePositives[i]! - f) * (truePositives[i]! + t) / 2;
    [t, f] = [truePositives[i]!, falsePositives[i]!];
  }
  return area / (positives * negatives);
}

/**
 * Σ (R_k − R_{k−1}) · P_k over falling thresholds, without interpolation; 0 without a positive. Semantics:
 * `sklearn.metrics.average_precision_score`.
 */
export function averagePrecision({ truePositives, falsePositives, positives }: Ranking): number {
  let [sum, t] = [0, 0];
  for (let i = 0; i < truePositives.length; i++) {
    const hits = truePositives[i]!;
    if (hits !== t) sum += (hits - t) * hits / (hits + falsePositives[i]!);
    t = hits;
  }
  return positives === 0 ? 0 : sum / positives;
}

/**
 * The rate at which as many negatives are called positive as positives are called negative, between
 * two vertices of the ROC curve interpolated along it, and the threshold there; NaN where a class is missing. Semantics:
 * `brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0, 1)`.
 */
export function equalErrorRate(ranking: Ranking): Threshold {
  const { truePositives, falsePositives, thresholds, positives, negatives } = ranking;
  let before = { fpr: 0, fnr: 1, threshold: NaN };
  for (let i = 0; i < thresholds.length; i++) {
    const fpr = falsePositives[i]! / negatives;
    const fnr = 1 - truePositives[i]! / positives;
    const threshold = thresholds[i]!;
    if (fpr >= fnr) {
      const [above, below] = [before.fnr - before.fpr, fpr - fnr];
      const share = above / (above + below);
      const between = before.threshold + share * (threshold - before.threshold);
      return {
        value: before.fpr + share * (fpr - before.fpr),
        threshold: Number.isFinite(between) ? between : threshold,
      };
    }
    before = { fpr, fnr, threshold };
  }
  return { value: NaN, threshold: NaN };
}

/**
 * The threshold with the largest TPR − FPR (Youden's J, 1950), the highest of equal ones; NaN where a class is
 * missing.
 */
export function youdenThreshold(ranking: Ranking): Threshold {
  const { truePositives, falsePositives, positives, negatives } = ranking;
  return highest(
    ranking,
    (i) => truePositives[i]! / positives - falsePositives[i]! / negatives,
  );
}

/** The threshold with the largest F1 of the positives, the highest of equal ones; NaN without a positive. */
export function f1Threshold(ranking: Ranking): Threshold {
  const { truePositives, falsePositives, positives } = ranking;
  const f1 = (i: number) =>
    2 * truePositives[i]! / (truePositives[i]! + falsePositives[i]! + positives);
  return positives === 0 ? { value: NaN, threshold: NaN } : highest(ranking, f1);
}

function highest({ thresholds }: Ranking, valueAt: (i: number) => number): Threshold {
  let best: Threshold = { value: NaN, threshold: NaN };
  for (let i = 0; i < thresholds.length; i++) {
    const value = valueAt(i);
    if (value > best.value || Number.isNaN(best.value)) {
      best = { value, threshold: thresholds[i]! };
    }
  }
  return Number.isNaN(best.value) ? { value: NaN, threshold: NaN } : best;
}

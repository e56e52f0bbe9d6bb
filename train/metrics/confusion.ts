/** Who is taken for whom, and what follows from those counts. Knows no score. */

import { requireLabels } from "./probabilities.ts";

/** Counts [label][predicted] of samples, labels in order. */
export type Confusion = readonly (readonly number[])[];

/** How one class fares against all others. */
export interface ClassScores {
  /** Samples of the class. */
  readonly support: number;
  /** Share of those called so that are; 0 where none is called so. */
  readonly precision: number;
  /** Share of those that are that are called so; 0 where there is none. */
  readonly recall: number;
  /** 2 TP / (2 TP + FP + FN), 0 where that is 0 / 0. */
  readonly f1: number;
}

/** Counts of labels and predictions, each 0 … classes − 1. Throws RangeError for others. */
export function confusionOf(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number[][] {
  const n = requireLabels(labels, predicted.length);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < n; i++) {
    const row = counts[labels[i]!];
    if (row?.[predicted[i]!] === undefined) {
      throw new RangeError(
        `Cannot count label ${labels[i]} taken for ${predicted[i]}: both were needed in 0 … ${
          classes - 1
        }`,
      );
    }
    row[predicted[i]!]!++;
  }
  return counts;
}

/** Support, precision, recall and F1 of each class. */
export function classScores(confusion: Confusion): ClassScores[] {
  const called = calledOf(confusion);
  return confusion.map((row, k) => {
    const [support, hits] = [sum(row), row[k]!];
    return {
      support,
      precision: ratio(hits, called[k]!),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, support + called[k]!),
    };
  });
}

/**
 * F1 of class 1 of two; of more, the mean over the classes that are there or called. Semantics:
 * `sklearn.metrics.f1_score`, binary or macro, with `zero_division=0`.
 */
export function f1Score(confusion: Confusion): number {
  const scores = classScores(confusion);
  if (scores.length === 2) return scores[1]!.f1;
  const there = scores.filter(({ support }, k) =>
    support > 0 || confusion.some((row) => row[k]! > 0)
  );
  return ratio(sum(there.map(({ f1 }) => f1)), there.length);
}

/** Mean recall of the classes that are there. Semantics: `sklearn.metrics.balanced_accuracy_score`. */
export function balancedAccuracy(confusion: Confusion): number {
  const there = classScores(confusion).filter(({ support }) => support > 0);
  return sum(there.map(({ recall }) => recall)) / there.length;
}

/**
 * Matthews' correlation coefficient, for more than two classes Gorodkin's R_K (2004); 0 where it is 0 / 0.
 * Semantics: `sklearn.metrics.matthews_corrcoef`.
 */
export function matthewsCorrelation(confusion: Confusion): number {
  const truth = confusion.map(sum);
  const called = calledOf(confusion);
  const n = sum(truth);
  const hits = sum(confusion.map((row, k) => row[k]!));
  const product = (a: readonly number[], b: readonly number[]) => sum(a.map((v, k) => v * b[k]!));
  const covariance = hits * n - product(truth, called);
  const spread = (n * n - product(called, called)) * (n * n - product(truth, truth));
  return ratio(covariance, Math.sqrt(spread));
}

/** How often each class was called. */
function calledOf(confusion: Confusion): number[] {
  return confusion.map((_, k) => sum(confusion.map((row) => row[k]!)));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

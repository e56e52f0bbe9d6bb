/** Numbers of whole rows of outputs: probabilities, losses, shares of correct rows. Ranks nothing. */

/** The smallest probability that a logarithm is taken of: float64's epsilon, as scikit-learn. */
const EPSILON = 2 ** -52;

/**
 * Probabilities of rows of logits, [n, classes] both: exp(x − max) over its sum.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * assert.deepEqual([...softmax(Float32Array.of(3, 3), 2)], [0.5, 0.5]);
 * ```
 */
export function softmax(logits: ArrayLike<number>, classes: number): Float64Array {
  const n = rowsOf(logits, classes);
  const probabilities = Float64Array.from(logits);
  for (let i = 0; i < n; i++) {
    const row = probabilities.subarray(i * classes, (i + 1) * classes);
    const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
    row.forEach((x, k) => row[k] = Math.exp(x - top));
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((x, k) => row[k] = x / sum);
  }
  return probabilities;
}

/**
 * Mean cross-entropy of rows of logits, [n, classes]: ln Σ exp(x) − x of the label. Unlike
 * {@linkcode logLoss}, it has no bound where a probability is 0 in float64.
 */
export function crossEntropy(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const n = requireLabels(labels, rowsOf(logits, classes));
  let total = 0;
  for (let i = 0; i < n; i++) {
    let top = -Infinity;
    for (let k = 0; k < classes; k++) top = Math.max(top, logits[i * classes + k]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[i * classes + k]! - top);
    total += top + Math.log(sum) - (logits[i * classes + labels[i]!] ?? NaN);
  }
  return total / n;
}

/**
 * Mean of −ln p of the labels' probabilities, [n, classes], which are kept from 0 and 1 by 2^−52.
 * Semantics: `sklearn.metrics.log_loss`.
 */
export function logLoss(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const n = requireLabels(labels, rowsOf(probabilities, classes));
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const p = probabilities[i * classes + labels[i]!] ?? NaN;
    sum -= Math.log(Math.min(Math.max(p, EPSILON), 1 - EPSILON));
  }
  return sum / n;
}

/**
 * Mean squared distance of probabilities, [n, classes], from the labels' 0 and 1: summed over the
 * classes, but of two classes only the second counts. Semantics: `sklearn.metrics.brier_score_loss`.
 */
export function brierScore(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const n = requireLabels(labels, rowsOf(probabilities, classes));
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let k = classes === 2 ? 1 : 0; k < classes; k++) {
      sum += (probabilities[i * classes + k]! - (labels[i] === k ? 1 : 0)) ** 2;
    }
  }
  return sum / n;
}

/** Position of the largest element of each row of [n, classes], the first of equal ones. */
export function argmaxRows(rows: ArrayLike<number>, classes: number): Int32Array {
  const best = new Int32Array(rowsOf(rows, classes));
  for (let i = 0; i < best.length; i++) {
    for (let k = 1; k < classes; k++) {
      if (rows[i * classes + k]! > rows[i * classes + best[i]!]!) best[i] = k;
    }
  }
  return best;
}

/** Share of the rows [n, classes] whose largest element is at the label, the first of equal ones. */
export function accuracy(
  rows: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  return topAccuracy(rows, labels, { classes, k: 1 });
}

/**
 * Share of the rows [n, classes] whose label is among the `k` largest elements; of equal ones the first
 * are the larger. It is 1 where `k` is at least `classes`.
 */
export function topAccuracy(
  rows: ArrayLike<number>,
  labels: ArrayLike<number>,
  { classes, k }: { readonly classes: number; readonly k: number },
): number {
  const n = requireLabels(labels, rowsOf(rows, classes));
  let correct = 0;
  for (let i = 0; i < n; i++) {
    const label = labels[i]!;
    const own = rows[i * classes + label]!;
    let before = 0;
    for (let c = 0; c < classes; c++) {
      const x = rows[i * classes + c]!;
      if (x > own || (x === own && c < label)) before++;
    }
    if (before < k) correct++;
  }
  return correct / n;
}

/** Rows of [n, classes]. Throws RangeError where the last is not whole. */
export function rowsOf(values: ArrayLike<number>, classes: number): number {
  const n = values.length / classes;
  if (!Number.isSafeInteger(n)) {
    throw new RangeError(
      `Cannot measure ${values.length} outputs: whole rows of ${classes} were needed`,
    );
  }
  return n;
}

/** `n`. Throws RangeError where there are not as many labels. */
export function requireLabels(labels: ArrayLike<number>, n: number): number {
  if (labels.length === n) return n;
  throw new RangeError(
    `Cannot measure ${n} outputs with ${labels.length} labels: ${n} were needed`,
  );
}

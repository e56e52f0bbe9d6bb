/** Numbers that say how good outputs are, in float64. Runs no model and prints nothing. */

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
  requireLabels(labels, scores.length);
  const order = Float64Array.from(scores).sort(); // NaN comes last.
  if (order.length === 0 || Number.isNaN(order.at(-1))) return NaN;
  const positives = Array.from(scores).filter((_, i) => labels[i] === 1).sort((a, b) => a - b);
  const negatives = order.length - positives.length;
  let [first, won] = [0, 0];
  for (let i = 0; i < positives.length;) {
    const score = positives[i]!;
    let next = i;
    while (positives[next] === score) next++;
    while (order[first]! < score) first++;
    let last = first;
    while (order[last] === score) last++;
    const [same, below, tied] = [next - i, first - i, last - first - (next - i)];
    won += same * (below + tied / 2);
    i = next;
  }
  return won / (positives.length * negatives);
}

/** Share of the rows [n, classes] whose largest element is at the label, the first of equal ones. */
export function accuracy(
  rows: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const n = requireLabels(labels, rowsOf(rows, classes));
  let correct = 0;
  for (let i = 0; i < n; i++) {
    let best = 0;
    for (let k = 1; k < classes; k++) {
      if (rows[i * classes + k]! > rows[i * classes + best]!) best = k;
    }
    if (best === labels[i]) correct++;
  }
  return correct / n;
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

function rowsOf(values: ArrayLike<number>, classes: number): number {
  const n = values.length / classes;
  if (!Number.isSafeInteger(n)) {
    throw new RangeError(
      `Cannot measure ${values.length} outputs: whole rows of ${classes} were needed`,
    );
  }
  return n;
}

function requireLabels(labels: ArrayLike<number>, n: number): number {
  if (labels.length === n) return n;
  throw new RangeError(
    `Cannot measure ${n} outputs with ${labels.length} labels: ${n} were needed`,
  );
}

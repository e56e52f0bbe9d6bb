/** Metrics against scikit-learn's own numbers, ties and single classes included. */
import assert from "node:assert/strict";
import { accuracy, logLoss, rocAuc, softmax } from "../../train/metrics.ts";
import { shared } from "../shared.ts";

interface Golden {
  readonly name: string;
  readonly y: readonly number[];
  readonly score: readonly number[];
  readonly auc: number | "nan";
  readonly accuracy: number;
  readonly "log_loss": number;
}

const path = shared("golden/training.json");

function close(actual: number, expected: number, what: string): void {
  assert(Math.abs(actual - expected) <= 1e-12, `${what}: ${actual}, not ${expected}`);
}

Deno.test({
  name: "rocAuc(), accuracy() and logLoss() have scikit-learn's values",
  ignore: path === undefined,
  fn() {
    const cases: readonly Golden[] = JSON.parse(Deno.readTextFileSync(path!)).metrics;
    assert(cases.length > 5);
    for (const { name, y, score, auc, ...golden } of cases) {
      const rows = score.flatMap((s) => [1 - s, s]);
      if (auc === "nan") assert.equal(rocAuc(score, y), NaN, name);
      else close(rocAuc(score, y), auc, `AUC of ${name}`);
      close(accuracy(rows, y, 2), golden.accuracy, `accuracy of ${name}`);
      close(logLoss(rows, y, 2), golden.log_loss, `log-loss of ${name}`);
    }
  },
});

Deno.test("rocAuc() counts pairs, ties one half, infinite scores included", () => {
  const scores = [Infinity, -Infinity, 0, -0, 3, 3, 3, Infinity, 1e-320, 2];
  for (let bits = 1; bits < 1023; bits++) {
    const labels = scores.map((_, i) => (bits >> i) & 1);
    let [won, pairs] = [0, 0];
    scores.forEach((a, i) =>
      scores.forEach((b, j) => {
        if (labels[i] !== 1 || labels[j] !== 0) return;
        pairs++;
        won += a > b ? 1 : a === b ? 0.5 : 0;
      })
    );
    close(rocAuc(scores, labels), won / pairs, `labels ${labels}`);
  }
});

Deno.test("rocAuc() is undefined without a pair and with a score that is not a number", () => {
  assert.equal(rocAuc([], []), NaN);
  assert.equal(rocAuc([1, 2], [1, 1]), NaN);
  assert.equal(rocAuc([1, NaN, 0], [0, 1, 1]), NaN);
  assert.throws(() => rocAuc([1, 2], [1]), RangeError);
});

Deno.test("softmax() neither overflows nor rounds to float32", () => {
  const rows = softmax(Float32Array.of(1000, 1001, 999, -1000, 0, -1e30), 3);
  close(rows[0]!, Math.exp(-1) / (1 + Math.exp(-1) + Math.exp(-2)), "first");
  close(rows[0]! + rows[1]! + rows[2]!, 1, "sum");
  assert.deepEqual([...rows.subarray(3)], [0, 1, 0]);
  assert.throws(() => softmax([1, 2, 3], 2), /3 outputs.*rows of 2/);
});

Deno.test("accuracy() takes the first of equal outputs", () => {
  assert.equal(accuracy([1, 1, 0, 1, 1, 0], [0, 1], 3), 0.5);
});

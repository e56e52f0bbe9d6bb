/** Metrics against scikit-learn's own numbers, ties and single classes included. */
import assert from "node:assert/strict";
import { Comparison } from "../../cli/golden/compare.ts";
import { uniform } from "../../cli/golden/fill.ts";
import { checkMetrics, type GoldenMetrics } from "../../cli/golden/metrics.ts";
import {
  accuracy,
  aucInterval,
  calibrationTemperature,
  classScores,
  confusionOf,
  detailsOf,
  equalErrorRate,
  f1Threshold,
  type Labelled,
  rank,
  rocAuc,
  scoresOf,
  softmax,
  topAccuracy,
  youdenThreshold,
} from "../../train/metrics.ts";
import { sheetOf } from "../../train/score_sheet.ts";
import { shared } from "../shared.ts";

const path = shared("golden/training.json");

function close(actual: number, expected: number, what: string): void {
  assert(Math.abs(actual - expected) <= 1e-12, `${what}: ${actual}, not ${expected}`);
}

Deno.test({
  name: path
    ? "every metric of the golden file has scikit-learn's value"
    : "every metric of the golden file has scikit-learn's value (skipped: golden numbers are not here)",
  ignore: path === undefined,
  fn() {
    const cases: readonly GoldenMetrics[] = JSON.parse(Deno.readTextFileSync(path!)).metrics;
    assert(cases.length > 5);
    const comparison = new Comparison();
    checkMetrics(cases, comparison);
    assert.deepEqual(comparison.rows.filter((row) => !(row.error <= row.limit)), []);
    assert.equal(comparison.rows.length, 12);
  },
});

Deno.test("equalErrorRate() is where the curve meets the falling diagonal, and says the threshold", () => {
  // By scipy: brentq(1 − x − interp1d(fpr, tpr)(x)).
  const scores = [0.2, 0.2, 0.9, 0.5, 0.5, 0.1, 0.5];
  const between = equalErrorRate(rank(scores, [0, 1, 1, 0, 1, 0, 1]));
  close(between.value, 0.3, "between two vertices");
  close(between.threshold, 0.9 - 0.9 * 0.4, "threshold");
  const hit = equalErrorRate(rank([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]));
  assert.deepEqual(hit, { value: 0.5, threshold: 0.4 });
  assert.deepEqual(equalErrorRate(rank([3, 3], [0, 1])), { value: 0.5, threshold: 3 });
  assert.equal(equalErrorRate(rank([1, 2], [1, 1])).value, NaN);
});

Deno.test("the best thresholds reach what no other threshold exceeds", () => {
  const scores = [0.1, 0.2, 0.2, 0.3, 0.4, 0.5, 0.5, 0.6, 0.8, 0.9];
  const labels = [0, 0, 1, 0, 1, 0, 1, 1, 0, 1];
  const at = (threshold: number) => {
    const confusion = confusionOf(scores.map((s) => s >= threshold ? 1 : 0), labels, 2);
    const [negative, positive] = classScores(confusion);
    return { youden: positive!.recall + negative!.recall - 1, f1: positive!.f1 };
  };
  const ranking = rank(scores, labels);
  const all = scores.map(at);
  const [youden, f1] = [youdenThreshold(ranking), f1Threshold(ranking)];
  close(youden.value, Math.max(...all.map((one) => one.youden)), "Youden's J");
  close(at(youden.threshold).youden, youden.value, "at its threshold");
  close(f1.value, Math.max(...all.map((one) => one.f1)), "F1");
  close(at(f1.threshold).f1, f1.value, "at its threshold");
  assert.equal(f1Threshold(rank([1, 2], [0, 0])).threshold, NaN);
  assert.equal(youdenThreshold(rank([1, 2], [0, 0])).threshold, NaN);
});

/** Fifty rows of four classes from the golden files' hash; its numbers below are scikit-learn's. */
function fourClasses(): Labelled {
  const [n, classes] = [50, 4];
  const labels = Int32Array.from({ length: n }, (_, i) => uniform(i, 2) * classes);
  const logits = Float64Array.from(
    { length: n * classes },
    (_, i) => 4 * uniform(i, 1) + (labels[Math.floor(i / classes)] === i % classes ? 1 : 0),
  );
  return { logits, labels, classes };
}

Deno.test("scoresOf() has scikit-learn's values for four classes", () => {
  const scores = scoresOf(fourClasses());
  close(scores.auc, 0.707318677792041, "AUC, one against rest");
  close(scores["average_precision"], 0.5521150656223834, "average precision, macro");
  close(scores["log_loss"], 1.2307944282228207, "log-loss");
  close(scores.loss, 1.2307944282228207, "loss");
  close(scores.brier, 0.6534163195314397, "Brier score");
  close(scores.f1, 0.43356259968102073, "F1, macro");
  close(scores.mcc, 0.2697587868009664, "MCC");
  close(scores["balanced_accuracy"], 0.4392857142857142, "balanced accuracy");
  close(scores.accuracy, 0.46, "accuracy");
  assert.equal(scores.top5, 1);
  const { logits, labels, classes } = fourClasses();
  close(topAccuracy(logits, labels, { classes, k: 2 }), 0.66, "top-2 accuracy");
});

Deno.test("calibrationTemperature() finds the least loss, and ends where there is none", () => {
  const { logits, labels, classes } = fourClasses();
  const temperature = calibrationTemperature(logits, labels, classes);
  // scipy.optimize.minimize_scalar, to its precision.
  assert.ok(Math.abs(temperature - 1.52582384) < 1e-6, String(temperature));
  const sheet = sheetOf(fourClasses(), {
    ...{ classes: ["a", "b", "c", "d"], seed: 1 },
    calibrate: true,
  });
  close(sheet.loss, 1.1924062054218587, "loss at that temperature");
  assert.equal(sheet.temperature, temperature);
  const separated = calibrationTemperature([0, 3, 3, 0], [1, 0], 2);
  assert.ok(separated >= 2 ** -10 && Math.exp(-3 / separated) < 2 ** -52, String(separated));
});

Deno.test("aucInterval() holds the AUC, narrows with more images and depends on the seed alone", () => {
  const draw = (n: number) => {
    const labels = Int32Array.from({ length: n }, (_, i) => i % 2);
    const scores = Float64Array.from(labels, (y, i) => (uniform(i, 3) + 0.4 * y) / 1.4);
    return { labels, scores, rows: [...scores].flatMap((s) => [1 - s, s]) };
  };
  const interval = ({ rows, labels }: ReturnType<typeof draw>, seed: number) =>
    aucInterval(rows, labels, { classes: 2, seed });
  const [few, many] = [draw(60), draw(600)];
  const [low, high] = interval(few, 1);
  const auc = rocAuc(few.scores, few.labels);
  assert.ok(low < auc && auc < high, `${low} … ${auc} … ${high}`);
  // Hanley and McNeil's (1982) standard error is within a quarter of the bootstrap's.
  const [q1, q2] = [auc / (2 - auc), 2 * auc ** 2 / (1 + auc)];
  const error = Math.sqrt((auc * (1 - auc) + 29 * (q1 - auc ** 2 + q2 - auc ** 2)) / 900);
  assert.ok(Math.abs((high - low) / (2 * 1.96 * error) - 1) < 0.25, `${high - low}, ${error}`);
  const [lowOfMany, highOfMany] = interval(many, 1);
  assert.ok(highOfMany - lowOfMany < (high - low) / 2);
  assert.deepEqual(interval(few, 1), [low, high]);
  assert.notDeepEqual(interval(few, 2), [low, high]);
  assert.deepEqual(aucInterval([0, 1, 0, 1], [1, 1], { classes: 2, seed: 1 }), [NaN, NaN]);
});

Deno.test("detailsOf() lists classes and who is taken for whom; labels that are no class are refused", () => {
  const made = { logits: [2, 1, 0, 3, 1, 2], labels: [0, 1, 0], classes: 2 };
  const details = detailsOf(made);
  assert.deepEqual(details.confusion, [[1, 1], [0, 1]]);
  assert.deepEqual(details["per_class"][0], {
    ...{ support: 2, precision: 1, recall: 0.5, f1: 2 / 3, auc: 1 },
  });
  assert.ok(details.thresholds!.youden > 0.7);
  assert.throws(() => detailsOf({ ...made, labels: [0, 2, 0] }), /label 2 .*0 … 1/);
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

/** Submissions: what stands in them, how a file is checked, and which images are doubted. */
import assert from "node:assert/strict";
import { doubtsOf, requireSubmission, submissionOf } from "../../train/submission.ts";

const binary = { classNames: ["real", "fake"] };
const scores = Float64Array.of(0.75, 0.25, 0.5, 0.5);

Deno.test("submissionOf() gives class 1 in the given order, under the sample's names", () => {
  const plain = submissionOf(["b.jpg", "a.jpg"], scores, binary);
  assert.deepEqual(plain, {
    columns: ["img_name", "y_pred"],
    nameAt: 0,
    names: ["b.jpg", "a.jpg"],
    rows: [[0.25], [0.5]],
  });
  const swapped = { columns: ["p(fake)", "id"], nameAt: 1 };
  assert.deepEqual(submissionOf(["b", "a"], scores, { ...binary, sample: swapped }), {
    ...swapped,
    names: ["b", "a"],
    rows: [[0.25], [0.5]],
  });
  const more = { columns: ["id", "fold", "fake"], nameAt: 0 };
  const { columns } = submissionOf(["b", "a"], scores, { ...binary, sample: more });
  assert.deepEqual(columns, ["img_name", "y_pred"]);
});

Deno.test("submissionOf() gives a column for each of three classes, in the order of a sample", () => {
  const classNames = ["cat", "dog", "owl"];
  const three = Float64Array.of(0.25, 0.5, 0.125);
  const plain = submissionOf(["x"], three, { classNames });
  assert.deepEqual([plain.columns, plain.rows], [["img_name", ...classNames], [
    [0.25, 0.5, 0.125],
  ]]);
  const sample = { columns: ["owl", "file", "cat", "dog"], nameAt: 1 };
  const ordered = submissionOf(["x"], three, { classNames, sample });
  assert.deepEqual([ordered.columns, ordered.rows], [sample.columns, [[0.125, 0.25, 0.5]]]);
});

Deno.test("submissionOf() refuses a score that is missing or not finite", () => {
  const refused = () => submissionOf(["b.jpg"], Float64Array.of(0.75, NaN), binary);
  assert.throws(refused, /Cannot write the row of "b\.jpg": its score is NaN/);
  assert.throws(() => submissionOf(["b.jpg"], Float64Array.of(), binary), /b\.jpg/);
});

Deno.test("requireSubmission() finds what differs: rows, order, scores, their range", () => {
  const wanted = submissionOf(["b.jpg", "a.jpg"], scores, binary);
  assert.deepEqual(requireSubmission(wanted, wanted, "s.csv"), { lowest: 0.25, highest: 0.5 });
  const refused = (change: Partial<typeof wanted>, expected: RegExp) =>
    assert.throws(() => requireSubmission({ ...wanted, ...change }, wanted, "s.csv"), expected);
  refused({ names: ["b.jpg"] }, /^DataError: Cannot use s\.csv: it has 1 rows, one for each of 2/);
  refused({ names: ["a.jpg", "b.jpg"] }, /row 1 is of "a\.jpg", "b\.jpg" was needed/);
  refused({ rows: [[0.25], [0.25]] }, /row 2, "a\.jpg", has 0\.25, 0\.5 was needed/);
  refused({ rows: [[-0.25], [0.5]] }, /row 1, "b\.jpg", has -0\.25, a number from 0 to 1/);
  refused({ rows: [[NaN], [0.5]] }, /has NaN/);
});

Deno.test("doubtsOf() lists the closest calls, and what views and models differ on", () => {
  const first = [0.9, 0.45, 0.1, 0.52];
  const probabilities = Float64Array.from(first.flatMap((p) => [p, 1 - p]));
  const spread = Float64Array.of(0, 0.2, 0.1, 0.01);
  const options = { ...binary, count: 2 };
  const names = ["a", "b", "c", "d"];
  const { uncertain, disputed } = doubtsOf(names, { probabilities, spread, views: 2 }, options);
  assert.deepEqual(uncertain.map(({ name, taken }) => [name, taken]), [["d", "real"], [
    "b",
    "fake",
  ]]);
  assert.deepEqual(disputed.map(({ name }) => name), ["b", "c"]);
  assert.deepEqual(disputed[0], { name: "b", taken: "fake", probability: 0.55, spread: 0.2 });
  assert.deepEqual(doubtsOf(names, { probabilities, spread, views: 1 }, options).disputed, []);
});

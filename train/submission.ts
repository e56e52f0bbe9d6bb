/** A submission: which table a prediction becomes, and whether a file holds it. Writes and reads no file itself. */

import { DataError } from "../data/errors.ts";
import type { SampleFile } from "../data/labels.ts";
import type { NumberTable } from "../data/table_file.ts";

/** What a submission is made of. */
export interface SubmissionOptions {
  /** Names of the classes; the position is the label. */
  readonly classNames: readonly string[];
  /** What its columns are called and which comes first; `img_name`, `y_pred` if not given. */
  readonly sample?: Pick<SampleFile, "columns" | "nameAt"> | undefined;
}

/**
 * The table of a submission: each name with the score of class 1, or with other than two classes with a score of
 * each, headed by the names of the classes. A sample with as many columns says what they are called and, where
 * those are the classes, their order. Throws RangeError when a score is missing or not finite.
 */
export function submissionOf(
  names: readonly string[],
  scores: ArrayLike<number>,
  { classNames, sample }: SubmissionOptions,
): NumberTable {
  const binary = classNames.length === 2;
  const usual = { columns: ["img_name", ...binary ? ["y_pred"] : classNames], nameAt: 0 };
  const others = sample?.columns.toSpliced(sample.nameAt, 1) ?? [];
  const same = binary
    ? others.length === 1
    : others.length === classNames.length && classNames.every((name) => others.includes(name));
  const { columns, nameAt } = sample && same ? sample : usual;
  const order = binary ? [1] : columns.toSpliced(nameAt, 1).map((name) => classNames.indexOf(name));
  const rows = names.map((name, i) =>
    order.map((k) => {
      const score = scores[i * classNames.length + k] ?? NaN;
      if (Number.isFinite(score)) return score;
      throw new RangeError(
        `Cannot write the row of "${name}": its score is ${score}, a finite one was needed`,
      );
    })
  );
  return { columns, nameAt, names, rows };
}

/** The least and the greatest score of a table. */
export interface ScoreRange {
  /** Of all rows. */
  readonly lowest: number;
  /** Of all rows. */
  readonly highest: number;
}

/**
 * Throws {@linkcode DataError}, which names `where`, unless the table that was read has the rows that were to be
 * written: as many, with the same names in the same order, and the same scores, from 0 to 1. Gives their range.
 */
export function requireSubmission(
  read: NumberTable,
  wanted: NumberTable,
  where: string,
): ScoreRange {
  const refuse = (is: string, needed: string) =>
    new DataError(`Cannot use ${where}: ${is}, ${needed} was needed`);
  if (read.names.length !== wanted.names.length) {
    throw refuse(
      `it has ${read.names.length} rows`,
      `one for each of ${wanted.names.length} names`,
    );
  }
  let [lowest, highest] = [1, 0];
  read.names.forEach((name, i) => {
    if (name.trim() !== wanted.names[i]!.trim()) {
      throw refuse(`row ${i + 1} is of "${name}"`, `"${wanted.names[i]}"`);
    }
    read.rows[i]!.forEach((score, k) => {
      if (!(score >= 0 && score <= 1)) {
        throw refuse(`row ${i + 1}, "${name}", has ${score}`, "a number from 0 to 1");
      }
      if (score !== wanted.rows[i]![k]) {
        throw refuse(`row ${i + 1}, "${name}", has ${score}`, `${wanted.rows[i]![k]}`);
      }
      lowest = Math.min(lowest, score);
      highest = Math.max(highest, score);
    });
  });
  return { lowest, highest };
}

/** An image and how it was judged. */
export interface Judgement {
  /** Of the image. */
  readonly name: string;
  /** The class it was taken for. */
  readonly taken: string;
  /** The probability of that class. */
  readonly probability: number;
  /** How far views and models are apart: a standard deviation of probabilities. */
  readonly spread: number;
}

/** The images that a prediction is least sure of. */
export interface Doubts {
  /** Those whose two likeliest classes are closest, the closest first. */
  readonly uncertain: readonly Judgement[];
  /** Those on which views and models differ most; empty where there was one view of one model. */
  readonly disputed: readonly Judgement[];
}

/** At most `count` images of each kind; among equals the first comes first. */
export function doubtsOf(
  names: readonly string[],
  prediction: {
    readonly probabilities: Float64Array;
    readonly spread: Float64Array;
    readonly views: number;
  },
  { classNames, count }: { readonly classNames: readonly string[]; readonly count: number },
): Doubts {
  const { probabilities, spread, views } = prediction;
  const k = classNames.length;
  const judged = names.map((name, i) => {
    const row = probabilities.subarray(i * k, (i + 1) * k);
    const [first = NaN, second = 0] = [...row].sort((a, b) => b - a);
    const taken = classNames[row.indexOf(first)]!;
    return { name, taken, probability: first, spread: spread[i]!, margin: first - second };
  });
  const judgement = ({ name, taken, probability, spread }: typeof judged[number]): Judgement => ({
    ...{ name, taken, probability, spread },
  });
  const uncertain = judged.toSorted((a, b) => a.margin - b.margin).slice(0, count).map(judgement);
  const disputed = views < 2
    ? []
    : judged.toSorted((a, b) => b.spread - a.spread).slice(0, count).map(judgement);
  return { uncertain, disputed };
}

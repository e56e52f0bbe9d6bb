/** A submission as a file, read back and checked, and what is said of it. Predicts nothing. */

import type { SampleFile } from "../data/labels.ts";
import type { Files } from "../data/files.ts";
import {
  formatTable,
  type NumberTable,
  parseTable,
  TABLE_ENDINGS,
  type TableFormat,
  tableFormat,
} from "../data/table_file.ts";
import type { Reporter } from "../train/events.ts";
import { type Average, ensemble, type Prediction } from "../train/predict.ts";
import { doubtsOf, requireSubmission, type ScoreRange, submissionOf } from "../train/submission.ts";
import { UsageError } from "./errors.ts";
import { type Command, whole } from "./flags.ts";
import { requireWritable } from "./output.ts";

/** What is asked beside the submission. */
export interface ExplainFlag {
  /** How many images; true for the usual number. */
  readonly explain?: number | true;
}

/** `command` with the flag of {@linkcode ExplainFlag}. */
export function withExplainFlag(command: Command): Command {
  return command.option(
    "--explain [n]",
    "list the n images (default: 10) that are least certain, and those that views and models " +
      "differ on most",
    whole(1),
  );
}

/** The format that the name of a submission says. Throws UsageError for none, and where it cannot be written. */
export async function requireTable(files: Files, out: string): Promise<TableFormat> {
  const format = tableFormat(out);
  if (!format) {
    throw new UsageError(
      `Cannot write --out "${out}": a name that ends in ${TABLE_ENDINGS.join(", ")} was needed`,
    );
  }
  await requireWritable(files, out);
  return format;
}

/** What is predicted and how it is to stand in the file. */
export interface Answers extends ExplainFlag {
  readonly names: readonly string[];
  /** One for each checkpoint. */
  readonly predictions: readonly Prediction[];
  readonly average: Average;
  readonly classNames: readonly string[];
  readonly sample?: Pick<SampleFile, "columns" | "nameAt"> | undefined;
  readonly report: Reporter;
}

/** Writes the submission, which appears whole or not at all, and says what is in doubt. Gives its range. */
export async function writeSubmission(
  files: Files,
  { out, format }: { readonly out: string; readonly format: TableFormat },
  { names, predictions, average, classNames, sample, explain, report }: Answers,
): Promise<ScoreRange> {
  const answer = ensemble(predictions, average);
  const table = submissionOf(names, answer.scores, { classNames, sample });
  const range = await writeChecked(files, { out, format }, table);
  if (explain !== undefined) {
    const count = explain === true ? 10 : explain;
    report({ event: "doubts", ...doubtsOf(names, answer, { classNames, count }) });
  }
  return range;
}

/** Writes a table, reads the file and compares. Throws DataError where it does not hold the table. */
async function writeChecked(
  files: Files,
  { out, format }: { readonly out: string; readonly format: TableFormat },
  table: NumberTable,
): Promise<ScoreRange> {
  await files.writeAtomic(out, await formatTable(table, format));
  const { columns, nameAt } = table;
  const read = await parseTable(await files.read(out), { format, where: out, columns, nameAt });
  return requireSubmission(read, table, out);
}

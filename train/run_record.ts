/** What a run leaves beside checkpoints: its steps, its log, what validation gave. Judges nothing. */

import { formatCsv, parseCsv } from "../data/csv.ts";
import { DataError } from "../data/errors.ts";
import { type Files, join } from "../data/files.ts";
import type { Sample } from "../data/sample.ts";
import type { Outputs } from "./evaluate.ts";
import type { RunEvent, StepEvent } from "./events.ts";
import { textOf } from "./log.ts";

/** Columns of `steps.csv`; a row is a reading of loss and accuracy. */
const STEP_COLUMNS = [
  "epoch",
  "step",
  "loss",
  "accuracy",
  "lr",
  "img_per_s",
  "waiting",
] as const;

/** Most numbers that `validation.csv` is written with: more is no file for people. */
const MOST_OUTPUTS = 4e6;

/** What validation gave at the best epoch. */
export interface ValidationOutputs extends Outputs {
  /** The image of each row. */
  readonly samples: readonly Sample[];
}

/**
 * Appends whole rows to `steps.csv` and lines to `train.log` of a run folder. Calls to {@linkcode report} queue
 * up; a write that fails is thrown by the next {@linkcode flush}.
 */
export class RunRecord {
  readonly #files: Files;
  readonly #path: string;
  #queue: Promise<void> = Promise.resolve();
  #failure: unknown;

  private constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /**
   * Begins or goes on with the record of a run; rows of steps after `step`, which a run that stopped may have
   * left, are forgotten.
   */
  static async open(
    files: Files,
    path: string,
    { step = 0 }: { readonly step?: number } = {},
  ): Promise<RunRecord> {
    const record = new RunRecord(files, path);
    await record.#forget(step);
    return record;
  }

  /** Goes on after `step` once more: rows of later steps are forgotten, as on opening. */
  async goBack(step: number): Promise<void> {
    await this.flush();
    await this.#forget(step);
  }

  async #forget(step: number): Promise<void> {
    const steps = join(this.#path, "steps.csv");
    const rows = await this.#files.kind(steps) === "file"
      ? wholeRows(await this.#files.readText(steps)).filter((row) => Number(row[1]) <= step)
      : [];
    const text = formatCsv({ columns: STEP_COLUMNS, rows });
    await this.#files.writeAtomic(steps, new TextEncoder().encode(text));
  }

  /** Keeps what an event says. */
  readonly report = (event: RunEvent): void => {
    if (event.event === "progress") return;
    if (event.event === "step") {
      this.#append("steps.csv", `${stepRow(event).join(",")}\n`);
      return;
    }
    const time = new Date().toISOString().slice(0, 19);
    const lines = textOf(event).split("\n");
    this.#append("train.log", lines.map((line) => `${time} ${line}\n`).join(""));
  };

  /** Keeps the outputs of the best epoch in `validation.csv`; says whether they were few enough. */
  async keepOutputs(samples: readonly Sample[], outputs: Outputs): Promise<boolean> {
    if (outputs.logits.length > MOST_OUTPUTS) return false;
    const text = formatOutputs({ ...outputs, samples });
    const path = join(this.#path, "validation.csv");
    await this.#files.writeAtomic(path, new TextEncoder().encode(text));
    return true;
  }

  /** Waits until everything is written. Throws what the file system said to the first write that failed. */
  async flush(): Promise<void> {
    await this.#queue;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #append(name: string, text: string): void {
    this.#queue = this.#queue
      .then(() => this.#files.appendText(join(this.#path, name), text))
      .catch((error) => this.#failure ??= error);
  }
}

function stepRow(event: StepEvent): number[] {
  const step = (event.epoch - 1) * event.steps + event.step;
  return [
    ...[event.epoch, step, event.loss, event.accuracy, event.lr],
    Number(event["img_per_s"].toFixed(2)),
    Number(event.waiting.toFixed(4)),
  ];
}

/** The rows of `steps.csv` that were written to their end. */
export function wholeRows(text: string): string[][] {
  return text.split("\n").slice(1, -1)
    .map((row) => row.split(","))
    .filter((row) => row.length === STEP_COLUMNS.length);
}

/** Outputs as a table: name, path and label of each image, then a column of logits for each class. */
export function formatOutputs({ samples, logits, classes }: ValidationOutputs): string {
  const columns = outputColumns(classes);
  const rows = samples.map(({ name, path, label }, i) => [
    ...[name, path, String(label)],
    // Nine digits tell any two float32 numbers apart.
    ...[...logits.subarray(i * classes, (i + 1) * classes)].map((x) => `${+x.toPrecision(9)}`),
  ]);
  return formatCsv({ columns, rows });
}

/** The outputs in such a table. Throws DataError with `where` in it for another table. */
export function parseOutputs(text: string, where: string): ValidationOutputs {
  const { columns, rows } = parseCsv(text, where);
  const classes = columns.length - outputColumns(0).length;
  if (classes < 1 || columns.join() !== outputColumns(classes).join()) {
    throw new DataError(
      `Cannot read ${where}: its columns are ${columns.join(", ") || "none"}, ` +
        `${outputColumns(1).join(", ")} and so on were needed`,
    );
  }
  const samples = rows.map(([name, path, text], i) => {
    const label = Number(text || NaN);
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new DataError(
        `Cannot read ${where}: row ${i + 1} has the label "${text}", one of 0 … ${
          classes - 1
        } was needed`,
      );
    }
    return { name: name!, path: path!, label };
  });
  return {
    samples,
    classes,
    labels: Int32Array.from(samples, ({ label }) => label),
    logits: Float32Array.from(rows.flatMap((row) => row.slice(3).map(Number))),
  };
}

function outputColumns(classes: number): string[] {
  return ["img_name", "path", "label", ...Array.from({ length: classes }, (_, k) => `logit_${k}`)];
}

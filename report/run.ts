/** A run folder as data: what all its files say, read once. Draws nothing and changes nothing. */

import { type Files, join } from "../data/files.ts";
import { CheckpointError } from "../train/checkpoint.ts";
import type { ClassCount } from "../train/events.ts";
import { type EpochRow, parseMetrics } from "../train/run_folder.ts";
import { parseOutputs, type ValidationOutputs, wholeRows } from "../train/run_record.ts";
import { type ScoreSheet, sheetOf } from "../train/score_sheet.ts";

/** A reading of the training loss within an epoch. */
export interface StepRow {
  readonly epoch: number;
  /** Steps of the whole run. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly lr: number;
  readonly imagesPerSecond: number;
  /** Share of the time that was spent waiting for images. */
  readonly waiting: number;
}

/** What a run was trained on, as `data.json` has it. */
export interface RunSource {
  readonly source: string;
  readonly classes: readonly ClassCount[];
  readonly notes: readonly string[];
  /** Images that could not be used. */
  readonly leftOut: number;
}

/** A run, finished or not. */
export interface RunData {
  /** Its folder. */
  readonly path: string;
  /** The last part of that. */
  readonly name: string;
  /** The resolved configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The one in it; 0 where it has none. */
  readonly seed: number;
  /** Where it runs; undefined where that was not written down. */
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly data?: RunSource;
  readonly epochs: readonly EpochRow[];
  readonly steps: readonly StepRow[];
  /** The last epoch that was the best so far. */
  readonly best?: EpochRow;
  /** What validation gave at that epoch. */
  readonly validation?: ValidationOutputs;
  /** What those outputs are worth. */
  readonly sheet?: ScoreSheet;
  /** When they were written, in milliseconds since 1970; 0 where there are none. */
  readonly validated: number;
}

/**
 * Reads a run folder. Throws CheckpointError where `path` is none; files that are not there yet are left out.
 * `before` is what was read last time: outputs that are still the same are not measured again.
 */
export async function readRun(files: Files, path: string, before?: RunData): Promise<RunData> {
  const text = async (name: string) => {
    const file = join(path, name);
    return await files.kind(file) === "file" ? await files.readText(file) : undefined;
  };
  const config = await text("config.json");
  if (config === undefined) {
    throw new CheckpointError(
      `Cannot report on "${path}": it has no config.json, the folder of a run was needed`,
    );
  }
  const [environment, data, metrics, steps] = await Promise.all(
    ["env.json", "data.json", "metrics.csv", "steps.csv"].map(text),
  );
  const settings = parsed(config, join(path, "config.json"));
  const seed = Number.isSafeInteger(settings.seed) ? settings.seed as number : 0;
  const source = data === undefined ? undefined : sourceOf(data, join(path, "data.json"));
  const epochs = metrics === undefined ? [] : parseMetrics(metrics);
  const best = epochs.findLast((row) => row.best === 1);
  return {
    path,
    name: path.replace(/\/+$/, "").replace(/^.*\//, ""),
    config: settings,
    seed,
    epochs,
    steps: steps === undefined ? [] : stepRows(steps),
    ...(environment !== undefined && {
      environment: parsed(environment, join(path, "env.json")),
    }),
    ...(source && { data: source }),
    ...(best && { best }),
    ...await outputsOf(files, path, {
      seed,
      names: source?.classes.map(({ name }) => name),
      before,
    }),
  };
}

async function outputsOf(
  files: Files,
  path: string,
  { seed, names, before }: {
    readonly seed: number;
    readonly names: readonly string[] | undefined;
    readonly before: RunData | undefined;
  },
): Promise<Pick<RunData, "validated" | "validation" | "sheet">> {
  const file = join(path, "validation.csv");
  if (await files.kind(file) !== "file") return { validated: 0 };
  const { modified: validated } = await files.info(file);
  if (before?.validation && before.sheet && before.validated === validated) {
    return { validated, validation: before.validation, sheet: before.sheet };
  }
  const validation = parseOutputs(await files.readText(file), file);
  const classes = names ?? Array.from({ length: validation.classes }, (_, k) => `${k}`);
  if (classes.length !== validation.classes) {
    throw new CheckpointError(
      `Cannot read ${file}: it has ${validation.classes} columns of logits and data.json ` +
        `${classes.length} classes, as many were needed`,
    );
  }
  return { validated, validation, sheet: sheetOf(validation, { classes, seed }) };
}

function parsed(text: string, path: string): Record<string, unknown> {
  const refuse = (is: string): never => {
    throw new CheckpointError(`Cannot read ${path}: ${is}, what a run writes was needed`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse((error as Error).message);
  }
  return isObject(value) ? value : refuse("it is no object");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sourceOf(text: string, path: string): RunSource {
  const { source, classes = [], notes = [], "left_out": leftOut = 0 } = parsed(text, path);
  const whole = typeof source === "string" && typeof leftOut === "number" &&
    Array.isArray(notes) && notes.every((note) => typeof note === "string") &&
    Array.isArray(classes) && classes.every(isClass);
  if (!whole) {
    throw new CheckpointError(
      `Cannot read ${path}: it lacks a source, classes with their counts, notes or how many images ` +
        "were left out, what a run writes was needed",
    );
  }
  return { source, classes, notes, leftOut };
}

function isClass(value: unknown): value is ClassCount {
  return isObject(value) && typeof value.name === "string" &&
    [value.train, value.validation].every((n) => typeof n === "number");
}

function stepRows(text: string): StepRow[] {
  return wholeRows(text).map((row) => {
    const [epoch, step, loss, accuracy, lr, imagesPerSecond, waiting] = row.map(Number) as [
      ...[number, number, number, number, number, number, number],
    ];
    return { epoch, step, loss, accuracy, lr, imagesPerSecond, waiting };
  });
}

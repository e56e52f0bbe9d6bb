/** The folder a run leaves: checkpoints, documents, metrics by epoch. Knows nothing of how to train. */

import { type Files, join } from "../data/files.ts";
import { type Checkpoint, CheckpointError, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { EpochEvent, Score } from "./events.ts";
import { SCORE_NAMES, type ScoreName } from "./metrics/scores.ts";
import { bestEpochs } from "./selection.ts";

/** The folder cannot take a run: the message names it. */
export class RunFolderError extends Error {
  override readonly name = "RunFolderError";
}

/** Columns of `metrics.csv`; a row is an epoch. */
const COLUMNS = [
  "epoch",
  "step",
  "lr",
  "train_loss",
  "train_accuracy",
  ...SCORE_NAMES,
  "img_per_s",
  "waiting",
  "seconds",
  "best",
] as const;

/** Who trains in a folder, while someone does. */
export const LOCK = "run.lock";

/** Where the run is. */
const LAST = "last.safetensors";

/** Where it was when it was saved the time before. */
const PREVIOUS = "previous.safetensors";

/** Numbers of an epoch by the columns of `metrics.csv`; NaN where one is empty. */
export type EpochRow = Score & Readonly<Record<string, number>>;

/** The rows of a `metrics.csv`, by the columns that its first line has. */
export function parseMetrics(text: string): EpochRow[] {
  const [header = "", ...rows] = text.trimEnd().split("\n");
  const columns = header.split(",");
  return rows.map((row) => {
    const cells = row.split(",");
    const entries = columns.map((name, i) => [name, cells[i] ? Number(cells[i]) : NaN]);
    return Object.fromEntries(entries) as EpochRow;
  });
}

/** `runs/<date>T<time>-<name>` in local time. Throws RunFolderError for a name that is a path. */
export function defaultFolder(name: string, now: Date = new Date()): string {
  if (!/^[^/\\\0]+$/.test(name) || name.startsWith(".")) {
    throw new RunFolderError(
      `Cannot name a run ${JSON.stringify(name)}: a name without "/" and leading "." was needed`,
    );
  }
  const two = (n: number) => String(n).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-");
  return `runs/${date}T${time}-${name}`;
}

/** Throws RunFolderError unless `path` is free: nothing is there, or an empty directory. */
export async function requireFree(files: Files, path: string): Promise<void> {
  const kind = await files.kind(path);
  if (kind === "none") return;
  const is = kind === "file"
    ? "it is a file"
    : (await files.list(path)).some(({ name }) => name !== LOCK)
    ? "it is not empty"
    : undefined;
  if (is !== undefined) {
    throw new RunFolderError(
      `Cannot use the run folder "${path}": ${is}, a new or empty folder was needed`,
    );
  }
}

/**
 * Keeps `config.json`, `metrics.csv`, `best.safetensors`, `last.safetensors` and the one before it of a run. Each is
 * replaced as a whole, and `last.safetensors` is written last: whenever a run stops, the folder has all that going on
 * from there needs.
 */
export class RunFolder {
  readonly #files: Files;
  readonly #rows: string[];
  /** What to remove when no epoch is kept: the folder, or all that is in it. */
  #unfinished: "folder" | "content" | undefined;

  private constructor(
    files: Files,
    readonly path: string,
    rows: string[],
    unfinished?: "folder" | "content",
  ) {
    this.#files = files;
    this.#rows = rows;
    this.#unfinished = unfinished;
  }

  /**
   * Makes the folder with `config.json`, and `documents` under their names, as JSON too. Throws RunFolderError when
   * something is in it.
   */
  static async create(
    files: Files,
    path: string,
    configuration: Record<string, unknown>,
    documents: Readonly<Record<string, unknown>> = {},
  ): Promise<RunFolder> {
    await requireFree(files, path);
    const isNew = await files.kind(path) === "none";
    await files.makeDirectory(path);
    const folder = new RunFolder(files, path, [], isNew ? "folder" : "content");
    try {
      for (const [name, value] of Object.entries({ "config.json": configuration, ...documents })) {
        await folder.write(name, `${JSON.stringify(value, undefined, 2)}\n`);
      }
    } catch (error) {
      await folder.discardUnfinished();
      throw error;
    }
    return folder;
  }

  /** Writes a file of the folder, or replaces it as a whole. */
  async write(name: string, text: string): Promise<void> {
    await this.#files.writeAtomic(join(this.path, name), new TextEncoder().encode(text));
  }

  /**
   * Opens the folder of a run that stopped, where it was last saved, or before that where the last checkpoint is
   * damaged, which `warning` then says; metrics that were written after that are forgotten. Throws CheckpointError
   * when nothing was saved.
   */
  static async open(
    files: Files,
    path: string,
  ): Promise<Opened & { readonly folder: RunFolder }> {
    const opened = await newest(files, path);
    const { checkpoint } = opened;
    const metrics = join(path, "metrics.csv");
    const text = await files.kind(metrics) === "file" ? await files.readText(metrics) : "";
    const rows = text.split("\n").slice(1)
      .filter((row) => row !== "" && Number.parseInt(row) <= checkpoint.epoch);
    return { ...opened, folder: new RunFolder(files, path, rows) };
  }

  /** The folder of a run that another process writes: it is only read here, where the run goes back. */
  static follow(files: Files, path: string): RunFolder {
    return new RunFolder(files, path, []);
  }

  /**
   * Makes a folder for a run of which there is a checkpoint alone, out of a tab for instance. Throws RunFolderError when
   * something is in it, CheckpointError for a checkpoint that no run goes on from; `where` is what it is called.
   */
  static async adopt(
    files: Files,
    path: string,
    { checkpoint, where }: { readonly checkpoint: Checkpoint; readonly where: string },
  ): Promise<Opened & { readonly folder: RunFolder }> {
    if (checkpoint.optimizer === undefined) {
      throw new CheckpointError(
        `Cannot resume from "${where}": it has no optimizer state, a last.safetensors was needed`,
      );
    }
    // Of files that grew elsewhere it knows nothing here.
    const { logs: _, ...alone } = checkpoint;
    const folder = await RunFolder.create(files, path, { ...checkpoint.configuration });
    await folder.saveMidway(alone);
    return { folder, checkpoint: alone };
  }

  /**
   * Keeps a finished epoch. `best.safetensors` goes without the optimizer's state, and so do the
   * `epoch-N.safetensors` of the `keepBest` best epochs where that is more than one.
   */
  async save(
    epoch: EpochEvent,
    checkpoint: Checkpoint,
    { keepBest = 1, monitor }: { readonly keepBest?: number; readonly monitor?: ScoreName } = {},
  ): Promise<void> {
    this.#rows.push(COLUMNS.map((name) => cell(Number(epoch[name]))).join(","));
    const kept = keepBest > 1
      ? bestEpochs(this.scores(), { count: keepBest, ...(monitor && { monitor }) })
      : [];
    const { optimizer: _, ...weights } = checkpoint;
    const names = [
      ...epoch.best ? ["best.safetensors"] : [],
      ...kept.includes(epoch.epoch) ? [epochFile(epoch.epoch)] : [],
    ];
    for (const name of names) await writeCheckpoint(this.#files, join(this.path, name), weights);
    await this.write("metrics.csv", this.#metrics());
    await this.saveMidway(checkpoint);
    if (kept.length > 0) await this.#keepOnly(kept.map(epochFile));
  }

  /** Keeps a checkpoint as the last one, and the one that was the last as `previous.safetensors`. */
  async saveMidway(checkpoint: Checkpoint): Promise<void> {
    const last = join(this.path, LAST);
    if (await this.#files.kind(last) === "file") {
      await this.#files.copy?.(last, join(this.path, PREVIOUS));
    }
    await writeCheckpoint(this.#files, last, checkpoint);
    this.#unfinished = undefined;
  }

  /** The checkpoint that was written last; undefined where no epoch was kept. */
  async last(): Promise<Checkpoint | undefined> {
    const last = join(this.path, LAST);
    if (this.#unfinished !== undefined || await this.#files.kind(last) === "none") return undefined;
    return await readCheckpoint(this.#files, last);
  }

  /** Keeps the mean of the weights of several epochs beside the best one, as `averaged.safetensors`. */
  async keepAverage({ optimizer: _, ...checkpoint }: Checkpoint): Promise<void> {
    await writeCheckpoint(this.#files, join(this.path, "averaged.safetensors"), checkpoint);
  }

  /** The scores of the epochs in `metrics.csv`; NaN where a cell is empty. */
  scores(): Score[] {
    return parseMetrics(this.#metrics());
  }

  #metrics(): string {
    return [COLUMNS.join(","), ...this.#rows, ""].join("\n");
  }

  /** Removes the checkpoints of other epochs than those. */
  async #keepOnly(names: readonly string[]): Promise<void> {
    for (const { name } of await this.#files.list(this.path)) {
      if (!/^epoch-\d+\.safetensors$/.test(name) || names.includes(name)) continue;
      await this.#files.remove(join(this.path, name));
    }
  }

  /**
   * Removes what `create` made unless an epoch was kept, so that a run that fails early leaves nothing; as much of
   * it as can be removed, for why the run failed is to be told.
   */
  async discardUnfinished(): Promise<void> {
    try {
      await this.#discard();
    } catch {
      // Gone already, or on a disk that takes no changes.
    }
  }

  async #discard(): Promise<void> {
    if (this.#unfinished === "folder") await this.#files.remove(this.path);
    if (this.#unfinished !== "content") return;
    // It was empty before.
    for (const { name } of await this.#files.list(this.path)) {
      await this.#files.remove(join(this.path, name));
    }
  }
}

/** A checkpoint to go on from. */
interface Opened {
  readonly checkpoint: Checkpoint;
  /** Why it is not the last one. */
  readonly warning?: string;
}

/** The last checkpoint of a folder that can be read. Throws CheckpointError, about the last one, where there is none. */
async function newest(files: Files, path: string): Promise<Opened> {
  const [last, previous] = [join(path, LAST), join(path, PREVIOUS)];
  const before = await files.kind(previous) === "file";
  if (await files.kind(last) !== "file" && !before) {
    throw new CheckpointError(
      `Cannot resume "${path}": it has no ${LAST}, ` +
        "the folder of a run with a finished epoch was needed",
    );
  }
  try {
    return { checkpoint: await readCheckpoint(files, last) };
  } catch (error) {
    if (!(error instanceof CheckpointError) || !before) throw error;
    const checkpoint = await readCheckpoint(files, previous).catch(() => Promise.reject(error));
    return { checkpoint, warning: `${error.message}; the run goes on from ${PREVIOUS}` };
  }
}

function epochFile(epoch: number): string {
  return `epoch-${epoch}.safetensors`;
}

function cell(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

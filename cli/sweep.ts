/** `sweep`: trains with many options and says which were best. What is tried is in train/search.ts. */

import { formatCsv } from "../data/csv.ts";
import { baseName, join } from "../data/files.ts";
import { MemoryError } from "../engine/compile/program.ts";
import type { RunEvent, Score } from "../train/events.ts";
import { DivergedError } from "../train/epoch.ts";
import { type ScoreName, SCORES } from "../train/metrics/scores.ts";
import { bracketsOf, drawOptions, search, type TrialResult } from "../train/search.ts";
import { isBetter } from "../train/selection.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type CommonFlags, newCommand, parseFlags } from "./flags.ts";
import { prepareJob } from "./job.ts";
import { terminalReporter } from "./machine.ts";
import { readSweepFile, type SweepFile } from "./sweep_file.ts";
import { trainJob } from "./train.ts";
import { readTrainFlags } from "./train_flags.ts";

interface SweepFlags extends Omit<CommonFlags, "seed"> {
  readonly config?: string;
  readonly run?: string;
}

/** What is kept of a trial: enough to go on after a stop. */
interface Trial {
  readonly options: Record<string, unknown>;
  /** The best score after so many epochs. */
  readonly rungs: Record<string, Score>;
  /** Why it cannot be trained. */
  readonly failed?: string;
}

/** What came of a sweep. */
export interface SweepResult {
  /** The best first. */
  readonly results: readonly TrialResult<Score>[];
  readonly trials: ReadonlyMap<number, Trial>;
  readonly monitor: ScoreName;
}

/** Sweeps as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "sweep",
    "Trains with options drawn from ranges and lists, by random search, successive halving or Hyperband, and " +
      "writes a table. The same command goes on where it was stopped.",
  )
    .option("--config <file>", "what stays, what is searched, and how: see docs/runs.md")
    .option("--run <dir>", "folder of the sweep (default: runs/sweep-<name of the file>)");
  const parsed = parseFlags<SweepFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { config, run: dir, json } = parsed.flags;
  if (config === undefined) throw new UsageError("Cannot sweep: --config with a file was needed");
  if (await files.kind(config) !== "file") {
    throw new UsageError(`Cannot read --config "${config}": there is no such file, one was needed`);
  }
  const file = readSweepFile(await files.readText(config), config);
  const report = terminalReporter(json === true);
  const path = dir ?? `runs/sweep-${baseName(config).replace(/\.json$/, "")}`;
  const result = await sweep(file, { path, report });
  const table = rowsOf(result, file);
  if (json) {
    console.log(
      JSON.stringify({ event: "sweep", run: path, columns: table[0], rows: table.slice(1) }),
    );
  }
  report({ event: "note", text: aligned(table) });
  const [best] = result.results;
  const text = best?.score === undefined
    ? "No trial could be trained"
    : `Best: trial ${best.trial}; deno task train --config ${join(path, "best.json")}`;
  report({ event: "note", text });
  return best?.score === undefined ? 6 : 0;
}

/** Does a sweep, or what is left of it, in the folder `path`: a run folder and a file for each trial, a table. */
export async function sweep(
  file: SweepFile,
  { path, report }: { readonly path: string; readonly report: (event: RunEvent) => void },
): Promise<SweepResult> {
  await requireSameSweep(file, path);
  const { epochs, monitor } = await wholeRun(file, path);
  const trials = new Map<number, Trial>();
  const train = async (trial: number, until: number) => {
    const known = trials.get(trial) ?? await readTrial(file, { path, trial });
    const after = known.failed === undefined && known.rungs[until] === undefined
      ? await trainTrial(known, {
        place: placeOf(path, trial),
        train: { ...file.train, epochs },
        until,
      })
      : known;
    trials.set(trial, after);
    await writeJson(`${placeOf(path, trial)}.json`, after);
    const score = after.rungs[until];
    report({ event: "note", text: sentence(trial, after, { until, monitor }) });
    return score;
  };
  const better = (a: Score, b: Score) => isBetter(a, b, monitor);
  const results = await search(bracketsOf({ ...file, epochs }), { train, better });
  const result = { results, trials, monitor };
  const [columns = [], ...rows] = rowsOf(result, file);
  const table = formatCsv({ columns, rows });
  await files.writeAtomic(join(path, "sweep.csv"), new TextEncoder().encode(table));
  const [best] = results;
  if (best?.score) {
    await writeJson(join(path, "best.json"), { ...file.train, ...trials.get(best.trial)?.options });
  }
  return result;
}

/** Throws UsageError where the folder holds another sweep. */
async function requireSameSweep(file: SweepFile, path: string): Promise<void> {
  const place = join(path, "sweep.json");
  const text = JSON.stringify({ ...file, search: Object.fromEntries(file.search) });
  if (await files.kind(place) === "file") {
    if (JSON.stringify(JSON.parse(await files.readText(place))) === text) return;
    throw new UsageError(
      `Cannot go on with the sweep in "${path}": it began with another file, the same or another --run was needed`,
    );
  }
  await files.makeDirectory(path);
  await writeJson(place, JSON.parse(text));
}

/** What all trials have in common, the sweep's own options resolved: how long a whole run is, and what is compared. */
async function wholeRun(
  { train }: SweepFile,
  path: string,
): Promise<{ readonly epochs: number; readonly monitor: ScoreName }> {
  const config = join(path, "train.json");
  await writeJson(config, train);
  const parsed = readTrainFlags(["--config", config]);
  if ("help" in parsed) throw new TypeError("Cannot sweep: options without help were needed");
  return parsed.flags;
}

function placeOf(path: string, trial: number): string {
  return join(path, `trial-${String(trial).padStart(3, "0")}`);
}

/** A trial as an earlier part of the sweep left it, or a new one. */
async function readTrial(
  file: SweepFile,
  { path, trial }: { readonly path: string; readonly trial: number },
): Promise<Trial> {
  const place = `${placeOf(path, trial)}.json`;
  if (await files.kind(place) === "file") return JSON.parse(await files.readText(place));
  const options = Object.fromEntries(drawOptions(file.search, { seed: file.seed, trial }));
  return { options, rungs: {} };
}

/** Begins a trial or goes on with it, until so many epochs. */
async function trainTrial(
  trial: Trial,
  { place, train, until }: {
    readonly place: string;
    readonly train: Readonly<Record<string, unknown>>;
    readonly until: number;
  },
): Promise<Trial> {
  const goesOn = await files.kind(join(place, "last.safetensors")) === "file";
  const config = `${place}.config.json`;
  if (!goesOn) {
    await files.remove(place); // an epoch that was never finished
    await writeJson(config, { ...train, ...trial.options });
  }
  const source = goesOn ? ["--resume", place] : ["--config", config, "--run", place];
  const args = [...source, "--no-report", "--until", String(until)];
  try {
    const parsed = readTrainFlags(args);
    if ("help" in parsed) return trial;
    const { best } = await trainJob(await prepareJob(parsed.flags, args, () => {})) ?? {};
    return best ? { ...trial, rungs: { ...trial.rungs, [until]: best } } : trial;
  } catch (error) {
    const hopeless = [DivergedError, MemoryError, UsageError].some((type) => error instanceof type);
    if (!hopeless) throw error;
    return { ...trial, failed: (error as Error).message };
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  await files.writeAtomic(path, new TextEncoder().encode(text));
}

/** What a person should know of a trial when it is done or stopped. */
function sentence(
  trial: number,
  { options, rungs, failed }: Trial,
  { until, monitor }: { readonly until: number; readonly monitor: ScoreName },
): string {
  const values = Object.entries(options).map(([name, value]) => `${name} ${value}`).join(", ");
  const score = rungs[until]?.[monitor];
  const came = failed ?? `${SCORES[monitor].title} ${score?.toFixed(4)} after ${until} epochs`;
  return `trial ${trial} (${values}): ${came}`;
}

/** The table: a row of names, and a row for each trial, the best first. */
function rowsOf({ results, trials, monitor }: SweepResult, { search }: SweepFile): string[][] {
  const names = [...search.keys()];
  const rows = results.map(({ trial, epochs, score }, i) => [
    ...[i + 1, trial, epochs, score?.[monitor]?.toFixed(4) ?? "failed"].map(String),
    ...names.map((name) => String(trials.get(trial)?.options[name])),
  ]);
  return [["rank", "trial", "epochs", monitor, ...names], ...rows];
}

/** Rows in columns of their own width. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((row) => row[k]!.length)));
  return rows.map((row) => row.map((cell, k) => cell.padStart(widths[k]!)).join("  ")).join("\n");
}

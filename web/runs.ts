/** The runs that this browser keeps: their folders, and what each has left of its images. Trains nothing. */
/// <reference lib="dom" />

import { baseName, type Files, join, parseMetrics, readCheckpointState } from "../run.ts";
import type { SavedRun, Source } from "./messages.ts";
import { folderFiles } from "./folder_files.ts";

/** The folder of all runs, below the browser's own. */
const RUNS = "runs";

/** What of a source is kept beside its run. */
const SOURCE = "source.json";

/** The files of runs, in the folder that the browser keeps for this page. */
export async function runFiles(): Promise<Files> {
  return folderFiles(await navigator.storage.getDirectory());
}

/** The path of a run by its name. */
export function pathOf(run: string): string {
  return join(RUNS, baseName(run));
}

/** Notes from where a run has its images, so that the demo can be made again. */
export async function keepSource(files: Files, path: string, kind: Source["kind"]): Promise<void> {
  await files.writeAtomic(join(path, SOURCE), new TextEncoder().encode(JSON.stringify({ kind })));
}

/** What kind of images a run had; undefined where that is not known. */
export async function keptSource(files: Files, path: string): Promise<Source["kind"] | undefined> {
  if (await files.kind(join(path, SOURCE)) !== "file") return undefined;
  return JSON.parse(await files.readText(join(path, SOURCE))).kind;
}

/** The runs, the newest first; folders without a checkpoint are none. */
export async function savedRuns(files: Files): Promise<SavedRun[]> {
  if (await files.kind(RUNS) !== "directory") return [];
  const found: SavedRun[] = [];
  for (const { name, kind } of await files.list(RUNS)) {
    const run = kind === "directory" ? await savedRun(files, join(RUNS, name)) : undefined;
    if (run) found.push(run);
  }
  return found.sort((a, b) => b.saved - a.saved);
}

async function savedRun(files: Files, path: string): Promise<SavedRun | undefined> {
  const last = join(path, "last.safetensors");
  if (await files.kind(last) !== "file") return undefined;
  const state = await readCheckpointState(files, last).catch(() => undefined);
  if (!state) return undefined;
  const { model, size, classes, epoch, step, configuration, best } = state;
  const epochs = Number(configuration.epochs ?? epoch);
  const rows = await files.kind(join(path, "metrics.csv")) === "file"
    ? parseMetrics(await files.readText(join(path, "metrics.csv")))
    : [];
  const auc = best?.auc ?? rows.findLast((row) => row.best === 1)?.auc;
  const { modified } = await files.info(last);
  let bytes = 0;
  for (const { name, kind } of await files.list(path)) {
    if (kind === "file") bytes += (await files.info(join(path, name))).size;
  }
  const kind = await keptSource(files, path);
  return {
    run: baseName(path),
    ...{ model, size, classes, epoch, epochs, step, bytes },
    ...(auc !== undefined && { auc }),
    saved: modified,
    unfinished: epoch < epochs,
    source: [configuration.data ?? "images"].flat().join(", "),
    data: kind === "demo",
  };
}

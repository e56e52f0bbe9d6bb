/** The data of a run: opened, counted, and recognised again on resuming. Decodes nothing. */

import { withArchives } from "../data/archives/mount.ts";
import type { Files } from "../data/files.ts";
import { DataError, type Dataset, openDataset, type Sample } from "../data/sources.ts";
import { requireClasses } from "../data/split.ts";
import type { PlanEvent } from "../train/events.ts";
import { type DataFlags, datasetOptions, placeText } from "./data_flags.ts";
import { writeDemoSet } from "./demo.ts";
import { denoFiles } from "./files.ts";

/** Labelled images and where they come from, for people. */
export interface OpenData {
  readonly dataset: Dataset;
  /** What reads the files of its samples: some may lie in archives. */
  readonly files: Files;
  readonly source: string;
  /** SHA-256 of class names, image names and labels, in hexadecimal: the same split has the same. */
  readonly fingerprint: string;
}

/** Opens what the flags name, or the demo set. Throws DataError. */
export async function openData(flags: DataFlags & { readonly seed?: number }): Promise<OpenData> {
  const { data, ...options } = datasetOptions(flags);
  const { labels, images } = options;
  const files = withArchives(denoFiles);
  const opened = async (from: typeof data, source: string) => {
    const dataset = await openDataset(files, { ...options, ...(from && { data: from }) });
    return { dataset, files, source, fingerprint: await fingerprintOf(dataset) };
  };
  if (labels !== undefined && images !== undefined) {
    return await opened(undefined, `${images}, labelled by ${labels}`);
  }
  if (typeof data === "object") return await opened(data, data.map(placeText).join(", "));
  const dir = await writeDemoSet(denoFiles);
  return await opened(
    dir,
    `${dir} (demo set: generated portraits, half of them manipulated)`,
  );
}

/** The data without some images. Throws DataError when a class has no image left. */
export async function withoutSamples(
  data: OpenData,
  left: ReadonlySet<Sample>,
): Promise<OpenData> {
  const [train, validation] = [data.dataset.train, data.dataset.validation].map((samples) =>
    samples.filter((sample) => !left.has(sample))
  ) as [Sample[], Sample[]];
  const dataset = { ...data.dataset, train, validation };
  requireClasses(train, dataset.classes, `${data.source} without images that cannot be used`, 1);
  return { ...data, dataset, fingerprint: await fingerprintOf(dataset) };
}

/** Images of each class. */
export function classCounts(dataset: Dataset, part: "train" | "validation"): number[] {
  const counts = dataset.classes.map(() => 0);
  for (const { label } of dataset[part]) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** Throws DataError unless the data is what a run began with. */
export function requireSameData(
  data: OpenData,
  saved: Readonly<Record<string, unknown>>,
  run: string,
): void {
  if (data.fingerprint === saved.fingerprint) return;
  throw new DataError(
    `Cannot resume "${run}" on ${data.source}: its images or labels are others than the run began ` +
      "with, the same data was needed",
  );
}

async function fingerprintOf({ classes, train, validation }: Dataset): Promise<string> {
  const parts = [train, validation].map((samples) => samples.map((s) => [s.name, s.label]));
  const bytes = new TextEncoder().encode(JSON.stringify([classes, ...parts]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Images of each class in both parts. */
export function classesOf(dataset: Dataset): PlanEvent["classes"] {
  const [train, validation] = [classCounts(dataset, "train"), classCounts(dataset, "validation")];
  return dataset.classes.map((name, k) => ({
    name,
    train: train[k] ?? 0,
    validation: validation[k] ?? 0,
  }));
}

/** What to say of classes that are very different in size; nothing up to three to one. */
export function imbalanceWarning(
  { classes }: Pick<Dataset, "classes">,
  counts: readonly number[],
): string | undefined {
  const [most, least] = [Math.max(...counts), Math.min(...counts)];
  if (most <= 3 * least) return undefined;
  const [large, small] = [most, least].map((n) => classes[counts.indexOf(n)]!);
  return `class ${large} has ${(most / least).toFixed(1)} times the images of class ${small}; ` +
    "--class-weights auto makes up for it in the loss, --sampler balanced by drawing";
}

/** The data of a run: counted, and recognised again on resuming. Opens none and decodes nothing. */

import type { Files } from "../../data/files.ts";
import { DataError, type Dataset, type Sample } from "../../data/sources.ts";
import { requireClasses } from "../../data/split.ts";
import type { PlanEvent } from "../events.ts";

/** Labelled images and where they come from, for people. */
export interface OpenData {
  readonly dataset: Dataset;
  /** What reads the files of its samples: some may lie in archives. */
  readonly files: Files;
  readonly source: string;
  /** SHA-256 of class names, image names and labels, in hexadecimal: the same split has the same. */
  readonly fingerprint: string;
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

/**
 * Throws DataError unless the data is what a run began with: the same images and labels, in files of the same sizes
 * where `sizes`, the SHA-256 of them, is known of both.
 */
export function requireSameData(
  data: Pick<OpenData, "fingerprint" | "source">,
  saved: Readonly<Record<string, unknown>>,
  { run, sizes }: { readonly run: string; readonly sizes?: string | undefined },
): void {
  const same = data.fingerprint === saved.fingerprint;
  const { sizesOfFiles: before = sizes } = saved;
  if (same && (sizes === undefined || sizes === before)) return;
  const what = same ? "files of its images have other sizes" : "its images or labels are others";
  throw new DataError(
    `Cannot resume "${run}" on ${data.source}: ${what} than the run began with, the same data was ` +
      "needed; --allow-data-change goes on all the same",
  );
}

/** Files whose sizes are asked for at a time. */
const AT_ONCE = 64;

/** SHA-256 of the sizes of the image files, in hexadecimal; one that is not there has none. */
export async function sizesOf(
  { dataset: { train, validation }, files }: OpenData,
): Promise<string> {
  const samples = [...train, ...validation];
  const sizes = new Float64Array(samples.length);
  const left = samples.entries();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [i, { path }] of left) {
      sizes[i] = await files.info(path).then(({ size }) => size, () => -1);
    }
  }));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", sizes)).toHex();
}

/** SHA-256 of class names, image names and labels, in hexadecimal. */
export async function fingerprintOf({ classes, train, validation }: Dataset): Promise<string> {
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

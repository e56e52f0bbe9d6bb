/** The data of a run: opened, counted, and recognised again on resuming. Decodes nothing. */

import { DataError, type Dataset, type DatasetOptions, openDataset } from "../data/sources.ts";
import { writeDemoSet } from "./demo.ts";
import { denoFiles as files } from "./files.ts";

/** Labelled images and where they come from, for people. */
export interface OpenData {
  readonly dataset: Dataset;
  readonly source: string;
  /** SHA-256 of class names, image names and labels, in hexadecimal: the same split has the same. */
  readonly fingerprint: string;
}

/** Opens what the flags name, or the demo set. Throws DataError. */
export async function openData(options: DatasetOptions): Promise<OpenData> {
  const { data, labels, images, validation, seed } = options;
  const part = {
    ...(validation !== undefined && { validation }),
    ...(seed !== undefined && { seed }),
  };
  const opened = async (from: DatasetOptions, source: string) => {
    const dataset = await openDataset(files, { ...from, ...part });
    return { dataset, source, fingerprint: await fingerprintOf(dataset) };
  };
  if (labels !== undefined && images !== undefined) {
    return await opened({ labels, images }, `${images}, labelled by ${labels}`);
  }
  if (data !== undefined) return await opened({ data }, data);
  const dir = await writeDemoSet(files);
  return await opened(
    { data: dir },
    `${dir} (demo set: generated portraits, half of them manipulated)`,
  );
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

/** A few pictures and loaders over them, for the tests of loading. Asserts nothing. */
import { denoFiles } from "../../cli/files.ts";
import { type Batch, Loader, type LoaderOptions } from "../../data/loader.ts";
import type { Sample } from "../../data/sample.ts";
import { pictures, temporaryFolder } from "./fixtures.ts";

/** Names of the pictures. */
export const NAMES = Array.from({ length: 11 }, (_, i) => `${i}.${i % 2 === 0 ? "jpg" : "png"}`);
/** Their files. */
export const FILES = await pictures(NAMES);
/** A training epoch. */
export const TRAIN = { batch: 4, size: 12, train: true, seed: 1, epoch: 0 } as const;
/** The same without training. */
export const CHECK = { ...TRAIN, train: false } as const;

/** Samples of three classes in turn. */
export function samples(path: string, names: readonly string[] = NAMES): Sample[] {
  return names.map((name, i) => ({ name, path: `${path}/${name}`, label: i % 3 }));
}

/** All batches of an epoch. */
export async function collect(loader: Loader, options: LoaderOptions): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loader.batches(options)) batches.push(batch);
  return batches;
}

/** Runs with a loader over the pictures and closes it. */
export async function withLoader(
  run: (loader: Loader, path: string) => Promise<void>,
  { workers = 2, files = FILES, names = NAMES } = {},
): Promise<void> {
  await using folder = await temporaryFolder(files);
  const loader = await Loader.open(samples(folder.path, names), denoFiles, { workers });
  try {
    await run(loader, folder.path);
  } finally {
    loader.close();
  }
}

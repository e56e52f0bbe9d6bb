/** The images that a person gave, opened as a data set. Trains nothing. */
/// <reference lib="dom" />

import {
  classesOf,
  DataError,
  type Dataset,
  DEMO_SET,
  encodeJpeg,
  type Files,
  fingerprintOf,
  imageOf,
  isArchiveName,
  Loader,
  type LoaderSettings,
  type OpenData,
  openDataset,
  type Sample,
  withArchives,
  withoutSamples,
  writeDemo,
} from "../run.ts";
import type { DataSummary, OpenData as Asked, Source } from "./messages.ts";
import { blobFiles } from "./blob_files.ts";
import { folderFiles } from "./folder_files.ts";

/** A source whose files can be read, and where in them its images are. */
export interface PlacedSource {
  readonly files: Files;
  readonly place: { readonly data: string } | { readonly labels: string; readonly images: string };
  /** For people. */
  readonly name: string;
}

/** Images that can be trained on. */
export interface TabData extends OpenData {
  readonly source: string;
  readonly kind: Source["kind"];
  readonly placed: PlacedSource;
  readonly asked: Required<Pick<Asked, "validation" | "seed">>;
  readonly leftOut: readonly { readonly sample: Sample; readonly reason: string }[];
  readonly settings: LoaderSettings;
}

/** Pictures of a class in a summary, and their side in pixels. */
const [PICTURES, SIDE] = [4, 96];

/** Finds where the images of a source lie; the demo is made first. */
export async function placeSource(source: Source): Promise<PlacedSource> {
  switch (source.kind) {
    case "demo": {
      const files = blobFiles();
      await files.makeDirectory("demo");
      await writeDemo(files, "demo", DEMO_SET);
      return { files, place: { data: "demo" }, name: "demo set" };
    }
    case "camera": {
      const blobs = source.classes.flatMap(({ name, images }) =>
        images.map((image, i) => [`camera/${name}/${i}.jpg`, image] as const)
      );
      return { files: blobFiles(new Map(blobs)), place: { data: "camera" }, name: "camera" };
    }
    case "folder": {
      const files = withArchives(folderFiles(source.handle));
      return { files, place: await placeIn(files, ""), name: source.handle.name };
    }
    case "files": {
      const files = withArchives(
        blobFiles(new Map(source.files.map(({ path, file }) => [path.replace(/^\//, ""), file]))),
      );
      const place = await placeIn(files, "");
      const name = "data" in place && place.data !== "" ? place.data : "dropped files";
      return { files, place, name };
    }
  }
}

/** The folder with the images: the only one, or the only archive; or a table of labels and the folder beside it. */
async function placeIn(files: Files, dir: string): Promise<PlacedSource["place"]> {
  const entries = (await files.list(dir)).filter(({ name }) => !name.startsWith("."));
  const [tables, others] = [
    entries.filter(({ name, kind }) => kind === "file" && /\.(csv|txt)$/i.test(name)),
    entries.filter(({ name, kind }) => kind === "directory" || isArchiveName(name)),
  ];
  const path = (name: string) => dir === "" ? name : `${dir}/${name}`;
  if (others.length === 1) {
    const [only] = others as [typeof others[number]];
    if (tables.length === 1) return { labels: path(tables[0]!.name), images: path(only.name) };
    // A folder around what was meant: an archive often has one.
    if (tables.length === 0 && !/^(train|phase1|trainset)$/.test(only.name)) {
      return await placeIn(files, path(only.name)).catch(() => ({ data: path(only.name) }));
    }
  }
  return { data: dir };
}

/**
 * Opens what a source holds. Throws DataError when it cannot be used. Images that do not decode are left out where
 * they are `checked`, which is called with how many were and of how many.
 */
export async function openSource(
  placed: PlacedSource,
  kind: Source["kind"],
  { validation = 0.2, seed = 0, check = true, settings, checked }:
    & Pick<Asked, "validation" | "seed" | "check">
    & {
      readonly settings: LoaderSettings;
      readonly checked?: (done: number, total: number) => void;
    },
): Promise<TabData> {
  const { files, place, name: source } = placed;
  const dataset = await openDataset(files, { ...place, validation, seed });
  const common = { kind, placed, asked: { validation, seed }, settings };
  const data = { dataset, files, source, fingerprint: await fingerprintOf(dataset) };
  if (!check) return { ...data, ...common, leftOut: [] };
  const leftOut = await badSamples([...dataset.train, ...dataset.validation], files, {
    settings,
    checked,
  });
  const kept = leftOut.length === 0
    ? data
    : await withoutSamples(data, new Set(leftOut.map(({ sample }) => sample)));
  return { ...kept, ...common, leftOut };
}

/** The same images divided by another seed, which decides it where they have no validation part. */
export async function divideAgain(
  data: TabData,
  { seed, validation }: TabData["asked"],
): Promise<TabData> {
  if (seed === data.asked.seed && validation === data.asked.validation) return data;
  const again = await openSource(data.placed, data.kind, {
    ...{ seed, validation, settings: data.settings, check: false },
  });
  const bad = new Set(data.leftOut.map(({ sample }) => sample.path));
  const left = [...again.dataset.train, ...again.dataset.validation].filter(({ path }) =>
    bad.has(path)
  );
  const kept = left.length === 0 ? again : await withoutSamples(again, new Set(left));
  return { ...again, ...kept, leftOut: data.leftOut };
}

/** Samples that do not decode. */
export async function badSamples(
  samples: readonly Sample[],
  files: Files,
  { settings, checked }: {
    readonly settings: LoaderSettings;
    readonly checked?: ((done: number, total: number) => void) | undefined;
  },
): Promise<TabData["leftOut"]> {
  // Kept for training are images of its size; here they are only looked at.
  const { cache: _, ...plain } = settings;
  const loader = await Loader.open(samples, files, plain);
  let done = 0;
  try {
    const found = await loader.findBad({
      ...{ size: 1, resize: 1 },
      checked: () => checked?.(++done, samples.length),
    });
    return found.map(({ index, reason }) => ({ sample: samples[index]!, reason }));
  } finally {
    loader.close();
  }
}

/** What a person is told of data. */
export async function summaryOf(data: TabData): Promise<DataSummary> {
  const { dataset, source, leftOut } = data;
  return {
    source,
    classes: classesOf(dataset),
    notes: dataset.notes,
    leftOut: leftOut.map(({ sample: { name }, reason }) => ({ name, reason })),
    pictures: await picturesOf(data),
  };
}

async function picturesOf(
  { dataset, files, settings }: TabData,
): Promise<readonly (readonly Blob[])[]> {
  const samples = dataset.classes.flatMap((_, label) => samplesOf(dataset, label));
  const pictures: Blob[][] = dataset.classes.map(() => []);
  const { cache: _, ...plain } = settings;
  const loader = await Loader.open(samples, files, { ...plain, workers: 1 });
  try {
    const options = { batch: 1, size: SIDE, resize: SIDE, seed: 0, train: false, epoch: 0 };
    for await (const { images, labels } of loader.batches(options)) {
      pictures[labels[0]!]!.push(await jpegOf(images, SIDE));
    }
  } catch (error) {
    // A picture that cannot be read is said elsewhere.
    if (!(error instanceof DataError)) throw error;
  } finally {
    loader.close();
  }
  return pictures;
}

function samplesOf({ train }: Dataset, label: number): readonly Sample[] {
  const found: Sample[] = [];
  for (const sample of train) {
    if (sample.label === label && found.push(sample) === PICTURES) break;
  }
  return found;
}

/** A square of a batch as a JPEG. */
export async function jpegOf(pixels: Uint8Array, side: number): Promise<Blob> {
  const bytes = await encodeJpeg(imageOf(pixels, { width: side, height: side }), 85);
  return new Blob([new Uint8Array(bytes)], { type: "image/jpeg" });
}

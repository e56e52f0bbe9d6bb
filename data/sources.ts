/** Opens a data set wherever it is and says what was understood. Decodes nothing. */
import { readClassFolders } from "./class_folders.ts";
import { DataError } from "./errors.ts";
import { type Files, join } from "./files.ts";
import { Folder, isImageName } from "./folder.ts";
import { readLabels, requireDistinct } from "./labels.ts";
import type { Sample } from "./sample.ts";
import { countClasses, requireClasses, split } from "./split.ts";

export { DataError } from "./errors.ts";
export type { Sample } from "./sample.ts";

/** Labelled images in two parts. */
export interface Dataset {
  /** Names of the classes; the position is the label. */
  readonly classes: readonly string[];
  /** Images to learn from. */
  readonly train: readonly Sample[];
  /** Images to check with, none of them in `train`. */
  readonly validation: readonly Sample[];
  /** What was understood and what was left aside, one sentence each. */
  readonly notes: readonly string[];
}

/** Where a data set is: either `data`, or `labels` with `images`. */
export interface DatasetOptions {
  /** A directory in the FFDI layout or with a folder per class. */
  readonly data?: string;
  /** A label file with the columns img_name and target. */
  readonly labels?: string;
  /** The directory that the names of the label file lie in. */
  readonly images?: string;
  /** Share of each class set aside for validation when the data set has no such part; 0.2 if not given. */
  readonly validation?: number;
  /** Seed of that choice, 0 if not given. */
  readonly seed?: number;
}

const LAYOUTS =
  "trainset/ with trainset_label.txt (in it or in its phase1/), train/ with a folder per class, " +
  "or a folder per class";

/** Class names for label files: the numbers themselves, without a gap. */
function numberedClasses(samples: readonly Sample[], where: string): string[] {
  const found = new Set(samples.map(({ label }) => label));
  const classes = Array.from({ length: found.size }, (_, i) => String(i));
  const gap = classes.findIndex((_, i) => !found.has(i));
  if (gap >= 0) {
    throw new DataError(
      `Cannot use ${where}: its labels are ${
        [...found].sort((a, b) => a - b).slice(0, 10).join(", ")
      }, ` +
        `but no image has class ${gap}, numbers from 0 without a gap were needed`,
    );
  }
  return classes;
}

function divided(
  data: Omit<Dataset, "train" | "validation"> & { readonly samples: readonly Sample[] },
  { validation = 0.2, seed = 0 }: DatasetOptions,
): Dataset {
  const { samples, classes, notes } = data;
  const parts = split(samples, validation, seed);
  const note =
    `no validation part: ${parts.validation.length} of ${samples.length} images set aside ` +
    `class by class (seed ${seed})`;
  return { classes, ...parts, notes: [...notes, note] };
}

async function openFfdi(files: Files, dir: string, options: DatasetOptions): Promise<Dataset> {
  const labels = join(dir, "trainset_label.txt");
  const train = await readLabels(files, labels, await Folder.open(files, join(dir, "trainset")));
  const classes = numberedClasses(train.samples, labels);
  requireClasses(train.samples, classes, labels);
  const notes = [`FFDI layout in ${dir}`, ...train.notes];
  const [set, list] = [join(dir, "valset"), join(dir, "valset_label.txt")];
  if (await files.kind(set) === "none" && await files.kind(list) === "none") {
    return divided({ classes, samples: train.samples, notes }, options);
  }
  const validation = await readLabels(files, list, await Folder.open(files, set));
  const unknown = validation.samples.find(({ label }) => label >= classes.length);
  if (unknown) {
    throw new DataError(
      `Cannot use ${list}: ${unknown.name} has class ${unknown.label}, one of the classes of ` +
        `${labels} was needed (0 to ${classes.length - 1})`,
    );
  }
  return {
    classes,
    train: train.samples,
    validation: validation.samples,
    notes: [...notes, ...validation.notes],
  };
}

async function openClassFolders(
  root: Folder,
  names: { readonly train: string; readonly validation?: string | undefined },
  options: DatasetOptions,
): Promise<Dataset> {
  const { classes, samples, notes: asides } = await readClassFolders(
    root,
    names.train,
    names.train === "" ? { wanted: LAYOUTS } : {},
  );
  requireClasses(samples, classes, names.train === "" ? root.path : join(root.path, names.train));
  const notes = [`a folder per class in ${join(root.path, names.train)}`, ...asides];
  if (names.validation === undefined) return divided({ classes, samples, notes }, options);
  const validation = await readClassFolders(root, names.validation, { classes });
  return {
    classes,
    train: samples,
    validation: validation.samples,
    notes: [...notes, `validation in ${join(root.path, names.validation)}`, ...validation.notes],
  };
}

async function openDirectory(files: Files, dir: string, options: DatasetOptions): Promise<Dataset> {
  const root = await Folder.open(files, dir, LAYOUTS);
  for (const ffdi of [join(dir, "phase1"), dir]) {
    const there = [join(ffdi, "trainset"), join(ffdi, "trainset_label.txt")];
    for (const path of there) {
      if (await files.kind(path) !== "none") return await openFfdi(files, ffdi, options);
    }
  }
  if (await root.kind("train") === "directory") {
    const validation = await root.kind("val") === "directory" ? "val" : undefined;
    return await openClassFolders(root, { train: "train", validation }, options);
  }
  return await openClassFolders(root, { train: "" }, options);
}

/** Adds a sentence for each class that validation lacks. */
function withNotes(dataset: Dataset): Dataset {
  const missing = countClasses(dataset.validation, dataset.classes.length)
    .flatMap((count, label) =>
      count === 0 ? [`validation has no image of class ${dataset.classes[label]}`] : []
    );
  return { ...dataset, notes: [...dataset.notes, ...missing] };
}

/**
 * Opens a data set: the FFDI layout (`trainset/`, `trainset_label.txt`, `valset/`, `valset_label.txt`, in the
 * directory or in its `phase1/`), `train/` and `val/` with a folder per class, a folder per class, or a label
 * file and a directory. Where there is no validation part, one is set aside class by class.
 *
 * Rejects with {@linkcode DataError}, which names the file, when it cannot be used, and with TypeError when the
 * options contradict each other. Only names and labels are looked at: an image that does not decode is found
 * when it is loaded.
 */
export async function openDataset(files: Files, options: DatasetOptions): Promise<Dataset> {
  const { data, labels, images } = options;
  if (data !== undefined && labels === undefined && images === undefined) {
    return withNotes(await openDirectory(files, data, options));
  }
  if (data !== undefined || labels === undefined || images === undefined) {
    throw new TypeError(
      "Cannot open a data set: either a data directory, or a label file and an image directory, was needed",
    );
  }
  const { samples, notes } = await readLabels(files, labels, await Folder.open(files, images));
  const classes = numberedClasses(samples, labels);
  requireClasses(samples, classes, labels);
  return divided(
    { classes, samples, notes: [`label file ${labels}, images in ${images}`, ...notes] },
    options,
  );
}

/**
 * The images of a directory without labels: all of them in the order of their names, or those named, in that
 * order. Rejects with {@linkcode DataError} when there is none, or one named is missing or named twice.
 */
export async function openImages(
  files: Files,
  dir: string,
  names?: readonly string[],
): Promise<Sample[]> {
  const folder = await Folder.open(files, dir);
  const found = names ??
    (await folder.list()).filter(({ kind, name }) => kind === "file" && isImageName(name))
      .map(({ name }) => name);
  if (found.length === 0) {
    const what = names ? "no image is named" : "it holds no image";
    throw new DataError(`Cannot use ${dir}: ${what}, at least one was needed`);
  }
  requireDistinct(found, `the names of images for ${dir}`);
  const samples: Sample[] = [];
  for (const name of found) samples.push({ name, path: await folder.file(name), label: -1 });
  return samples;
}

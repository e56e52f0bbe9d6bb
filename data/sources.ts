/** Opens a data set wherever it is, in one place or several, and divides it. Decodes nothing. */
import { DataError } from "./errors.ts";
import { baseName, type Files, join } from "./files.ts";
import { Folder, isImageName } from "./folder.ts";
import { groupByName, sharedGroup } from "./groups.ts";
import { type Columns, requireDistinct } from "./labels.ts";
import { openLabels, openPlace, type Source } from "./layouts.ts";
import type { Sample } from "./sample.ts";
import { imagesIn, isShardName } from "./shards.ts";
import { countClasses, foldSplit, requireClasses, split } from "./split.ts";

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

/** One of several places with images. */
export interface Place {
  /** A directory or an archive. */
  readonly path: string;
  /** How often its images are drawn by a weighted sampler, relative to others; 1 if not given. */
  readonly weight?: number;
}

/** Where a data set is, either `data` or `labels` with `images`, and how it is divided. */
export interface DatasetOptions extends Columns {
  /** A directory or an archive, in any of the layouts of {@linkcode openDataset}; or several. */
  readonly data?: string | readonly Place[];
  /** A label file. */
  readonly labels?: string;
  /** The directory or archive that the names of the label file lie in. */
  readonly images?: string;
  /** Share of each class set aside for validation when the data set has no such part; 0.2 if not given. */
  readonly validation?: number;
  /** Divide into so many folds instead. */
  readonly folds?: number;
  /** The fold that validates, from 0; 0 if not given. */
  readonly fold?: number;
  /** Images whose names have one first capture (or match, without a capture) stay on one side of a split. */
  readonly groupPattern?: RegExp;
  /** Seed of that choice, 0 if not given. */
  readonly seed?: number;
}

/** The places under one numbering, that of the first; names begin with that of their place where there are several. */
async function openPlaces(
  files: Files,
  places: readonly Place[],
  columns: Columns,
): Promise<Source> {
  const sources: Source[] = [];
  for (const { path } of places) sources.push(await openPlace(files, path, columns));
  const [first] = sources;
  if (!first) throw new TypeError("Cannot open a data set: no place is given, one was needed");
  const bases = places.map(({ path }) => baseName(path));
  const prefixes = bases.map((base, i) => {
    const before = bases.slice(0, i).filter((other) => other === base).length;
    return places.length === 1 ? "" : before === 0 ? `${base}/` : `${base}~${before + 1}/`;
  });
  const adapt = (samples: readonly Sample[], at: number) => {
    const { path, weight = 1 } = places[at]!;
    const names = sources[at]!.classes;
    return samples.map((sample): Sample => {
      const label = first.classes.indexOf(names[sample.label]!);
      if (label < 0) {
        throw new DataError(
          `Cannot use ${path} with ${places[0]!.path}: its class ${names[sample.label]} is new, ` +
            `one of ${first.classes.slice(0, 10).join(", ")} was needed`,
        );
      }
      const product = weight * (sample.weight ?? 1);
      const weighted = weight !== 1 || sample.weight !== undefined;
      const name = prefixes[at]! + sample.name;
      return { ...sample, name, label, ...(weighted && { weight: product }) };
    });
  };
  const validation = sources.flatMap((source, at) => adapt(source.validation ?? [], at));
  const missing = sources.some((source) => source.validation === undefined);
  if (validation.length > 0 && missing) {
    const [has, lacks] = [true, false].map((wanted) =>
      places[sources.findIndex((source) => (source.validation !== undefined) === wanted)]!.path
    );
    throw new DataError(
      `Cannot use ${lacks} with ${has}: only the latter has a validation part, ` +
        `one in each or in none was needed`,
    );
  }
  return {
    classes: first.classes,
    samples: sources.flatMap(({ samples }, at) => adapt(samples, at)),
    ...(!missing && { validation }),
    notes: sources.flatMap(({ notes }) => notes),
  };
}

/** Gives samples the groups in their names. */
function grouped(source: Source, pattern: RegExp | undefined): Source {
  if (!pattern) return source;
  const group = (samples: readonly Sample[]): Sample[] => {
    const found = groupByName(samples, pattern);
    if (Array.isArray(found)) return found;
    throw new DataError(
      `Cannot group ${found.unmatched} by ${pattern}: its name does not match, ` +
        `a pattern that matches every name was needed`,
    );
  };
  const { samples, validation } = source;
  return {
    ...source,
    samples: group(samples),
    ...(validation && { validation: group(validation) }),
  };
}

/** The parts a source has, or those it is divided into. */
function divided(source: Source, options: DatasetOptions, where: string): Dataset {
  const { classes, samples, validation: given } = source;
  const { validation: share = 0.2, folds, fold = 0, seed = 0 } = options;
  if (given) {
    if (folds !== undefined) {
      throw new DataError(
        `Cannot divide ${where} into ${folds} folds: it has a validation part of its own, ` +
          `images without one were needed`,
      );
    }
    const shared = sharedGroup(samples, given);
    if (shared !== undefined) {
      throw new DataError(
        `Cannot use ${where}: group ${shared} is in training and in validation, ` +
          `each group on one side was needed`,
      );
    }
    return { classes, train: samples, validation: given, notes: source.notes };
  }
  const parts = folds === undefined
    ? split(samples, share, seed)
    : foldSplit(samples, { folds, fold }, seed);
  const count =
    new Set(samples.map(({ group }) => group).filter((group) => group !== undefined)).size;
  const how = count === 0 ? "class by class" : `in whole groups (${count} of them)`;
  const note = folds === undefined
    ? `no validation part: ${parts.validation.length} of ${samples.length} images set aside ` +
      `${how} (seed ${seed})`
    : `fold ${fold} of ${folds}: ${parts.validation.length} of ${samples.length} images validate, ` +
      `divided ${how} (seed ${seed})`;
  requireClasses(parts.train, classes, `${where} without its validation part`, 1);
  return { classes, ...parts, notes: [...source.notes, note] };
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
 * directory or in its `phase1/`), `train/` and `val/` with a folder per class, a folder per class, WebDataset
 * shards (`.tar` with `key.jpg` beside `key.cls` or `key.json`), or a label file and a directory. With files from
 * `withArchives()` a zip or tar archive stands for a directory. Where there is no validation part, one is set
 * aside class by class, in whole groups where there are groups.
 *
 * Rejects with {@linkcode DataError}, which names the file, when it cannot be used, and with TypeError when the
 * options contradict each other. Only names and labels are looked at: an image that does not decode is found
 * when it is loaded.
 */
export async function openDataset(files: Files, options: DatasetOptions): Promise<Dataset> {
  const { data, labels, images } = options;
  const { nameColumn, labelColumn, groupColumn, weightColumn } = options;
  const columns: Columns = {
    ...(nameColumn !== undefined && { nameColumn }),
    ...(labelColumn !== undefined && { labelColumn }),
    ...(groupColumn !== undefined && { groupColumn }),
    ...(weightColumn !== undefined && { weightColumn }),
  };
  const apart = data !== undefined && labels === undefined && images === undefined;
  if (!apart && (data !== undefined || labels === undefined || images === undefined)) {
    throw new TypeError(
      "Cannot open a data set: either a data directory, or a label file and an image directory, was needed",
    );
  }
  const places = typeof data === "string" ? [{ path: data }] : data ?? [];
  const source = apart
    ? await openPlaces(files, places, columns)
    : await openLabels(files, { labels: labels!, images: images!, ...columns });
  const where = apart ? places.map(({ path }) => path).join(", ") : labels!;
  return withNotes(divided(grouped(source, options.groupPattern), options, where));
}

/**
 * The images of a directory without labels: all of them in the order of their names, or those named, in that
 * order. In a directory of shards (`.tar`) alone they are those in the shards, called `shard/key.jpg`, or `key.jpg`
 * where one shard has that. Rejects with {@linkcode DataError} when there is none, or one named is missing or named
 * twice.
 */
export async function openImages(
  files: Files,
  dir: string,
  names?: readonly string[],
): Promise<Sample[]> {
  const folder = await Folder.open(files, dir);
  const entries = await folder.list();
  const shards = entries.filter(({ name }) => isShardName(name));
  const others = entries.some(({ kind, name }) => kind === "directory" || isImageName(name));
  const within = shards.length > 0 && !others
    ? await imagesIn(files, shards.map(({ name }) => join(folder.path, name)))
    : undefined;
  const found = names ?? within?.names ??
    entries.filter(({ kind, name }) => kind === "file" && isImageName(name))
      .map(({ name }) => name);
  if (found.length === 0) {
    const what = names ? "no image is named" : "it holds no image";
    throw new DataError(`Cannot use ${dir}: ${what}, at least one was needed`);
  }
  requireDistinct(found, `the names of images for ${dir}`);
  const samples: Sample[] = [];
  for (const name of found) {
    const path = within ? within.pathOf(name) : await folder.file(name);
    if (path === undefined) {
      throw new DataError(
        `Cannot find ${name} in ${dir}: no shard has it, or several, one was needed`,
      );
    }
    samples.push({ name, path, label: -1 });
  }
  return samples;
}

/** The layouts a data set may have, how each is recognised and read. Divides nothing. */
import { isArchiveName } from "./archives/mount.ts";
import { readClassFolders } from "./class_folders.ts";
import { classesOf, numbered } from "./classes.ts";
import { DataError } from "./errors.ts";
import { baseName, type Files, join } from "./files.ts";
import { Folder, isImageName } from "./folder.ts";
import { type Columns, type Labelled, readLabels } from "./labels.ts";
import type { Sample } from "./sample.ts";
import { isShard, isShardName, readShards } from "./shards.ts";
import { requireClasses } from "./split.ts";

/** Labelled images of one place. */
export interface Source {
  /** Names of the classes; the position is the label. */
  readonly classes: readonly string[];
  /** Images to learn from, or all where there is no validation part. */
  readonly samples: readonly Sample[];
  /** Images to check with, where the place has them apart. */
  readonly validation?: readonly Sample[];
  /** What was understood and what was left aside, one sentence each. */
  readonly notes: readonly string[];
}

const LAYOUTS =
  "trainset/ with trainset_label.txt (in it or in its phase1/), train/ with a folder per class, " +
  "a folder per class, or shards (.tar) of images with their classes";

/** Samples of a table and, where there is one, of the validation table. */
function labelled(
  train: Labelled & { readonly where: string },
  validation?: Labelled & { readonly where: string },
): Pick<Source, "classes" | "samples" | "validation"> {
  const classes = classesOf(train.rows, train.where);
  const samples = numbered(train.rows, classes, { where: train.where, wanted: train.where });
  requireClasses(samples, classes, train.where);
  if (!validation) return { classes, samples };
  const { rows, where } = validation;
  const checked = numbered(rows, classes, { where, wanted: train.where });
  return { classes, samples, validation: checked };
}

/** Reads a label file whose names lie in a directory, which may be in an archive. */
export async function openLabels(
  files: Files,
  { labels, images, ...columns }: Columns & { readonly labels: string; readonly images: string },
): Promise<Source> {
  const folder = await Folder.open(files, images);
  const table = await readLabels(files, labels, { ...columns, images: folder });
  const notes = [`label file ${labels}, images in ${images}`, ...table.notes];
  return { ...labelled({ ...table, where: labels }), notes };
}

async function openFfdi(files: Files, dir: string, columns: Columns): Promise<Source> {
  const read = async (set: string) => {
    const where = join(dir, `${set}_label.txt`);
    const images = await Folder.open(files, join(dir, set));
    return { ...await readLabels(files, where, { ...columns, images }), where };
  };
  const train = await read("trainset");
  const [set, list] = [join(dir, "valset"), join(dir, "valset_label.txt")];
  const alone = await files.kind(set) === "none" && await files.kind(list) === "none";
  const validation = alone ? undefined : await read("valset");
  const notes = [`FFDI layout in ${dir}`, ...train.notes, ...validation?.notes ?? []];
  return { ...labelled(train, validation), notes };
}

async function openClassFolders(
  root: Folder,
  names: { readonly train: string; readonly validation?: string | undefined },
): Promise<Source> {
  const { classes, samples, notes: asides } = await readClassFolders(
    root,
    names.train,
    names.train === "" ? { wanted: LAYOUTS } : {},
  );
  const where = names.train === "" ? root.path : join(root.path, names.train);
  requireClasses(samples, classes, where);
  const notes = [`a folder per class in ${where}`, ...asides];
  if (names.validation === undefined) return { classes, samples, notes };
  const validation = await readClassFolders(root, names.validation, { classes });
  return {
    classes,
    samples,
    validation: validation.samples,
    notes: [...notes, `validation in ${join(root.path, names.validation)}`, ...validation.notes],
  };
}

/** Shards whose names begin with `train` and `val` are the two parts; else all are one. */
async function openShards(
  files: Files,
  shards: readonly string[],
  where: string,
): Promise<Source> {
  const begins = (word: RegExp) => shards.filter((shard) => word.test(baseName(shard)));
  const [train, validation] = [begins(/^train/i), begins(/^val/i)];
  const apart = train.length > 0 && validation.length > 0;
  const used = apart ? train : shards;
  const read = async (some: readonly string[]) => ({ ...await readShards(files, some), where });
  const table = await read(used);
  const check = apart ? await read(validation) : undefined;
  const left = shards.length - used.length - (apart ? validation.length : 0);
  const count = (n: number) => `${n} ${n === 1 ? "shard" : "shards"}`;
  const notes = [
    `WebDataset layout in ${where}: ${count(used.length)}` +
    (apart ? ` of train, ${count(validation.length)} of validation` : ""),
    ...(left > 0 ? [`${count(left)} of ${where} left out: neither train… nor val…`] : []),
    ...table.notes,
    ...check?.notes ?? [],
  ];
  return { ...labelled(table, check), notes };
}

/** The directory where a layout begins: an archive may hold all in one folder. */
async function topOf(files: Files, path: string): Promise<string> {
  if (!isArchiveName(path)) return path;
  // Finder adds a folder of its own.
  const entries = (await files.list(path)).filter(({ name }) =>
    !name.startsWith(".") && name !== "__MACOSX"
  );
  const [only] = entries;
  if (entries.length !== 1 || only?.kind !== "directory") return path;
  const top = join(path, only.name);
  const known = ["phase1", "train", "trainset"];
  if (known.includes(only.name)) return path;
  return (await files.list(top)).some(({ name }) => isImageName(name)) ? path : top;
}

/**
 * Opens a directory or an archive in whichever layout it has. Throws {@linkcode DataError} when it has none, and for
 * columns that are asked for where there is no table.
 */
export async function openPlace(files: Files, path: string, columns: Columns): Promise<Source> {
  await Folder.open(files, path, LAYOUTS);
  const root = await Folder.open(files, await topOf(files, path));
  for (const ffdi of [join(root.path, "phase1"), root.path]) {
    const there = [join(ffdi, "trainset"), join(ffdi, "trainset_label.txt")];
    for (const name of there) {
      if (await files.kind(name) !== "none") return await openFfdi(files, ffdi, columns);
    }
  }
  const [column] = Object.values(columns).filter((name) => name !== undefined);
  if (column !== undefined) {
    throw new DataError(
      `Cannot find column ${column} for ${path}: it has no label file, ` +
        `a label file with its images or the FFDI layout was needed`,
    );
  }
  if (await root.kind("train") === "directory") {
    const validation = await root.kind("val") === "directory" ? "val" : undefined;
    return await openClassFolders(root, { train: "train", validation });
  }
  const names = (await root.list()).map(({ name }) => name);
  const shards = names.filter(isShardName).map((name) => join(root.path, name));
  if (isArchiveName(path) && isShard(names)) return await openShards(files, [path], path);
  if (shards.length > 0) return await openShards(files, shards, root.path);
  return await openClassFolders(root, { train: "" });
}

/** Label files: image names and their classes from a table. Opens no image. */
import { parseCsv, type Table } from "./csv.ts";
import { DataError } from "./errors.ts";
import type { Files } from "./files.ts";
import { counted, type Folder, isImageName, normalName } from "./folder.ts";
import type { Sample } from "./sample.ts";

/** Names of columns that are taken for what they say when no other name was asked for; the first is FFDI's. */
const NAMES = ["img_name", "image", "filename", "file_name", "file", "image_path", "path", "name"];
const LABELS = ["target", "label", "class", "category"];

/** Text of a file, or a DataError that names it. */
async function readText(files: Files, path: string): Promise<string> {
  const kind = await files.kind(path);
  if (kind !== "file") {
    const what = kind === "none" ? "it does not exist" : "it is a folder";
    throw new DataError(`Cannot read ${path}: ${what}, a label file was needed`);
  }
  return await files.readText(path);
}

/** Throws DataError when a name stands twice; `names` as they were found in `where`. */
export function requireDistinct(names: readonly string[], where: string): void {
  const seen = new Map<string, number>();
  for (const [i, spelt] of names.entries()) {
    const name = normalName(spelt);
    const first = seen.get(name);
    if (first !== undefined) {
      throw new DataError(
        `Cannot use ${where}: ${name} stands in rows ${first + 1} and ${i + 1}, ` +
          `each name once was needed`,
      );
    }
    seen.set(name, i);
  }
}

/** Which columns of a label file mean what. */
export interface Columns {
  /** The column of image names; `img_name`, or one with another usual name, if not given. */
  readonly nameColumn?: string;
  /** The column of classes; `target`, or one with another usual name, if not given. */
  readonly labelColumn?: string;
  /** The column of what keeps images together, such as a person or a video; none if not given. */
  readonly groupColumn?: string;
  /** The column of weights for the weighted sampler; none if not given. */
  readonly weightColumn?: string;
}

/** The position of the column `wanted`, or of the one that has a usual name. */
function find(
  table: Table,
  { wanted, usual, where }: {
    readonly wanted: string | undefined;
    readonly usual: readonly string[];
    readonly where: string;
  },
): number {
  const names = wanted === undefined ? usual : [wanted];
  const header = table.columns;
  const found = names.filter((name) => header.includes(name));
  const [name = names[0]!] = found;
  const at = header.indexOf(name);
  const unclear = header.lastIndexOf(name) !== at || found.length > 1 && name !== usual[0];
  if (at < 0 || unclear) {
    throw new DataError(
      `Cannot read ${where}: its header is "${header.join(",")}", ` +
        `a header with one column ${name} was needed` +
        (wanted === undefined ? ", or the name of the column that stands for it" : ""),
    );
  }
  return at;
}

/** A file that says which images a submission is of, in which order, and what its columns are called. */
export interface SampleFile {
  /** The images as they are named there. */
  readonly names: readonly string[];
  /** The header. */
  readonly columns: readonly string[];
  /** Which column has the names. */
  readonly nameAt: number;
}

/**
 * Reads a sample of a submission. Its column of names has a usual name, or is the first of two. Throws
 * {@linkcode DataError} when there is none or a name stands twice.
 */
export async function readSample(
  files: Files,
  path: string,
  { nameColumn }: Columns = {},
): Promise<SampleFile> {
  const table = parseCsv(await readText(files, path), path);
  const { columns } = table;
  const usual = columns.length === 2 && !columns.some((name) => NAMES.includes(name))
    ? columns.slice(0, 1)
    : NAMES;
  const nameAt = find(table, { wanted: nameColumn, usual, where: path });
  const names = table.rows.map((row) => row[nameAt]!);
  if (names.length === 0) {
    throw new DataError(`Cannot use ${path}: it names no image, at least one row was needed`);
  }
  requireDistinct(names, path);
  return { names, columns, nameAt };
}

/** An image and what a table says about it. */
export interface Row extends Omit<Sample, "label"> {
  /** Its class, as it is written. */
  readonly target: string;
}

/** The rows of a label file and what was left aside. */
export interface Labelled {
  /** In the order of the label file. */
  readonly rows: readonly Row[];
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[];
}

/** A weight of a table. */
function weightOf(text: string, name: string, where: string): number {
  const weight = text === "" ? NaN : Number(text);
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new DataError(
      `Cannot read ${where}: the weight of ${name} is ${JSON.stringify(text)}, ` +
        `a number from 0 was needed`,
    );
  }
  return weight;
}

/**
 * Reads a label file with a header, whose names lie in `images`; its columns stand in any order and among others.
 * Throws {@linkcode DataError} for a row that names no file or stands twice.
 */
export async function readLabels(
  files: Files,
  path: string,
  { images, ...columns }: Columns & { readonly images: Folder },
): Promise<Labelled> {
  const table = parseCsv(await readText(files, path), path);
  const { nameColumn, labelColumn, groupColumn, weightColumn } = columns;
  const optional = (wanted: string | undefined) =>
    wanted === undefined ? undefined : find(table, { wanted, usual: [], where: path });
  const nameAt = find(table, { wanted: nameColumn, usual: NAMES, where: path });
  const targetAt = find(table, { wanted: labelColumn, usual: LABELS, where: path });
  const [groupAt, weightAt] = [optional(groupColumn), optional(weightColumn)];
  if (table.rows.length === 0) {
    throw new DataError(`Cannot use ${path}: it labels no image, at least one row was needed`);
  }
  const names = table.rows.map((row) => row[nameAt]!);
  requireDistinct(names, path);
  const rows: Row[] = [];
  for (const [i, row] of table.rows.entries()) {
    const name = names[i]!;
    const target = row[targetAt]!;
    if (target === "") {
      throw new DataError(`Cannot read ${path}: the label of ${name} is "", a class was needed`);
    }
    try {
      rows.push({
        name,
        path: await images.file(name),
        target,
        ...(groupAt !== undefined && row[groupAt] !== "" && { group: row[groupAt]! }),
        ...(weightAt !== undefined && { weight: weightOf(row[weightAt]!, name, path) }),
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(`${error.message} (row ${i + 1} of ${path})`);
    }
  }
  const labelled = new Set(names.map(normalName));
  const spare = (await images.list())
    .filter(({ name, kind }) => kind === "file" && isImageName(name) && !labelled.has(name))
    .map(({ name }) => name);
  const [name, target] = [nameAt, targetAt].map((at) => table.columns[at]!);
  const notes = [
    ...(name === NAMES[0] && target === LABELS[0]
      ? []
      : [`column ${name} of ${path} names the images, column ${target} their classes`]),
    ...(spare.length === 0
      ? []
      : [`${counted(spare, "image", "images")} of ${images.path} without a label left out`]),
  ];
  return { rows, notes };
}

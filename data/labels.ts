/** Label files: image names and class numbers from a table. Opens no image. */
import { parseCsv, type Table } from "./csv.ts";
import { DataError } from "./errors.ts";
import type { Files } from "./files.ts";
import { counted, type Folder, isImageName, normalName } from "./folder.ts";
import type { Sample } from "./sample.ts";

const NAME = "img_name";
const TARGET = "target";

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

/** The values of the wanted columns, wherever they stand. Throws DataError when one is missing. */
function columns(table: Table, wanted: readonly string[], where: string) {
  return wanted.map((name) => {
    const at = table.columns.indexOf(name);
    if (at < 0 || table.columns.lastIndexOf(name) !== at) {
      throw new DataError(
        `Cannot read ${where}: its header is "${table.columns.join(",")}", ` +
          `a header with one column ${name} was needed (${wanted.join(",")})`,
      );
    }
    return table.rows.map((row) => row[at]!);
  });
}

/**
 * The column `img_name` of a file, which may have others: the images of a submission and their order.
 * Throws {@linkcode DataError} when there is none or a name stands twice.
 */
export async function readNames(files: Files, path: string): Promise<readonly string[]> {
  const [names = []] = columns(parseCsv(await readText(files, path), path), [NAME], path);
  if (names.length === 0) {
    throw new DataError(`Cannot use ${path}: it names no image, at least one row was needed`);
  }
  requireDistinct(names, path);
  return names;
}

/** Class number in a label file. */
function classNumber(text: string, name: string, where: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new DataError(
      `Cannot read ${where}: the label of ${name} is ${JSON.stringify(text)}, ` +
        `a class number (0, 1, …) was needed`,
    );
  }
  return Number(text);
}

/** The samples a label file names and what was left aside. */
export interface Labelled {
  /** In the order of the label file. */
  readonly samples: readonly Sample[];
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Reads a label file with the columns `img_name,target`, in any order and among others, whose names lie in
 * `images`. Throws {@linkcode DataError} for a row that names no file, or no class, or stands twice.
 */
export async function readLabels(files: Files, path: string, images: Folder): Promise<Labelled> {
  const table = parseCsv(await readText(files, path), path);
  const [names = [], targets = []] = columns(table, [NAME, TARGET], path);
  if (names.length === 0) {
    throw new DataError(`Cannot use ${path}: it labels no image, at least one row was needed`);
  }
  requireDistinct(names, path);
  const samples: Sample[] = [];
  for (const [i, name] of names.entries()) {
    const label = classNumber(targets[i]!, name, path);
    try {
      samples.push({ name, path: await images.file(name), label });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(`${error.message} (row ${i + 1} of ${path})`);
    }
  }
  const labelled = new Set(names.map(normalName));
  const spare = (await images.list())
    .filter(({ name, kind }) => kind === "file" && isImageName(name) && !labelled.has(name))
    .map(({ name }) => name);
  const notes = spare.length === 0
    ? []
    : [`${counted(spare, "image", "images")} of ${images.path} without a label left out`];
  return { samples, notes };
}

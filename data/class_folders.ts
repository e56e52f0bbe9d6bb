/** A folder for each class, named after it. Divides nothing. */
import { DataError } from "./errors.ts";
import { counted, type Folder, isImageName } from "./folder.ts";
import type { Sample } from "./sample.ts";

/** What lies in the class folders of a directory. */
export interface ClassFolders {
  /** Names of the folders, in the order of their code units, as torchvision's `ImageFolder` numbers them. */
  readonly classes: readonly string[];
  /** Images class by class, called `class/file`. */
  readonly samples: readonly Sample[];
  /** What was left aside, one sentence each. */
  readonly notes: readonly string[];
}

/** How class folders are read. */
export interface ClassFoldersOptions {
  /** The numbering to keep to; the folders found, if not given. */
  readonly classes?: readonly string[];
  /** What an error says was needed when there is no image at all. */
  readonly wanted?: string;
}

/**
 * Reads the class folders in `below`, a folder in `root` or "" for `root` itself. When `classes` are given they
 * are the numbering, and any other folder is refused. Throws {@linkcode DataError} for a class without an image.
 */
export async function readClassFolders(
  root: Folder,
  below: string,
  { classes, wanted = "a folder of images per class" }: ClassFoldersOptions = {},
): Promise<ClassFolders> {
  const prefix = below === "" ? "" : `${below}/`;
  const where = prefix === "" ? root.path : `${below} in ${root.path}`;
  const entries = await root.list(below);
  const found = entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
  const ignored = entries.filter(({ kind }) => kind !== "directory").map(({ name }) =>
    prefix + name
  );
  const samples: Sample[] = [];
  const empty: string[] = [];
  for (const name of found) {
    const label = (classes ?? found).indexOf(name);
    if (label < 0) {
      throw new DataError(
        `Cannot use class ${name} of ${where}: training has no such class, one of ` +
          `${classes?.join(", ")} was needed`,
      );
    }
    // Looking it up refuses a link that leads out.
    await root.kind(prefix + name);
    let count = 0;
    for (const { name: file, kind } of await root.list(prefix + name)) {
      const path = `${prefix}${name}/${file}`;
      if (kind === "file" && isImageName(file)) {
        samples.push({ name: `${name}/${file}`, path: await root.file(path), label });
        count++;
      } else ignored.push(path);
    }
    if (count === 0) empty.push(name);
  }
  if (samples.length === 0) {
    const what = found.length === 0 ? "it holds no folder" : "no folder in it holds an image";
    throw new DataError(`Cannot use ${where}: ${what}, ${wanted} was needed`);
  }
  if (empty.length > 0) {
    throw new DataError(
      `Cannot use class ${
        empty[0]
      } of ${where}: its folder holds no image, at least one was needed`,
    );
  }
  const notes = ignored.length === 0 ? [] : [
    `${
      counted(ignored, "entry", "entries")
    } of ${root.path} left out: not an image in a class folder`,
  ];
  return { classes: classes ?? found, samples, notes };
}

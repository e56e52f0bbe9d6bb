/** A directory that names are looked up in and never left. Reads names only, not files. */
import { DataError } from "./errors.ts";
import { type Entry, type Files, join, type Kind } from "./files.ts";

/** Endings of the image files that a folder is searched for. */
const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif|bmp)$/i;

/** Whether a file's name says that it is an image. */
export function isImageName(name: string): boolean {
  return IMAGE.test(name) && !name.startsWith(".");
}

/** Says how many and which, with at most three examples: `2 files (a.txt, b.txt)`. */
export function counted(names: readonly string[], one: string, many: string): string {
  const examples = names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
  return `${names.length} ${names.length === 1 ? one : many} (${examples})`;
}

/** The parts of a name below a directory; `./a//b` has the two parts of `a/b`. */
function partsOf(name: string): string[] {
  return name.split("/").filter((part) => part !== "" && part !== ".");
}

/** One spelling for each file: `./a//b` as `a/b`. */
export function normalName(name: string): string {
  return partsOf(name).join("/");
}

/** A directory whose listings are kept, so that looking up a name touches no disk. */
export class Folder {
  /** The directory as the user wrote it. */
  readonly path: string;
  readonly #files: Files;
  readonly #real: string;
  readonly #listings = new Map<string, Map<string, Entry>>();

  private constructor(path: string, files: Files, real: string) {
    this.path = path;
    this.#files = files;
    this.#real = real;
  }

  /** Throws {@linkcode DataError}, which says that `wanted` was needed, when `path` is not a directory. */
  static async open(files: Files, path: string, wanted = "a folder"): Promise<Folder> {
    const kind = await files.kind(path);
    if (kind !== "directory") {
      const what = kind === "none" ? "it does not exist" : "it is a file";
      throw new DataError(`Cannot open ${path}: ${what}, ${wanted} was needed`);
    }
    return new Folder(path, files, await files.realPath(path));
  }

  /** What the directory, or one below it, holds. Names that begin with a dot are left out. */
  async list(below = ""): Promise<readonly Entry[]> {
    const listing = await this.#listing(below);
    return [...listing.values()].filter(({ name }) => !name.startsWith("."));
  }

  /** What a name leads to, `"none"` when nothing is there. Throws DataError when it leaves the directory. */
  async kind(name: string): Promise<Kind> {
    const parts = partsOf(name);
    // A backslash and a drive letter lead away on Windows, a NUL cuts a path short.
    const away = name.startsWith("/") || /^[A-Za-z]:|\\|\0/.test(name) || parts.includes("..");
    if (away) throw this.#outside(name);
    let below = "";
    let kind: Kind = "directory";
    for (const part of parts) {
      if (kind !== "directory") return "none";
      const entry: Entry | undefined = (await this.#listing(below)).get(part);
      if (!entry || entry.kind === "none") return "none";
      below = below === "" ? part : `${below}/${part}`;
      kind = entry.kind;
      if (entry.link && !this.#holds(await this.#files.realPath(join(this.path, below)))) {
        throw this.#outside(name);
      }
    }
    return kind;
  }

  /** The path of a file in the directory. Throws DataError when it is not there or leaves the directory. */
  async file(name: string): Promise<string> {
    const kind = await this.kind(name);
    if (kind !== "file") {
      const what = kind === "none" ? "it does not exist" : "it is a folder";
      throw new DataError(`Cannot find ${name} in ${this.path}: ${what}, an image file was needed`);
    }
    return join(this.path, normalName(name));
  }

  async #listing(below: string): Promise<Map<string, Entry>> {
    let listing = this.#listings.get(below);
    if (!listing) {
      const entries = await this.#files.list(below === "" ? this.path : join(this.path, below));
      listing = new Map(entries.map((entry) => [entry.name, entry]));
      this.#listings.set(below, listing);
    }
    return listing;
  }

  #holds(real: string): boolean {
    const base = this.#real.replace(/[/\\]$/, "");
    return real === base || real.startsWith(base + "/") || real.startsWith(base + "\\");
  }

  #outside(name: string): DataError {
    return new DataError(
      `Cannot use ${
        JSON.stringify(name)
      } from ${this.path}: it leaves the folder, a file inside it was needed`,
    );
  }
}

/** The file that a command is asked to write: what is wrong with its place, said before any work. Writes nothing. */

import { directoryName, type Files } from "../data/files.ts";
import { UsageError } from "./errors.ts";

/** Throws UsageError where `out` is a folder or lies in none. */
export async function requireWritable(files: Files, out: string): Promise<void> {
  if (await files.kind(out) === "directory") {
    throw new UsageError(`Cannot write --out "${out}": it is a folder, a file was needed`);
  }
  const dir = directoryName(out);
  if (await files.kind(dir) !== "directory") {
    throw new UsageError(
      `Cannot write --out "${out}": there is no folder "${dir}", one was needed`,
    );
  }
}

/**
 * Throws UsageError where `out` is there already, unless it may be replaced; the file `source` that the command
 * reads is never replaced.
 */
export async function requireNew(
  files: Files,
  out: string,
  { source, force }: { readonly source: string; readonly force: boolean },
): Promise<void> {
  if (await files.kind(out) === "none") return;
  if (await files.realPath(out) === await files.realPath(source)) {
    throw new UsageError(
      `Cannot write --out "${out}": it is what is to be read, another file was needed`,
    );
  }
  if (force) return;
  throw new UsageError(
    `Cannot write --out "${out}": it is there already, another name or --force was needed`,
  );
}

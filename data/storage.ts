/** Files that cannot be kept: the error, and the question for room before any is written. Writes nothing. */
import type { Files } from "./files.ts";

/** The machine does not keep a file: the disk is full, the folder is gone. The message names the file. */
export class StorageError extends Error {
  /** Tells it from other errors. */
  override readonly name = "StorageError";
}

/** So many bytes in words: `3.7 GiB`, `512 MiB`, `64 KiB`. */
export function sizeText(bytes: number): string {
  const [size, unit] = bytes < 2 ** 20
    ? [2 ** 10, "KiB"]
    : bytes < 2 ** 30
    ? [2 ** 20, "MiB"]
    : [2 ** 30, "GiB"];
  return `${(bytes / size).toFixed(unit === "GiB" ? 1 : 0)} ${unit}`;
}

/**
 * Throws StorageError where the disk of the folder `dir`, which need not be there yet, has no room for so many
 * bytes; where files cannot tell, nothing is asked for.
 */
export async function requireRoom(
  files: Pick<Files, "freeBytes">,
  dir: string,
  { bytes, what }: { readonly bytes: number; readonly what: string },
): Promise<void> {
  const free = await files.freeBytes?.(dir);
  if (free === undefined || free >= bytes) return;
  throw new StorageError(
    `Cannot begin in "${dir}": ${what} take ${sizeText(bytes)}, its disk has ${
      sizeText(free)
    } free; ` +
      "make room, or name a folder of another disk with --run",
  );
}

/** What the machine says when it does not keep a file, in words. Keeps none itself. */

import { statfs } from "node:fs/promises";
import { directoryName } from "../data/files.ts";
import { sizeText, StorageError } from "../data/storage.ts";

/** What is the matter, by the system's code, and what was needed. */
const REASONS: Readonly<Record<string, string>> = {
  EDQUOT: "the quota of this user is used up, room was needed",
  EROFS: "its disk takes no changes, one that can be written to was needed",
  EACCES: "it may not be written, a folder of one's own was needed",
  EPERM: "it may not be written, a folder of one's own was needed",
  ENOENT: "its folder is not there any more, one that stays was needed",
  ENOTDIR: "a file is where a folder was needed",
  EEXIST: "a file is where a folder was needed",
  EISDIR: "a folder is where a file was needed",
  ENOTEMPTY: "a folder is where a file was needed",
  EIO: "its disk reports a fault, a sound one was needed",
};

/** What a write of so many bytes comes to. Throws StorageError where the machine does not keep `path`. */
export async function keeping<T>(
  path: string,
  write: () => Promise<T>,
  bytes?: number,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    const reason = code === "ENOSPC" ? await fullText(path, bytes) : REASONS[String(code)];
    if (reason === undefined) throw error;
    throw new StorageError(`Cannot write "${path}": ${reason}`, { cause: error });
  }
}

async function fullText(path: string, bytes?: number): Promise<string> {
  const free = await freeBytes(path);
  const left = free === undefined ? "" : ` (${sizeText(free)} free)`;
  const wanted = bytes === undefined ? "room" : `room for ${sizeText(bytes)}`;
  return `its disk is full${left}, ${wanted} was needed`;
}

/** Bytes that a user may still write on the disk of `path`, which need not be there; undefined where that is not known. */
export async function freeBytes(path: string): Promise<number | undefined> {
  for (let place = path;; place = directoryName(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch {
      if (place === directoryName(place)) return undefined;
    }
  }
}

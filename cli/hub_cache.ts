/** The cache folder of the Hugging Face Hub's own tools, through Deno. Asks no hub. */

import { directoryName, join } from "../data/files.ts";
import type { HubCache, HubContent, HubFile, HubVersion } from "../models/hub.ts";
import { denoFiles as files } from "./files.ts";
import { keeping } from "./storage.ts";

const nameOf = ({ repository }: HubFile) => `models--${repository.replaceAll("/", "--")}`;

/** A path of a file's repository in the cache. */
function placeIn(folder: string, file: HubFile, ...parts: string[]): string {
  return [nameOf(file), ...parts].reduce(join, folder);
}

/** The commit that a file's revision was when the hub was last asked. */
function commitOf(folder: string, file: HubFile): string | undefined {
  const isCommit = (text: string) => /^[0-9a-f]{40}$/.test(text);
  if (isCommit(file.revision)) return file.revision;
  try {
    const commit = Deno.readTextFileSync(placeIn(folder, file, "refs", file.revision)).trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

/** The path of a file that was downloaded earlier; undefined where it is not there. */
export function cachedFile(folder: string, file: HubFile): string | undefined {
  const commit = commitOf(folder, file);
  if (commit === undefined) return undefined;
  const path = placeIn(folder, file, "snapshots", commit, ...file.name.split("/"));
  try {
    return Deno.statSync(path).isFile ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A cache in `folder` that huggingface_hub shares: `models--<owner>--<name>/` with `blobs/<etag>`,
 * `snapshots/<commit>/<file>` (a link to its blob) and `refs/<revision>` (a commit).
 */
export function hubCache(folder: string): HubCache {
  const place = (file: HubFile, ...parts: string[]) => placeIn(folder, file, ...parts);
  const snapshot = (file: HubFile, commit: string) =>
    place(file, "snapshots", commit, ...file.name.split("/"));

  const find = (file: HubFile) => Promise.resolve(cachedFile(folder, file));

  const link = async (file: HubFile, { commit, etag }: HubVersion) => {
    const blob = place(file, "blobs", etag);
    if (await files.kind(blob) !== "file") return undefined;
    const path = snapshot(file, commit);
    if (await files.kind(path) !== "file") await linkBlob(blob, path, file.name);
    if (file.revision !== commit && commitOf(folder, file) !== commit) {
      const ref = place(file, "refs", file.revision);
      await files.makeDirectory(directoryName(ref));
      await files.writeAtomic(ref, new TextEncoder().encode(commit));
    }
    return path;
  };

  const open = async (file: HubFile, { etag }: HubVersion) => {
    const lock = join(join(join(folder, ".locks"), nameOf(file)), `${etag}.lock`);
    const blob = place(file, "blobs", etag);
    await files.makeDirectory(directoryName(lock));
    await files.makeDirectory(directoryName(blob));
    return await Incomplete.open(blob, lock);
  };

  return { find, link, open };
}

/** A link that is right wherever the cache is moved; a copy where links are not allowed. */
async function linkBlob(blob: string, path: string, name: string): Promise<void> {
  await files.makeDirectory(directoryName(path));
  const up = "../".repeat(name.split("/").length + 1);
  try {
    await Deno.symlink(`${up}blobs/${blob.replace(/^.*\//, "")}`, path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    await Deno.copyFile(blob, path);
  }
}

/** A blob under the name it has until it is whole, locked against other processes. */
class Incomplete implements HubContent {
  size: number;

  private constructor(
    readonly blob: string,
    readonly file: Deno.FsFile,
    readonly lock: Deno.FsFile,
  ) {
    this.size = file.seekSync(0, Deno.SeekMode.End);
  }

  static async open(blob: string, lockPath: string): Promise<Incomplete> {
    const lock = await Deno.open(lockPath, { create: true, write: true });
    await lock.lock(true);
    const options = { create: true, read: true, write: true };
    return new Incomplete(blob, await Deno.open(`${blob}.incomplete`, options), lock);
  }

  async append(bytes: Uint8Array): Promise<void> {
    await keeping(`${this.blob}.incomplete`, async () => {
      for (let at = 0; at < bytes.length;) at += await this.file.write(bytes.subarray(at));
    }, bytes.length);
    this.size += bytes.length;
  }

  async clear(): Promise<void> {
    await this.file.truncate(0);
    this.size = await this.file.seek(0, Deno.SeekMode.Start);
  }

  read(): Promise<Uint8Array<ArrayBuffer>> {
    return files.read(`${this.blob}.incomplete`);
  }

  async keep(): Promise<void> {
    await this.file.sync();
    await Deno.rename(`${this.blob}.incomplete`, this.blob);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.file.close();
    await this.lock.unlock();
    this.lock.close();
  }
}

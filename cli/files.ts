/** The file system of the machine, through Deno. Decides nothing about what is stored where. */
import {
  directoryName,
  type Entry,
  type FileInfo,
  type Files,
  join,
  type Kind,
  type Range,
} from "../data/files.ts";
import { freeBytes, keeping } from "./storage.ts";

function kindOf(info: Deno.FileInfo): Kind {
  return info.isFile ? "file" : info.isDirectory ? "directory" : "none";
}

async function kind(path: string): Promise<Kind> {
  try {
    return kindOf(await Deno.stat(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return "none";
    }
    throw error;
  }
}

async function list(dir: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const { name, isFile, isDirectory, isSymlink } of Deno.readDir(dir)) {
    const known = isFile ? "file" : isDirectory ? "directory" : "none";
    entries.push({
      name,
      kind: isSymlink ? await kind(join(dir, name)) : known,
      link: isSymlink,
    });
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function readRange(
  path: string,
  { offset, length }: Range,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) {
      throw new RangeError(
        `Cannot read ${length} bytes of ${path} from byte ${offset}: it ends at byte ` +
          `${offset + at}, a longer file was needed`,
      );
    }
    at += count;
  }
  return bytes;
}

async function info(path: string): Promise<FileInfo> {
  const { size, mtime } = await Deno.stat(path);
  return { size, modified: mtime?.getTime() ?? 0 };
}

/** Temporary file in the same directory, sync, rename, sync of the directory. */
async function writeAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const dir = directoryName(path);
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true });
    try {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    // Where that fails too, the first fault is the one to tell.
    await remove(temporary).catch(() => {});
    throw error;
  }
  // A directory is opened and synced like a file, but not on Windows, where rename alone is durable.
  if (Deno.build.os === "windows") return;
  const directory = await Deno.open(dir);
  try {
    await directory.sync();
  } finally {
    directory.close();
  }
}

/** A second name for the same bytes where the file system has that, else the bytes once more; then a rename. */
async function copy(from: string, to: string): Promise<void> {
  const temporary = `${to}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await Deno.link(from, temporary).catch(() => Deno.copyFile(from, temporary));
    await Deno.rename(temporary, to);
  } catch (error) {
    await remove(temporary).catch(() => {});
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Files through Deno's own functions, with the permissions of the program. */
export const denoFiles: Files = {
  read: (path) => Deno.readFile(path),
  readRange,
  info,
  // TextDecoder leaves out the byte order mark, Deno.readTextFile does not.
  readText: async (path) => new TextDecoder().decode(await Deno.readFile(path)),
  list,
  kind,
  realPath: (path) => Deno.realPath(path),
  makeDirectory: (path) => keeping(path, () => Deno.mkdir(path, { recursive: true })),
  writeAtomic: (path, bytes) => keeping(path, () => writeAtomic(path, bytes), bytes.length),
  appendText: (path, text) => keeping(path, () => Deno.writeTextFile(path, text, { append: true })),
  append: (path, bytes) => keeping(path, () => Deno.writeFile(path, bytes, { append: true })),
  copy: (from, to) => keeping(to, () => copy(from, to)),
  remove,
  freeBytes,
};

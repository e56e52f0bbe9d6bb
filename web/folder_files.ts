/** A file system below a folder that the browser hands out: a person's own, or the one it keeps for this page. */
/// <reference lib="dom" />
/// <reference lib="dom.asynciterable" />

import { baseName, directoryName, type Entry, type Files, StorageError } from "../run.ts";

/** What workers have for files of their own, and the library of types of pages lacks. */
interface WritableHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<{
    getSize(): number;
    write(bytes: Uint8Array, options: { readonly at: number }): number;
    flush(): void;
    close(): void;
  }>;
  move(name: string): Promise<void>;
}

/** What a name that is being written ends with, until it is whole. */
const PART = ".part";

/**
 * The files below `root`, read from their handles when asked for. Only those of the browser's own folder can be
 * written, in a worker; an interrupted write leaves a `.part` beside the old file. Writing rejects with StorageError
 * where there is no room.
 */
export function folderFiles(root: FileSystemDirectoryHandle): Files {
  const known = new Map<string, Promise<FileSystemDirectoryHandle>>();

  /** The folder of a path; it is looked up once. */
  function folder(path: string, create = false): Promise<FileSystemDirectoryHandle> {
    const name = plain(path);
    if (name === "") return Promise.resolve(root);
    let found = known.get(name);
    if (!found) {
      const above = name.includes("/") ? directoryName(name) : "";
      found = folder(above, create).then((dir) =>
        dir.getDirectoryHandle(baseName(name), { create })
      );
      known.set(name, found);
      found.catch(() => known.delete(name));
    }
    return found;
  }

  async function handle(path: string, create = false): Promise<FileSystemFileHandle> {
    const name = plain(path);
    const dir = await folder(name.includes("/") ? directoryName(name) : "", create);
    return await dir.getFileHandle(baseName(name), { create });
  }

  const file = async (path: string) => await (await handle(path)).getFile();

  /** Writes bytes to a file that is there or not, and waits until they are on the disk. */
  async function write(path: string, bytes: Uint8Array, end: boolean): Promise<WritableHandle> {
    const found = await handle(path, true) as WritableHandle;
    const access = await found.createSyncAccessHandle();
    try {
      const at = end ? access.getSize() : 0;
      const written = access.write(bytes, { at });
      if (written < bytes.length) {
        throw new DOMException("the write stopped early", "QuotaExceededError");
      }
      access.flush();
    } finally {
      access.close();
    }
    return found;
  }

  async function writeAtomic(path: string, bytes: Uint8Array): Promise<void> {
    const part = `${path}.${crypto.randomUUID().slice(0, 8)}${PART}`;
    try {
      await (await write(part, bytes, false)).move(baseName(path));
    } catch (error) {
      await files.remove(part).catch(() => {});
      throw refused(path, error);
    }
  }

  async function append(path: string, bytes: Uint8Array): Promise<void> {
    try {
      await write(path, bytes, true);
    } catch (error) {
      throw refused(path, error);
    }
  }

  const files: Files = {
    read: async (path) => new Uint8Array(await (await file(path)).arrayBuffer()),
    async readRange(path, { offset, length }) {
      const part = (await file(path)).slice(offset, offset + length);
      const bytes = new Uint8Array(await part.arrayBuffer());
      if (bytes.length === length) return bytes;
      throw new RangeError(
        `Cannot read ${length} bytes of ${path} from byte ${offset}: it ends before`,
      );
    },
    async info(path) {
      const { size, lastModified } = await file(path);
      return { size, modified: lastModified };
    },
    readText: async (path) => new TextDecoder().decode(await (await file(path)).arrayBuffer()),
    async list(dir) {
      const entries: Entry[] = [];
      for await (const [name, { kind }] of (await folder(dir)).entries()) {
        entries.push({ name, kind, link: false });
      }
      return entries.sort((a, b) => a.name < b.name ? -1 : 1);
    },
    async kind(path) {
      if (plain(path) === "") return "directory";
      const dir = await folder(above(path)).catch(() => undefined);
      if (!dir) return "none";
      const name = baseName(plain(path));
      if (await dir.getFileHandle(name).catch(() => undefined)) return "file";
      return await dir.getDirectoryHandle(name).catch(() => undefined) ? "directory" : "none";
    },
    realPath: (path) => Promise.resolve(`/${plain(path)}`),
    async makeDirectory(path) {
      await folder(path, true).catch((error) => {
        throw refused(path, error);
      });
    },
    writeAtomic,
    appendText: (path, text) => append(path, new TextEncoder().encode(text)),
    append,
    copy: async (from, to) => await writeAtomic(to, await files.read(from)),
    async remove(path) {
      const name = plain(path);
      for (const one of known.keys()) {
        if (one === name || one.startsWith(`${name}/`)) known.delete(one);
      }
      const dir = await folder(above(path)).catch(() => undefined);
      await dir?.removeEntry(baseName(name), { recursive: true }).catch((error: DOMException) => {
        if (error.name !== "NotFoundError") throw error;
      });
    },
    async freeBytes() {
      const { quota, usage } = await navigator.storage.estimate();
      return quota === undefined ? undefined : quota - (usage ?? 0);
    },
  };
  return files;
}

function above(path: string): string {
  const name = plain(path);
  return name.includes("/") ? directoryName(name) : "";
}

/** `a/b` for `/a//b/` and `./a/b`. */
function plain(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}

/** What kept a file from being written, in words. */
function refused(path: string, error: unknown): StorageError {
  const reason = error instanceof Error ? error.message : String(error);
  const full = error instanceof DOMException && error.name === "QuotaExceededError";
  const what = full ? "this browser gives no more room" : reason;
  return new StorageError(
    `Cannot write ${path}: ${what}, ${
      full ? "fewer saved runs were" : "a file that can be written was"
    } needed`,
    { cause: error },
  );
}

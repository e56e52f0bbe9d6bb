/** A file system of files that a page holds: dropped, photographed or made. Their bytes are read when asked for. */
/// <reference lib="dom" />

import { directoryName, type Entry, type Files, type Kind } from "../run.ts";

/** Files by their paths. What is not there yet can be written, and is kept in memory. */
export function blobFiles(blobs: Map<string, Blob> = new Map()): Files {
  const folders = new Map<string, Map<string, Kind>>([["", new Map()]]);

  function note(path: string, kind: Kind): void {
    const dir = path.includes("/") ? directoryName(path) : "";
    if (!folders.has(dir)) {
      folders.set(dir, new Map());
      note(dir, "directory");
    }
    folders.get(dir)!.set(path.slice(dir === "" ? 0 : dir.length + 1), kind);
  }

  function blobAt(path: string): Blob {
    const blob = blobs.get(plain(path));
    if (!blob) throw new Error(`Cannot read ${path}: there is no such file`);
    return blob;
  }

  async function append(path: string, bytes: Uint8Array): Promise<void> {
    const before = blobs.get(plain(path));
    await files.writeAtomic(
      path,
      new Uint8Array(await bytesOf(new Blob([before ?? "", copy(bytes)]))),
    );
  }

  for (const path of blobs.keys()) note(path, "file");
  const files: Files = {
    read: (path) => bytesOf(blobAt(path)),
    async readRange(path, { offset, length }) {
      const bytes = await bytesOf(blobAt(path).slice(offset, offset + length));
      if (bytes.length === length) return bytes;
      throw new RangeError(
        `Cannot read ${length} bytes of ${path} from byte ${offset}: it ends before`,
      );
    },
    info(path) {
      const blob = blobAt(path);
      const modified = blob instanceof File ? blob.lastModified : 0;
      return Promise.resolve({ size: blob.size, modified });
    },
    async readText(path) {
      return new TextDecoder().decode(await bytesOf(blobAt(path)));
    },
    list(dir) {
      const names = folders.get(plain(dir));
      if (!names) return Promise.reject(new Error(`Cannot list ${dir}: there is no such folder`));
      return Promise.resolve(
        [...names].map(([name, kind]): Entry => ({ name, kind, link: false }))
          .sort((a, b) => a.name < b.name ? -1 : 1),
      );
    },
    kind(path) {
      const name = plain(path);
      return Promise.resolve(blobs.has(name) ? "file" : folders.has(name) ? "directory" : "none");
    },
    realPath: (path) => Promise.resolve(`/${plain(path)}`),
    makeDirectory(path) {
      const name = plain(path);
      if (!folders.has(name)) {
        folders.set(name, new Map());
        note(name, "directory");
      }
      return Promise.resolve();
    },
    writeAtomic(path, bytes) {
      const name = plain(path);
      blobs.set(name, new Blob([copy(bytes)]));
      note(name, "file");
      return Promise.resolve();
    },
    appendText: (path, text) => append(path, new TextEncoder().encode(text)),
    append,
    remove: () => Promise.reject(new Error("Cannot remove a file of a page: it is only read")),
  };
  return files;
}

/** `a/b` for `/a//b/` and `./a/b`. */
function plain(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** What a blob takes: no shared memory. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

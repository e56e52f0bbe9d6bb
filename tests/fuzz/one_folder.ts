/** A folder in memory, as the parsers' file system. Keeps nothing that is written. */
import type { Files } from "../../data/files.ts";

const none = () =>
  Promise.reject(new Error("Cannot write: the folder is in memory, none was needed"));

/** A file system of one folder, `.`, with these files in it. */
export function oneFolder(contents: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Files {
  const read = (path: string) => contents.get(path)!.slice();
  return {
    read: (path) => Promise.resolve(read(path)),
    readRange(path, { offset, length }) {
      const bytes = read(path).slice(offset, offset + length);
      if (bytes.length === length) return Promise.resolve(bytes);
      return Promise.reject(new RangeError(`${path} ends before byte ${offset + length}`));
    },
    info: (path) => Promise.resolve({ size: read(path).length, modified: 0 }),
    readText: (path) => Promise.resolve(new TextDecoder().decode(read(path))),
    list: () =>
      Promise.resolve(
        [...contents.keys()].sort().map((name) => ({ name, kind: "file", link: false })),
      ),
    kind: (path) =>
      Promise.resolve(path === "." ? "directory" : contents.has(path) ? "file" : "none"),
    realPath: (path) => Promise.resolve(`/folder/${path}`),
    makeDirectory: none,
    writeAtomic: none,
    appendText: none,
    append: none,
    remove: none,
  };
}

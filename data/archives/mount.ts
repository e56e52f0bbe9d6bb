/** Archives as folders: a view of a file system in which the files of zip and tar archives have paths. */
import { DataError } from "../errors.ts";
import type { Entry, FileInfo, Files, Kind, Range } from "../files.ts";
import { type Member, readMember, type ReadRange } from "./member.ts";
import { INDEX_ENDING, parseIndex } from "./tar_index.ts";
import { listTar } from "./tar.ts";
import { listZip, type Named } from "./zip.ts";

/** Most bytes that a packed tar archive may unpack to: it has to be held in memory. */
export const MAX_HELD_BYTES = 2 ** 30;

/** Bytes of a packed archive read at a time. */
const CHUNK = 2 ** 20;

/** An opened archive. */
interface Archive {
  readonly path: string;
  readonly info: FileInfo;
  readonly members: ReadonlyMap<string, Member>;
  /** What each folder holds, by the folder's path; "" is the top. */
  readonly folders: ReadonlyMap<string, ReadonlyMap<string, Kind>>;
  readonly read: ReadRange;
}

/** Whether a path ends as that of an archive. */
export function isArchiveName(path: string): boolean {
  return /\.(zip|tar|tar\.gz|tgz)$/i.test(path);
}

/**
 * A view of `files` in which an archive that a path names is a folder: `a.zip/cat/1.jpg` is a file of `a.zip`.
 * Archives are read in place, by ranges; only a packed tar, which cannot be, is held in memory. They are listed
 * once. Methods reject with {@linkcode DataError} when an archive is damaged, or holds a link, a name that leaves
 * it, or one name twice. What only exists in an archive cannot be written.
 */
export function withArchives(files: Files): Files {
  const archives = new Map<string, Promise<Archive>>();

  /** The archive in a path and the name in it, unless the path leads to no archive. */
  async function inside(path: string): Promise<{ archive: Archive; name: string } | undefined> {
    for (const { 0: ending, index } of path.matchAll(/\.(?:zip|tar|tar\.gz|tgz)(?=\/|$)/gi)) {
      const cut = index + ending.length;
      const outer = path.slice(0, cut);
      if (!archives.has(outer) && await files.kind(outer) !== "file") continue;
      let opened = archives.get(outer);
      if (!opened) {
        opened = openArchive(files, outer);
        archives.set(outer, opened);
      }
      const name = path.slice(cut).split("/").filter((part) => part !== "" && part !== ".");
      return { archive: await opened, name: name.join("/") };
    }
    return undefined;
  }

  async function member(path: string) {
    const found = await inside(path);
    if (!found) return undefined;
    const { archive, name } = found;
    const member = archive.members.get(name);
    if (!member) {
      throw new DataError(`Cannot read ${path}: ${archive.path} has no such file, one was needed`);
    }
    return { archive, member };
  }

  async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const found = await member(path);
    if (!found) return await files.read(path);
    return await readMember(found.member, { where: path, read: found.archive.read });
  }

  return {
    ...files,
    read,
    async readRange(path, { offset, length }) {
      const found = await member(path);
      if (!found) return await files.readRange(path, { offset, length });
      return (await read(path)).slice(offset, offset + length);
    },
    async info(path) {
      const found = await member(path);
      if (!found) return await files.info(path);
      return { ...found.archive.info, size: found.member.size };
    },
    async readText(path) {
      if (!await inside(path)) return await files.readText(path);
      return new TextDecoder().decode(await read(path));
    },
    async list(dir): Promise<Entry[]> {
      const found = await inside(dir);
      if (!found) return await files.list(dir);
      const folder = found.archive.folders.get(found.name);
      if (!folder) throw new DataError(`Cannot list ${dir}: it is no folder, one was needed`);
      return [...folder].map(([name, kind]) => ({ name, kind, link: false }))
        .sort((a, b) => a.name < b.name ? -1 : 1);
    },
    async kind(path) {
      const found = await inside(path);
      if (!found) return await files.kind(path);
      const { members, folders } = found.archive;
      return members.has(found.name) ? "file" : folders.has(found.name) ? "directory" : "none";
    },
    async realPath(path) {
      const found = await inside(path);
      if (!found) return await files.realPath(path);
      const outer = await files.realPath(found.archive.path);
      return found.name === "" ? outer : `${outer}/${found.name}`;
    },
  };
}

async function openArchive(files: Files, path: string): Promise<Archive> {
  const info = await files.info(path);
  let read: ReadRange = (range) => files.readRange(path, range);
  let { size } = info;
  if (/gz$/i.test(path)) {
    const held = await unpack(files, path, size);
    size = held.length;
    read = ({ offset, length }) => Promise.resolve(held.slice(offset, offset + length));
  }
  read = within(read, { path, size });
  const list = /\.zip$/i.test(path) ? listZip : listTar;
  const far = info.tag !== undefined;
  const named = far && await indexed(files, path, size) || await list({ path, size, read, far });
  return { path, info, read, ...arrange(named, path) };
}

/** Reads ranges of an archive of `size` bytes; what is said to lie behind its end is refused with {@linkcode DataError}. */
function within(read: ReadRange, { path, size }: { path: string; size: number }): ReadRange {
  return async (range) => {
    if (range.offset >= 0 && range.offset + range.length <= size) return await read(range);
    throw new DataError(
      `Cannot read ${path}: it says that something ends at byte ${
        range.offset + range.length
      } of ${size}, ` +
        `an undamaged archive was needed`,
    );
  };
}

/** What an index beside an archive says; undefined where there is none. */
async function indexed(files: Files, path: string, size: number): Promise<Named[] | undefined> {
  const index = path + INDEX_ENDING;
  if (!/\.tar$/i.test(path) || await files.kind(index) !== "file") return undefined;
  return parseIndex(await files.readText(index), { where: index, size });
}

/** The whole of a packed archive. */
async function unpack(files: Files, path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  let at = 0;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const range: Range = { offset: at, length: Math.min(CHUNK, size - at) };
      if (range.length === 0) return controller.close();
      at += range.length;
      controller.enqueue(await files.readRange(path, range));
    },
  });
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for await (const part of packed.pipeThrough(new DecompressionStream("gzip"))) {
      length += part.length;
      if (length > MAX_HELD_BYTES) {
        throw new DataError(
          `Cannot read ${path}: it unpacks to more than ${MAX_HELD_BYTES / 2 ** 30} GiB, ` +
            `a plain .tar or a .zip, which are read in place, was needed`,
        );
      }
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`Cannot read ${path}: it does not unpack, a whole gzip file was needed`);
  }
  const whole = new Uint8Array(length);
  let to = 0;
  for (const part of parts) {
    whole.set(part, to);
    to += part.length;
  }
  return whole;
}

/** Members by their path and folders with what they hold. */
function arrange(named: readonly Named[], path: string): Pick<Archive, "members" | "folders"> {
  const members = new Map<string, Member>();
  const folders = new Map<string, Map<string, Kind>>([["", new Map()]]);
  for (const { name, ...member } of named) {
    const parts = name.split("/").filter((part) => part !== "" && part !== ".");
    // A backslash and a drive letter lead away on Windows, a NUL cuts a path short.
    const away = name.startsWith("/") || /^[A-Za-z]:|\\|\0/.test(name) || parts.includes("..");
    if (away) {
      throw new DataError(
        `Cannot use ${JSON.stringify(name)} from ${path}: it leaves the archive, ` +
          `a file inside it was needed`,
      );
    }
    const whole = parts.join("/");
    if (members.has(whole) || folders.has(whole)) {
      throw new DataError(
        `Cannot use ${path}: ${name} stands in it twice, each name once was needed`,
      );
    }
    members.set(whole, member);
    for (let i = parts.length - 1; i >= 0; i--) {
      const above = parts.slice(0, i).join("/");
      const folder = folders.get(above) ?? new Map<string, Kind>();
      folders.set(above, folder);
      folder.set(parts[i]!, i === parts.length - 1 ? "file" : "directory");
    }
    for (let i = 1; i < parts.length; i++) {
      if (members.has(parts.slice(0, i).join("/"))) {
        throw new DataError(
          `Cannot use ${path}: ${parts.slice(0, i).join("/")} is a file and a folder in it, ` +
            `one of them was needed`,
        );
      }
    }
  }
  return { members, folders };
}

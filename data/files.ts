/** What data and training may do with files, as an interface; the file systems themselves are elsewhere. */

/** What a path leads to, links followed. */
export type Kind = "file" | "directory" | "none";

/** One name in a directory. */
export interface Entry {
  /** The last part of its path. */
  readonly name: string;
  /** What it is, links followed; `"none"` is a link to nothing. */
  readonly kind: Kind;
  /** Whether it is a symbolic link, which may lead out of the directory. */
  readonly link: boolean;
}

/** What is known about a file without reading it. */
export interface FileInfo {
  /** Bytes in it. */
  readonly size: number;
  /** When it was last written, in milliseconds since 1970; 0 where that is not known. */
  readonly modified: number;
  /** Which state of it a server has, such as its ETag; there for what is on a server alone, where each read costs a request. */
  readonly tag?: string;
}

/** A part of a file. */
export interface Range {
  /** Bytes before it. */
  readonly offset: number;
  /** Bytes in it. */
  readonly length: number;
}

/**
 * A file system. Paths have `/` between their parts. What reads rejects with the system's error, what writes with
 * StorageError where the system does not keep a file.
 */
export interface Files {
  /** The bytes of a file, which the caller owns. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The bytes of a part of a file; rejects when the file ends before it does. */
  readRange(path: string, range: Range): Promise<Uint8Array<ArrayBuffer>>;
  /** Size and time of a file. */
  info(path: string): Promise<FileInfo>;
  /** The text of a file in UTF-8, without a byte order mark. */
  readText(path: string): Promise<string>;
  /** What a directory holds, in the order of the names' code units. */
  list(dir: string): Promise<Entry[]>;
  /** What a path leads to; never rejects because nothing is there. */
  kind(path: string): Promise<Kind>;
  /** The absolute path without links. */
  realPath(path: string): Promise<string>;
  /** Makes a directory and those above it; one that is there already stays as it is. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces a file so that at any moment, a loss of power included, it is the old or the new one. */
  writeAtomic(path: string, bytes: Uint8Array): Promise<void>;
  /** Adds text to the end of a file, which is made when it is not there. */
  appendText(path: string, text: string): Promise<void>;
  /** Adds bytes to the end of a file, which is made when it is not there. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Makes a file what another one is, as a whole or not at all; left out where files are not kept twice. */
  copy?(from: string, to: string): Promise<void>;
  /** Removes a file or a directory with all in it; one that is not there is removed already. */
  remove(path: string): Promise<void>;
  /** Bytes free on the disk of a path, or of the nearest folder above it; left out, or undefined, where nobody knows. */
  freeBytes?(path: string): Promise<number | undefined>;
}

/** A path below a directory. */
export function join(dir: string, name: string): string {
  return dir === "" || dir.endsWith("/") ? dir + name : `${dir}/${name}`;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, "").replace(/^.*\//, "");
}

/** The directory a path lies in, `.` for a bare name. */
export function directoryName(path: string): string {
  const cut = path.replace(/\/+$/, "").lastIndexOf("/");
  return cut < 0 ? "." : path.slice(0, cut) || "/";
}

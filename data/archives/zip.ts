/** What lies in a zip archive, by its central directory. Unpacks nothing: member.ts reads. */
import { DataError } from "../errors.ts";
import type { Range } from "../files.ts";
import type { Member, ReadRange } from "./member.ts";

/** Methods of packing that are read: none, and deflate. */
const STORED = 0;
const DEFLATE = 8;

/** A named file of an archive. */
export interface Named extends Member {
  /** Its path in the archive, as it is written there. */
  readonly name: string;
}

/** Any archive, as what reads its parts. */
export interface ArchiveBytes {
  /** What errors call it. */
  readonly path: string;
  /** Bytes in it. */
  readonly size: number;
  /** Reads a part of it. */
  readonly read: ReadRange;
  /** Whether it is on a server; false if not given. */
  readonly far?: boolean;
}

/**
 * The files of a zip archive in the order of its directory; directories are left out. Throws
 * {@linkcode DataError} when it is none, or holds a link, or a file that is encrypted or packed in an unusual way.
 */
export async function listZip({ path, size, read }: ArchiveBytes): Promise<Named[]> {
  // Loaded by who opens an archive only.
  const { configure, Reader, ZipReader } = await import("zip");
  configure({ useWebWorkers: false });
  class Bytes extends Reader<undefined> {
    constructor() {
      super(undefined);
      this.size = size;
    }
    override async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
      const range: Range = { offset, length: Math.min(length, size - offset) };
      return await read(range);
    }
  }
  const refuse = (what: string, needed: string) =>
    new DataError(`Cannot read ${path}: ${what}, ${needed} was needed`);
  // Names are checked by who gives them paths, with one message for every kind of archive.
  const zip = new ZipReader(new Bytes(), { filenameValidation: "tolerant" });
  const members: Named[] = [];
  try {
    for await (const entry of zip.getEntriesGenerator()) {
      const { filename: name, directory, symlink, encrypted, compressionMethod } = entry;
      if (directory) continue;
      if (symlink) throw refuse(`${name} is a link`, "an archive of files");
      if (encrypted) throw refuse(`${name} is encrypted`, "an archive without a password");
      if (compressionMethod !== STORED && compressionMethod !== DEFLATE) {
        throw refuse(`${name} is packed by method ${compressionMethod}`, "deflate or none");
      }
      members.push({
        name,
        range: { offset: entry.offset, length: entry.compressedSize },
        size: entry.uncompressedSize,
        zip: {
          deflate: compressionMethod === DEFLATE,
          // Only encrypted files have none.
          crc: entry.signature ?? 0,
          nameLength: entry.rawFilename.length,
        },
      });
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw refuse(`its directory cannot be read (${reason})`, "a whole zip archive");
  }
  return members;
}

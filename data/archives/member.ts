/** A file inside of an archive as a range of the archive's bytes, and how to read it. Lists nothing. */
import { DataError } from "../errors.ts";
import type { Range } from "../files.ts";
import { crc32 } from "../../models/crc32.ts";

/** A file inside of an archive. */
export interface Member {
  /** Where its bytes are in the archive, as they are stored. */
  readonly range: Range;
  /** Bytes of the file itself. */
  readonly size: number;
  /** They themselves, where they are few and were seen when the archive was listed. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** What a zip archive knows beyond that. */
  readonly zip?: {
    /** Whether the bytes are packed by deflate rather than as they are. */
    readonly deflate: boolean;
    /** CRC-32 of the file. */
    readonly crc: number;
    /** Bytes of the file's name, which stands between its header and its bytes. */
    readonly nameLength: number;
  };
}

/** Reads a part of an archive. */
export type ReadRange = (range: Range) => Promise<Uint8Array<ArrayBuffer>>;

/** Most bytes that a file inside of an archive may have: no image needs more, and a bomb promises more. */
export const MAX_MEMBER_BYTES = 2 ** 29;

/** Bytes of a local header of a zip archive before the name, its signature, and where its lengths stand. */
const LOCAL_HEADER = 30;
const LOCAL_SIGNATURE = 0x04034b50;
const NAME_LENGTH = 26;
const EXTRA_LENGTH = 28;

/** Bytes of extra fields that are read along with a local header; most have fewer. */
const USUAL_EXTRA = 64;

/** The bytes of a member; `where` is what errors call it. Throws {@linkcode DataError} when they are damaged. */
export async function readMember(
  { range, size, bytes: seen, zip }: Member,
  { where, read }: { readonly where: string; readonly read: ReadRange },
): Promise<Uint8Array<ArrayBuffer>> {
  if (size > MAX_MEMBER_BYTES) {
    throw new DataError(
      `Cannot read ${where}: it says that it has ${size} bytes, at most ${MAX_MEMBER_BYTES} were needed`,
    );
  }
  if (!zip) return seen ? seen.slice() : await read(range);
  const stored = await readStored(range, { nameLength: zip.nameLength, where, read });
  const bytes = zip.deflate ? await inflate(stored, size) : stored;
  if (bytes?.length !== size || crc32(bytes) !== zip.crc) {
    throw new DataError(
      `Cannot read ${where}: its bytes do not have the length and checksum in the archive, ` +
        `an undamaged archive was needed`,
    );
  }
  return bytes;
}

/** The bytes behind a local header at `offset`, packed or not. */
async function readStored(
  { offset, length }: Range,
  { nameLength, where, read }: {
    readonly nameLength: number;
    readonly where: string;
    readonly read: ReadRange;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  // A guess of the extra fields' length saves a second read; what lies behind the bytes is harmless.
  const guess = await readUpTo({
    offset,
    length: LOCAL_HEADER + nameLength + USUAL_EXTRA + length,
  });
  const view = new DataView(guess.buffer);
  if (view.byteLength < LOCAL_HEADER || view.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw new DataError(
      `Cannot read ${where}: no file begins there, an undamaged archive was needed`,
    );
  }
  const begin = LOCAL_HEADER + view.getUint16(NAME_LENGTH, true) +
    view.getUint16(EXTRA_LENGTH, true);
  if (begin + length <= guess.length) return guess.slice(begin, begin + length);
  return await read({ offset: offset + begin, length });

  /** The last file of an archive has the directory behind it, which may be shorter than the guess. */
  async function readUpTo(range: Range): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await read(range);
    } catch {
      return await read({ offset, length: LOCAL_HEADER });
    }
  }
}

/** Unpacks bytes that must become `size`; undefined when they become others. */
async function inflate(
  packed: Uint8Array<ArrayBuffer>,
  size: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(size);
  let at = 0;
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    for await (const chunk of stream) {
      if (at + chunk.length > size) return undefined;
      bytes.set(chunk, at);
      at += chunk.length;
    }
  } catch {
    return undefined;
  }
  return at === size ? bytes : undefined;
}

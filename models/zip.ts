/** ZIP archives: the list of entries and the bytes of one, bounded before they are unpacked. Writes none. */

import { ByteReader } from "./byte_reader.ts";
import { crc32 } from "./crc32.ts";

/** One file of an archive. */
export interface ZipEntry {
  /** Its path in the archive. */
  readonly name: string;
  /** Bytes of its content. */
  readonly size: number;
  /** The content as it is stored, a view of the archive. */
  readonly stored: Uint8Array;
  /** Whether it is stored deflated. */
  readonly deflated: boolean;
  /** CRC-32 of the content. */
  readonly crc: number;
}

/** How many times as large as an archive its content may be. Weights hardly shrink. */
const MAX_RATIO = 20;

/** Bytes of content that any archive may have. */
const SMALL = 2 ** 20;

/** Bytes that are inflated at once: at most 1032 times as many come out of it. */
const SLICE = 2 ** 14;

/**
 * The entries of an archive by name. Semantics: PKWARE's APPNOTE 6.3, ZIP64 included, without encryption,
 * parts and entries that lie over one another. Throws SyntaxError.
 */
export function zipEntries(bytes: Uint8Array): Map<string, ZipEntry> {
  const { count, start, end } = directory(bytes);
  const reader = new ByteReader(bytes.subarray(0, end), WHAT, start);
  const entries = new Map<string, ZipEntry>();
  const places: { readonly name: string; readonly begin: number; readonly end: number }[] = [];
  for (let i = 0; i < count; i++) {
    const record = directoryRecord(reader);
    const { name, offset } = record;
    if (entries.has(name)) {
      throw broken(`it has ${show(name)} twice`, "different names were needed");
    }
    const stored = localContent(bytes.subarray(0, start), record);
    entries.set(name, { ...record, stored });
    places.push({ name, begin: offset, end: stored.byteOffset + stored.length - bytes.byteOffset });
  }
  if (reader.at !== end) throw broken("its directory has more entries", `${count} were needed`);
  requireApart(places);
  const size = [...entries.values()].reduce((sum, entry) => sum + entry.size, 0);
  const most = Math.max(SMALL, MAX_RATIO * bytes.length);
  if (size > most) throw broken(`it unpacks to ${size} bytes`, `at most ${most} were needed`);
  return entries;
}

/** The content of an entry; a view of the archive where it is stored as it is. Rejects with SyntaxError. */
export async function zipContent(entry: ZipEntry): Promise<Uint8Array> {
  const content = entry.deflated ? await inflate(entry) : entry.stored;
  if (crc32(content) !== entry.crc) {
    throw broken(`${show(entry.name)} is damaged`, "the content of its CRC-32 was needed");
  }
  return content;
}

const WHAT = "the ZIP archive";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/** Where the directory of an archive is, and how many entries it has. */
function directory(bytes: Uint8Array): { count: number; start: number; end: number } {
  const at = endRecord(bytes);
  const reader = new ByteReader(bytes, WHAT, at + 4);
  const [disk, first, here, all] = [2, 2, 2, 2].map((size) => reader.unsigned(size as 2));
  let [count, size, start] = [all!, reader.unsigned(4), reader.unsigned(4)];
  let end = at;
  const locator = at >= 20 ? new ByteReader(bytes, WHAT, at - 20) : undefined;
  if (locator?.unsigned(4) === LOCATOR_64) {
    locator.skip(4);
    end = locator.unsigned(8);
    const large = new ByteReader(bytes.subarray(0, at - 20), WHAT);
    large.skip(end);
    if (large.unsigned(4) !== END_64) throw broken("its end is damaged", "a ZIP64 end was needed");
    large.skip(28);
    [count, size, start] = [large.unsigned(8), large.unsigned(8), large.unsigned(8)];
  } else if (disk !== 0 || first !== 0 || here !== all) {
    throw broken("it is one part of several", "a whole archive was needed");
  }
  if (start + size !== end) {
    throw broken(`its directory ends at byte ${start + size}`, `byte ${end} was needed`);
  }
  return { count, start, end };
}

/** Where the last record begins: a comment of up to 65,535 bytes may follow it. */
function endRecord(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) !== END) continue;
    if (at + 22 + view.getUint16(at + 20, true) === bytes.length) return at;
  }
  throw broken("its directory is missing", "a whole archive was needed");
}

/** An entry as the directory has it, with where its own record is. */
type DirectoryRecord = Omit<ZipEntry, "stored"> & {
  readonly offset: number;
  readonly storedSize: number;
};

function directoryRecord(reader: ByteReader): DirectoryRecord {
  if (reader.unsigned(4) !== CENTRAL) {
    throw broken("its directory is damaged", "an entry was needed");
  }
  reader.skip(4);
  const flags = reader.unsigned(2);
  const method = reader.unsigned(2);
  reader.skip(4);
  const crc = reader.unsigned(4);
  let [storedSize, size] = [reader.unsigned(4), reader.unsigned(4)];
  const [nameLength, extraLength] = [reader.unsigned(2), reader.unsigned(2)];
  const commentLength = reader.unsigned(2);
  reader.skip(8);
  let offset = reader.unsigned(4);
  const name = reader.text(nameLength);
  const large = zip64Field(reader.take(extraLength));
  reader.skip(commentLength);
  const wide = (value: number) => value === 0xffffffff && large ? large.unsigned(8) : value;
  [size, storedSize, offset] = [wide(size), wide(storedSize), wide(offset)];
  if ((flags & 1) !== 0) throw broken(`${show(name)} is encrypted`, "plain entries were needed");
  if (method !== 0 && method !== 8) {
    throw broken(`${show(name)} is packed by method ${method}`, "0 or 8 was needed");
  }
  const deflated = method === 8;
  if (!deflated && size !== storedSize) {
    throw broken(`${show(name)} has ${size} bytes in ${storedSize}`, "as many were needed");
  }
  return { name, size, storedSize, offset, deflated, crc };
}

/** The field of an entry that has sizes above 4 GiB, where there is one. */
function zip64Field(extra: Uint8Array): ByteReader | undefined {
  const reader = new ByteReader(extra, WHAT);
  while (extra.length - reader.at >= 4) {
    const [id, length] = [reader.unsigned(2), reader.unsigned(2)];
    const field = reader.take(length);
    if (id === 1) return new ByteReader(field, WHAT);
  }
  return undefined;
}

/** The stored bytes of an entry, behind its own record, which must say the same name. */
function localContent(bytes: Uint8Array, { name, offset, storedSize }: DirectoryRecord) {
  const reader = new ByteReader(bytes, WHAT);
  reader.skip(offset);
  if (reader.unsigned(4) !== LOCAL) {
    throw broken(`${show(name)} is not at byte ${offset}`, "an entry was needed");
  }
  reader.skip(22);
  const [nameLength, extraLength] = [reader.unsigned(2), reader.unsigned(2)];
  const here = reader.text(nameLength);
  if (here !== name) {
    throw broken(`it lists ${show(name)} where ${show(here)} is`, "one name was needed");
  }
  reader.skip(extraLength);
  return reader.take(storedSize);
}

function requireApart(places: { name: string; begin: number; end: number }[]): void {
  places.sort((a, b) => a.begin - b.begin);
  for (const [i, { name, begin }] of places.entries()) {
    const before = places[i - 1];
    if (before && begin < before.end) {
      throw broken(
        `${show(name)} lies over ${show(before.name)}`,
        "entries after one another were needed",
      );
    }
  }
}

/** Unpacks an entry and stops when more comes out than its size. */
async function inflate({ name, stored, size }: ZipEntry): Promise<Uint8Array> {
  let at = 0;
  const slices = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= stored.length) return controller.close();
      controller.enqueue(stored.slice(at, at += SLICE));
    },
  });
  const content = new Uint8Array(size);
  const damaged = broken(`${show(name)} is damaged`, `what unpacks to ${size} bytes was needed`);
  let filled = 0;
  try {
    for await (const part of slices.pipeThrough(new DecompressionStream("deflate-raw"))) {
      if (part.length > size - filled) throw damaged;
      content.set(part, filled);
      filled += part.length;
    }
  } catch (error) {
    throw error instanceof TypeError ? damaged : error;
  }
  if (filled !== size) throw damaged;
  return content;
}

function show(name: string): string {
  const shown = JSON.stringify(name);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

function broken(is: string, needed: string): SyntaxError {
  return new SyntaxError(`Cannot read ${WHAT}: ${is}, ${needed}`);
}

/**
 * What lies in a tar archive, by its headers (POSIX.1-2001 pax, with GNU's long names). Reads headers alone and
 * skips what lies between, which the packages for streams of tar cannot.
 */
import { DataError } from "../errors.ts";
import type { ArchiveBytes, Named } from "./zip.ts";

/** Bytes of a block: headers take one, files fill up to one. */
const BLOCK = 512;

/**
 * Least bytes read at once: a header and, with luck, a small file and the next header. Files below a size are read
 * along with their headers, so many at once; larger ones are skipped. A request to a server takes as long as reading
 * much more from it.
 */
const PACE = { near: { window: 4096, small: 2 ** 16 }, far: { window: 2 ** 16, small: 2 ** 20 } };
const AT_ONCE = 16;

/** Files up to this size are kept as they are seen, so many bytes of all: labels beside images are read next. */
const KEPT = 4096;
const MOST_KEPT = 2 ** 24;

/** Most bytes of the records that give a name: a name with more is an attack. */
const MAX_RECORD = 2 ** 20;

/** A field of a header. */
type Field = readonly [offset: number, length: number];

const NAME: Field = [0, 100];
const SIZE: Field = [124, 12];
const CHECKSUM: Field = [148, 8];
const TYPE = 156;
const MAGIC: Field = [257, 5];
const PREFIX: Field = [345, 155];

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function field(block: Uint8Array, [offset, length]: Field): string {
  return text(block.subarray(offset, offset + length));
}

/** A number in octal digits or, above 8 GiB, GNU's base 256; NaN when it is neither. */
function number(block: Uint8Array, [offset, length]: Field): number {
  if ((block[offset]! & 0x80) === 0) {
    const digits = field(block, [offset, length]).trim();
    return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  }
  let value = block[offset]! & 0x7f;
  for (let i = 1; i < length; i++) value = value * 256 + block[offset + i]!;
  return value;
}

/** Whether a block is a header: the sum of its bytes with blanks for the checksum itself. */
function isHeader(block: Uint8Array): boolean {
  const [begin, length] = CHECKSUM;
  const sum = block.reduce(
    (total, byte, i) => total + (i >= begin && i < begin + length ? 32 : byte),
    0,
  );
  return sum === number(block, CHECKSUM);
}

/** The records of a pax header: lines of `length key=value`, the length in bytes and with the line's end. */
function paxRecords(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const length = parseInt(text(bytes.subarray(at, at + 20)), 10);
    if (!(length > 0)) break;
    const line = new TextDecoder().decode(bytes.subarray(at, at + length - 1));
    const [, key, value] = /^\d+ ([^=]+)=([^]*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) records.set(key, value);
    at += length;
  }
  return records;
}

/**
 * The files of a tar archive in their order; directories are left out. Throws {@linkcode DataError} when it is
 * none, ends early, or holds a link or a device.
 */
export async function listTar({ path, size, read, far }: ArchiveBytes): Promise<Named[]> {
  const pace = PACE[far ? "far" : "near"];
  let [from, window, usual] = [0, new Uint8Array(0), pace.window];
  /** Bytes of the archive, from the window where they lie in it. */
  const bytesAt = async (offset: number, length: number) => {
    if (offset + length > size) throw refuse(`it ends at byte ${size}, within a file`);
    if (offset < from || offset + length > from + window.length) {
      window = await read({ offset, length: Math.min(size - offset, Math.max(usual, length)) });
      from = offset;
    }
    return window.subarray(offset - from, offset - from + length);
  };
  const refuse = (what: string) =>
    new DataError(`Cannot read ${path}: ${what}, a whole tar archive of files was needed`);

  const members: Named[] = [];
  let kept = 0;
  let long: { name?: string | undefined; size?: number | undefined } = {};
  for (let at = 0; at < size;) {
    const block = await bytesAt(at, BLOCK);
    if (block.every((byte) => byte === 0)) break;
    if (!isHeader(block)) throw refuse(`there is no header at byte ${at}`);
    const prefix = field(block, MAGIC) === "ustar" ? field(block, PREFIX) : "";
    const short = field(block, NAME);
    const name = long.name ?? (prefix === "" ? short : `${prefix}/${short}`);
    const length = long.size ?? number(block, SIZE);
    if (!(length >= 0)) throw refuse(`the length of ${name} is no number`);
    const type = String.fromCharCode(block[TYPE]!);
    const begin = at + BLOCK;
    at = begin + Math.ceil(length / BLOCK) * BLOCK;
    // A label between images says nothing of what comes next.
    if (length > KEPT) {
      usual = length < pace.small ? Math.max(pace.window, AT_ONCE * length) : pace.window;
    }
    if ("xgLK".includes(type)) {
      if (length > MAX_RECORD) throw refuse(`a name of ${length} bytes stands in it`);
      const bytes = await bytesAt(begin, length);
      if (type === "x") {
        const records = paxRecords(bytes);
        const digits = records.get("size");
        long = { name: records.get("path"), size: digits === undefined ? digits : Number(digits) };
      } else if (type === "L") long = { name: text(bytes) };
      continue;
    }
    long = {};
    if (type === "5") continue;
    if (!["0", "7", "\0"].includes(type)) throw refuse(`${name} is a link or a device`);
    // Old archives mark a directory by its name alone.
    if (name.endsWith("/")) continue;
    if (begin + length > size) throw refuse(`it ends at byte ${size}, within ${name}`);
    const member = { name, range: { offset: begin, length }, size: length };
    if (length > KEPT || kept + length > MOST_KEPT) members.push(member);
    else {
      kept += length;
      members.push({ ...member, bytes: (await bytesAt(begin, length)).slice() });
    }
  }
  return members;
}

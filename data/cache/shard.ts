/** The file format of prepared images: a header that says what is where, then pixels. Opens no file. */
import { crc32 } from "../../models/crc32.ts";
import type { Range } from "../files.ts";
import type { Image, Size } from "../image.ts";

/** First bytes of a shard; the digit is the version of the format. */
const MAGIC = new TextEncoder().encode("VERITYP1");

/** Magic, length of the header and its CRC-32. */
export const PREAMBLE = MAGIC.length + 8;

/** Most bytes of a header: one with more is damaged. */
const MAX_HEADER = 2 ** 28;

/** An image in a shard. */
export interface ShardEntry extends Size {
  /** Which file, in which state, it was made of. */
  readonly key: string;
  /** {@linkcode checksum} of its pixels. */
  readonly sum: number;
  /** Where its pixels are. */
  readonly range: Range;
}

/** A 32-bit checksum of pixels, a word at a time: finds damage, not forgery. */
export function checksum(bytes: Uint8Array): number {
  const whole = bytes.length & ~3;
  let h = bytes.length | 0;
  if ((bytes.byteOffset & 3) === 0) {
    for (const word of new Uint32Array(bytes.buffer, bytes.byteOffset, whole >> 2)) {
      h = Math.imul(h ^ word, 0x9e3779b1);
      h ^= h >>> 15;
    }
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, whole);
    for (let i = 0; i < whole; i += 4) {
      h = Math.imul(h ^ view.getInt32(i, true), 0x9e3779b1);
      h ^= h >>> 15;
    }
  }
  for (let i = whole; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, 0x9e3779b1);
  return h >>> 0;
}

/** The bytes of a shard. */
export function writeShard(
  images: readonly { readonly key: string; readonly image: Image }[],
): Uint8Array<ArrayBuffer> {
  const rows = images.map(({ key, image: { width, height, data } }) =>
    [key, width, height, checksum(data)] as const
  );
  const header = new TextEncoder().encode(JSON.stringify(rows));
  const total = images.reduce((sum, { image }) => sum + image.data.length, 0);
  const bytes = new Uint8Array(PREAMBLE + header.length + total);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint32(MAGIC.length, header.length, true);
  view.setUint32(MAGIC.length + 4, crc32(header), true);
  bytes.set(header, PREAMBLE);
  let at = PREAMBLE + header.length;
  for (const { image: { data } } of images) {
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}

/** Length of the header that follows a preamble; undefined when it is none. */
export function headerLength(preamble: Uint8Array): number | undefined {
  const view = new DataView(preamble.buffer, preamble.byteOffset, preamble.byteLength);
  if (preamble.length < PREAMBLE || MAGIC.some((byte, i) => preamble[i] !== byte)) return undefined;
  const length = view.getUint32(MAGIC.length, true);
  return length <= MAX_HEADER ? length : undefined;
}

/** What a shard of `size` bytes holds; undefined when the header, or the size, is not what it was. */
export function readHeader(
  preamble: Uint8Array,
  header: Uint8Array,
  size: number,
): ShardEntry[] | undefined {
  const view = new DataView(preamble.buffer, preamble.byteOffset, preamble.byteLength);
  if (crc32(header) !== view.getUint32(MAGIC.length + 4, true)) return undefined;
  const rows: [string, number, number, number][] = JSON.parse(new TextDecoder().decode(header));
  let offset = PREAMBLE + header.length;
  const entries = rows.map(([key, width, height, sum]): ShardEntry => {
    const range = { offset, length: width * height * 3 };
    offset += range.length;
    return { key, width, height, sum, range };
  });
  return offset === size ? entries : undefined;
}

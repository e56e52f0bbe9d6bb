/** Writes ZIP archives for tests, wrong ones too. Reads none. */
import { crc32, deflateRawSync } from "node:zlib";

/** A file of an archive, and what its records should say in place of the truth. */
export interface ArchiveFile {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  readonly crc?: number;
  readonly size?: number;
  readonly method?: number;
  readonly flags?: number;
  /** Where the directory says that it is. */
  readonly offset?: number;
  /** The name in the file's own record. */
  readonly localName?: string;
}

/** An archive of these files; with `zip64` every number that can be is in a field of ZIP64. */
export function zipOf(
  files: readonly ArchiveFile[],
  { zip64 = false, count = files.length, comment = "" } = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (part: Uint8Array) => {
    parts.push(part);
    at += part.length;
  };
  for (const file of files) {
    const { content, deflate = false, flags = 0 } = file;
    const stored = deflate ? new Uint8Array(deflateRawSync(content)) : content;
    const { crc = crc32(content), size = content.length, method = deflate ? 8 : 0 } = file;
    const offset = file.offset ?? at;
    const common = [[2, flags], [2, method], [4, 0], [4, crc]] as const;
    const local = text(file.localName ?? file.name);
    add(numbers([4, 0x04034b50], [2, 45], ...common, [4, stored.length], [4, size]));
    add(join(numbers([2, local.length], [2, 4]), local, numbers([2, 0x4246], [2, 0]))); // padding
    add(stored);
    const name = text(file.name);
    const wide = numbers([2, 1], [2, 24], [8, size], [8, stored.length], [8, offset]);
    const narrow = (value: number) => zip64 ? 0xffffffff : value;
    directory.push(join(
      numbers([4, 0x02014b50], [2, 45], [2, 45], ...common),
      numbers([4, narrow(stored.length)], [4, narrow(size)], [2, name.length]),
      numbers([2, zip64 ? wide.length : 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, narrow(offset)]),
      name,
      zip64 ? wide : new Uint8Array(),
    ));
  }
  const start = at;
  for (const record of directory) add(record);
  const size = at - start;
  if (zip64) {
    const end = at;
    add(numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0]));
    add(numbers([8, count], [8, count], [8, size], [8, start]));
    add(numbers([4, 0x07064b50], [4, 0], [8, end], [4, 1]));
  }
  const small = (value: number, none: number) => zip64 ? none : value;
  add(numbers([4, 0x06054b50], [2, 0], [2, 0], [2, small(count, 0xffff)]));
  add(numbers([2, small(count, 0xffff)], [4, small(size, 0xffffffff)]));
  add(numbers([4, small(start, 0xffffffff)], [2, comment.length]));
  add(text(comment));
  return join(...parts);
}

/** Parts one after another. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** UTF-8. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Whole numbers of so many bytes each, little-endian. */
export function numbers(
  ...fields: readonly (readonly [bytes: number, value: number])[]
): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([bytes, value]) =>
      Array.from({ length: bytes }, (_, i) => Number(BigInt(value) >> BigInt(8 * i) & 255n))
    ),
  );
}

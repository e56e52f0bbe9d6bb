/** Small zip and tar archives made on foot, whole ones and wrong ones. Asserts nothing. */
import { deflateRawSync, gzipSync } from "node:zlib";
import { crc32 } from "../../models/crc32.ts";

/** A file to be put in an archive, and what may be wrong about it. */
export interface Made {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Zip: whether to pack it. */
  readonly deflate?: boolean;
  /** Zip: the size that is said; the true one if not given. */
  readonly size?: number;
  /** Zip: the mode of Unix, as for a link. */
  readonly mode?: number;
  /** Tar: the type of the header; "0", a file, if not given. */
  readonly type?: string;
}

/** Bytes of texts and bytes, one after the other. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A zip archive (APPNOTE 6.3.10) of files in order. */
export function zipOf(files: readonly Made[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes, deflate = false, size = bytes.length, mode = 0o100644 } of files) {
    const path = new TextEncoder().encode(name);
    const stored = deflate ? new Uint8Array(deflateRawSync(bytes)) : bytes;
    const fields = new Uint8Array(26);
    const view = new DataView(fields.buffer);
    view.setUint16(0, 20, true);
    view.setUint16(2, 0x800, true);
    view.setUint16(4, deflate ? 8 : 0, true);
    view.setUint32(10, crc32(bytes), true);
    view.setUint32(14, stored.length, true);
    view.setUint32(18, size, true);
    view.setUint16(22, path.length, true);
    const local = joined([Uint8Array.of(0x50, 0x4b, 3, 4), fields, path, stored]);
    const rest = new Uint8Array(14);
    const more = new DataView(rest.buffer);
    more.setUint32(6, mode * 65536, true);
    more.setUint32(10, at, true);
    directory.push(
      joined([Uint8Array.of(0x50, 0x4b, 1, 2, 20, 3), fields, rest, path]),
    );
    parts.push(local);
    at += local.length;
  }
  const central = joined(directory);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, files.length, true);
  view.setUint16(10, files.length, true);
  view.setUint32(12, central.length, true);
  view.setUint32(16, at, true);
  return joined([...parts, central, end]);
}

/** A block of a tar archive's header. */
function header(name: string, size: number, type: string): Uint8Array {
  const block = new Uint8Array(512);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  put(0, name.slice(0, 100));
  put(100, "0000644\0");
  put(124, size.toString(8).padStart(11, "0"));
  put(156, type);
  put(257, "ustar\x0000");
  put(148, "        ");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

function padded(bytes: Uint8Array): Uint8Array {
  return joined([bytes, new Uint8Array((512 - bytes.length % 512) % 512)]);
}

/** A tar archive; names above 100 bytes get a pax header, or GNU's where `gnu` says so. */
export function tarOf(files: readonly Made[], { gnu = false } = {}): Uint8Array<ArrayBuffer> {
  const parts = files.flatMap(({ name, bytes, type = "0" }) => {
    const long: Uint8Array[] = [];
    if (name.length > 100 && gnu) {
      const text = new TextEncoder().encode(`${name}\0`);
      long.push(header("././@LongLink", text.length, "L"), padded(text));
    } else if (name.length > 100) {
      const body = ` path=${name}\n`;
      const digits = String(body.length + 3).length;
      const text = new TextEncoder().encode(`${body.length + digits}${body}`);
      long.push(header("PaxHeader", text.length, "x"), padded(text));
    }
    return [...long, header(name, bytes.length, type), padded(bytes)];
  });
  return joined([...parts, new Uint8Array(1024)]);
}

/** The bytes packed as gzip does. */
export function gzipOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(bytes));
}

/** Files by name as a list. */
export function madeOf(files: Record<string, Uint8Array | string>): Made[] {
  return Object.entries(files).map(([name, content]) => ({
    name,
    bytes: typeof content === "string" ? new TextEncoder().encode(content) : content,
  }));
}

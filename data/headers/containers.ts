/** The headers of PNG, WebP, GIF, BMP and AVIF files, which are made of named parts. Decodes nothing. */
import type { Header } from "./header.ts";
import { exifOrientation } from "./tiff.ts";

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** PNG (W3C, third edition): chunks of length, name, data and checksum up to IEND. */
export function readPng(bytes: Uint8Array): Header | undefined {
  if (textAt(bytes, 0, 8) !== "\x89PNG\r\n\x1a\n") return undefined;
  const view = viewOf(bytes);
  const size = { width: view.getUint32(16), height: view.getUint32(20) };
  let [orientation, exif, whole] = [1, false, false];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const name = textAt(bytes, at + 4, 4);
    if (name === "eXIf") {
      exif = true;
      orientation = exifOrientation(bytes.subarray(at + 8, at + 8 + length));
    }
    at += 12 + length;
    if (name === "IEND") whole = at <= bytes.length;
  }
  return { format: "png", ...size, orientation, whole, exif };
}

/** WebP (RFC 9649): a RIFF file whose first chunk says the size. */
export function readWebp(bytes: Uint8Array): Header | undefined {
  if (textAt(bytes, 0, 4) !== "RIFF" || textAt(bytes, 8, 4) !== "WEBP") return undefined;
  const view = viewOf(bytes);
  const whole = view.getUint32(4, true) + 8 <= bytes.length;
  const uint24 = (at: number) => view.getUint16(at, true) + 65536 * view.getUint8(at + 2);
  const first = textAt(bytes, 12, 4);
  const size = first === "VP8X"
    ? { width: uint24(24) + 1, height: uint24(27) + 1 }
    : first === "VP8L"
    ? sizeOfBits(view.getUint32(21, true))
    : { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  let [orientation, exif] = [1, false];
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (textAt(bytes, at, 4) === "EXIF") {
      exif = true;
      const data = bytes.subarray(at + 8, at + 8 + length);
      // Some programs leave the name that JPEG puts before it.
      orientation = exifOrientation(textAt(data, 0, 4) === "Exif" ? data.subarray(6) : data);
    }
    at += 8 + length + length % 2;
  }
  return { format: "webp", ...size, orientation, whole, exif };

  /** Lossless files pack both sides, less one, into 14 bits each. */
  function sizeOfBits(bits: number) {
    return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
  }
}

/** GIF (89a): the size of its screen; a whole file ends with a semicolon. */
export function readGif(bytes: Uint8Array): Header | undefined {
  if (!/^GIF8[79]a$/.test(textAt(bytes, 0, 6))) return undefined;
  const view = viewOf(bytes);
  const size = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  return { format: "gif", ...size, orientation: 1, whole: bytes.includes(0x3b, 13), exif: false };
}

/** BMP with the header of Windows 3 or later; a negative height says that rows run down. */
export function readBmp(bytes: Uint8Array): Header | undefined {
  if (textAt(bytes, 0, 2) !== "BM" || bytes.length < 26) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(14, true) < 40) return undefined;
  const size = { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
  if (size.width <= 0) return undefined;
  const rowBytes = Math.ceil(size.width * view.getUint16(28, true) / 32) * 4;
  const packed = view.getUint32(30, true) !== 0;
  const end = view.getUint32(10, true) + (packed ? 0 : rowBytes * size.height);
  return { format: "bmp", ...size, orientation: 1, whole: end <= bytes.length, exif: false };
}

/** AVIF: boxes (ISO/IEC 14496-12); the largest `ispe` is the size of the picture. */
export function readAvif(bytes: Uint8Array): Header | undefined {
  if (textAt(bytes, 4, 4) !== "ftyp") return undefined;
  const view = viewOf(bytes);
  const brands = textAt(bytes, 8, Math.min(view.getUint32(0), 64) - 8);
  if (!/avi[fs]/.test(brands)) return undefined;
  let [width, height, whole] = [0, 0, true];
  const walk = (from: number, to: number) => {
    for (let at = from; at + 8 <= to;) {
      const [length, name] = [view.getUint32(at), textAt(bytes, at + 4, 4)];
      const end = length === 0 ? to : at + length;
      if (end > bytes.length) whole = false;
      if (name === "meta") walk(at + 12, end);
      else if (name === "iprp" || name === "ipco") walk(at + 8, end);
      else if (name === "ispe") {
        width = Math.max(width, view.getUint32(at + 12));
        height = Math.max(height, view.getUint32(at + 16));
      }
      if (end <= at) return;
      at = end;
    }
  };
  walk(0, bytes.length);
  if (width === 0) return undefined;
  return { format: "avif", width, height, orientation: 1, whole, exif: false };
}

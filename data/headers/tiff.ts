/** The header of a TIFF file, which EXIF data is one of (TIFF 6.0, EXIF 2.32). Decodes nothing. */
import type { Header } from "./header.ts";

const WIDTH = 256;
const HEIGHT = 257;
const ORIENTATION = 274;

/** Types of values: 16 and 32 bits. */
const SHORT = 3;

/** The numbers of the first directory by their tags; undefined when the bytes are no TIFF. Throws RangeError. */
function firstDirectory(bytes: Uint8Array): Map<number, number> | undefined {
  const order = String.fromCharCode(bytes[0]!, bytes[1]!);
  if (order !== "II" && order !== "MM") return undefined;
  const little = order === "II";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(2, little) !== 42) return undefined;
  const begin = view.getUint32(4, little);
  const tags = new Map<number, number>();
  for (let i = 0; i < view.getUint16(begin, little); i++) {
    const at = begin + 2 + 12 * i;
    const short = view.getUint16(at + 2, little) === SHORT;
    const value = short ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    tags.set(view.getUint16(at, little), value);
  }
  return tags;
}

/** The orientation in EXIF data, 1 to 8; 1 when there is none or the data is damaged. */
export function exifOrientation(bytes: Uint8Array): number {
  let value: number | undefined;
  try {
    value = firstDirectory(bytes)?.get(ORIENTATION);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return soundOrientation(value);
}

/** The header of a TIFF file. Throws RangeError when it is cut short. */
export function readTiff(bytes: Uint8Array): Header | undefined {
  if (bytes.length < 8) return undefined;
  const tags = firstDirectory(bytes);
  const [width, height] = [tags?.get(WIDTH), tags?.get(HEIGHT)];
  if (!tags || width === undefined || height === undefined) return undefined;
  const orientation = soundOrientation(tags.get(ORIENTATION));
  return { format: "tiff", width, height, orientation, whole: true, exif: false };
}

function soundOrientation(value: number | undefined): number {
  return value !== undefined && value >= 1 && value <= 8 ? value : 1;
}

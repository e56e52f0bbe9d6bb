/** The header of a JPEG file: its segments up to the end (ITU-T T.81). Decodes nothing. */
import type { Header, JpegFacts } from "./header.ts";
import { exifOrientation } from "./tiff.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const DQT = 0xdb;
const APP1 = 0xe1;

/** Markers of frames: all of SOF0 … SOF15 but DHT, JPG and DAC. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Frames whose image comes in ever finer scans. */
const PROGRESSIVE = [0xc2, 0xc6, 0xca, 0xce];

/** Luma's table of T.81, annex K.1, which quality 50 has. */
// deno-fmt-ignore
const STANDARD = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/** Sum of the table that libjpeg makes for each quality from 1 (`jpeg_quality_scaling`). */
const SUMS = Array.from({ length: 100 }, (_, i) => {
  const quality = i + 1;
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return STANDARD.reduce(
    (sum, step) => sum + Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))),
    0,
  );
});

/** The quality whose table has a sum nearest to this one. */
function qualityOf(sum: number): number {
  const off = SUMS.map((one) => Math.abs(one - sum));
  return off.indexOf(Math.min(...off)) + 1;
}

/** Sum of the first table, luma's, in a segment of tables; undefined when it holds others only. */
function lumaSum(segment: Uint8Array): number | undefined {
  for (let at = 0; at < segment.length;) {
    const wide = segment[at]! >> 4 !== 0;
    const luma = (segment[at]! & 15) === 0;
    const table = segment.subarray(at + 1, at + 1 + (wide ? 128 : 64));
    // Wide entries are big-endian pairs.
    if (luma) {
      return table.reduce((sum, byte, i) => sum + (wide && i % 2 === 0 ? 256 : 1) * byte, 0);
    }
    at += 1 + table.length;
  }
  return undefined;
}

/** How colour is thinned out, from the sampling factors of a frame. */
function subsamplingOf(frame: Uint8Array): string {
  const channels = frame[5]!;
  if (channels === 1) return "grey";
  const factors = Array.from({ length: channels }, (_, i) => frame[7 + 3 * i]!);
  const [luma = 0x11, ...chroma] = factors;
  const [across, down] = [luma >> 4, luma & 15];
  if (chroma.slice(0, 2).some((factor) => factor !== 0x11)) return "other";
  const names: Readonly<Record<string, string>> = {
    "1 1": "4:4:4",
    "2 1": "4:2:2",
    "2 2": "4:2:0",
  };
  return names[`${across} ${down}`] ?? "other";
}

/** Position behind the entropy-coded bytes that begin at `at`: that of the next marker. */
function afterScan(bytes: Uint8Array, at: number): number {
  for (let next = at;;) {
    next = bytes.indexOf(0xff, next);
    if (next < 0) return bytes.length;
    const marker = bytes[next + 1];
    // A stuffed zero, or a restart: the scan goes on.
    if (marker === undefined) return bytes.length;
    if (marker !== 0 && !(marker >= 0xd0 && marker <= 0xd7)) return next;
    next += 2;
  }
}

/** The header of a JPEG file. Throws RangeError when it is cut short. */
export function readJpeg(bytes: Uint8Array): Header | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== SOI || bytes[2] !== 0xff) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | undefined;
  let facts: JpegFacts | undefined;
  let [sum, orientation, exif, whole]: [number | undefined, number, boolean, boolean] = [
    undefined,
    1,
    false,
    false,
  ];
  for (let at = 2; at < bytes.length - 1;) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === EOI) {
      whole = true;
      break;
    }
    const length = view.getUint16(at + 2);
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (marker === DQT) sum ??= lumaSum(segment);
    else if (isFrame(marker) && !size) {
      size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
      facts = {
        progressive: PROGRESSIVE.includes(marker),
        quality: undefined,
        subsampling: subsamplingOf(segment),
        channels: segment[5] ?? 0,
      };
    } else if (marker === APP1 && String.fromCharCode(...segment.subarray(0, 4)) === "Exif") {
      exif = true;
      orientation = exifOrientation(segment.subarray(6));
    }
    at += 2 + length;
    if (marker === SOS) at = afterScan(bytes, at);
  }
  if (!size || !facts) return undefined;
  const quality = sum === undefined ? undefined : qualityOf(sum);
  return { format: "jpeg", ...size, orientation, whole, exif, jpeg: { ...facts, quality } };
}

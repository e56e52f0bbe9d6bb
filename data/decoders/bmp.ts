/** Bitmaps of Windows, plain ones: 1, 4, 8, 24 and 32 bits a pixel, not compressed. No library here reads them. */
import type { Image } from "../image.ts";

/** Bytes before the header of the picture. */
const FILE_HEADER = 14;

/** Compression that leaves pixels as they are. */
const PLAIN = 0;

/** The pixels of a bitmap whose header was found good. Throws TypeError for one that is compressed. */
export function decodeBmp(bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(10, true);
  const palette = FILE_HEADER + view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const signed = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  if (view.getUint32(30, true) !== PLAIN || ![1, 4, 8, 24, 32].includes(bits)) {
    throw new TypeError(`Cannot decode a bitmap of ${bits} bits: a plain one was needed`);
  }
  const height = Math.abs(signed);
  const rowBytes = Math.ceil(width * bits / 32) * 4;
  const data = new Uint8Array(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    // Rows run upwards unless the height is negative.
    const row = start + (signed < 0 ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++, to += 3) {
      let at = row + x * bits / 8;
      if (bits <= 8) {
        const shift = 8 - bits - x * bits % 8;
        const index = bytes[Math.floor(at)]! >> shift & (1 << bits) - 1;
        at = palette + 4 * index;
      }
      // Blue, green, red.
      for (let c = 0; c < 3; c++) data[to + c] = view.getUint8(at + 2 - c);
    }
  }
  return { width, height, data };
}

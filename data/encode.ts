/** Pixels to the bytes of a JPEG or PNG file. The way back is decode.ts. */
import type { Image } from "./image.ts";
import { loadSharp } from "./native.ts";

/** An imagescript image with the same pixels. */
async function opaque({ width, height, data }: Image) {
  const { Image: Bitmap } = await import("imagescript");
  const bitmap = new Bitmap(width, height);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    bitmap.bitmap[to] = data[from]!;
    bitmap.bitmap[to + 1] = data[from + 1]!;
    bitmap.bitmap[to + 2] = data[from + 2]!;
    bitmap.bitmap[to + 3] = 255;
  }
  return bitmap;
}

function raw({ width, height }: Image) {
  return { raw: { width, height, channels: 3 as const } };
}

/** A baseline JPEG of the image; quality 1 … 100. */
export async function encodeJpeg(image: Image, quality = 90): Promise<Uint8Array> {
  if (!(quality >= 1 && quality <= 100)) {
    throw new RangeError(`Cannot encode a JPEG: quality is ${quality}, 1 to 100 was needed`);
  }
  const sharp = await loadSharp();
  if (sharp) {
    return new Uint8Array(await sharp(image.data, raw(image)).jpeg({ quality }).toBuffer());
  }
  return await (await opaque(image)).encodeJPEG(quality);
}

/** A PNG of the image, 24 bits a pixel, without loss. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const sharp = await loadSharp();
  if (sharp) return new Uint8Array(await sharp(image.data, raw(image)).png().toBuffer());
  return await (await opaque(image)).encode();
}

/** Pixels to the bytes of a JPEG or PNG file. The way back is decode.ts. */
import type { Image } from "./image.ts";
import { loadSharp } from "./native.ts";

/** An imagescript image with the same pixels. */
async function opaque({ width, height, data }: Image) {
  const { Image: Bitmap } = await import("imagescript");
  const bitmap = new Bitmap(width, height);
  bitmap.bitmap.fill(255);
  for (let i = 0; i < width * height; i++) {
    bitmap.bitmap.set(data.subarray(i * 3, i * 3 + 3), i * 4);
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
  const bitmap = await opaque(image);
  // The type lists the integers from 1 to 100.
  return await bitmap.encodeJPEG(Math.round(quality) as Parameters<typeof bitmap.encodeJPEG>[0]);
}

/** A PNG of the image, 24 bits a pixel, without loss. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const sharp = await loadSharp();
  if (sharp) return new Uint8Array(await sharp(image.data, raw(image)).png().toBuffer());
  return await (await opaque(image)).encode();
}

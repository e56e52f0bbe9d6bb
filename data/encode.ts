/** Pixels to the bytes of a JPEG or PNG file. The way back is decode.ts. */
import type { Image } from "./image.ts";
import { loadSharp } from "./native.ts";

/** An image as codecs for browsers take it: with an alpha channel, here without any transparency. */
function opaque({ width, height, data }: Image): ImageData {
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) pixels.set(data.subarray(i * 3, i * 3 + 3), i * 4);
  // What the codecs read of it; Deno has no class of this name.
  return { width, height, data: pixels, colorSpace: "srgb" } as ImageData;
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
  const { default: encode } = await import("@jsquash/jpeg/encode.js");
  const options = { quality: Math.round(quality), progressive: false, baseline: true };
  return new Uint8Array(await encode(opaque(image), options));
}

/** A PNG of the image, 24 bits a pixel or 32 without transparency, without loss. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const sharp = await loadSharp();
  if (sharp) return new Uint8Array(await sharp(image.data, raw(image)).png().toBuffer());
  const { default: encode } = await import("@jsquash/png/encode.js");
  return new Uint8Array(await encode(opaque(image)));
}

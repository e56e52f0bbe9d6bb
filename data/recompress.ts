/** An image as a JPEG leaves it, by the image libraries of this machine. Not for files: decode.ts reads those. */
import { type Decoder, openDecoder } from "./decode.ts";
import { encodeJpeg } from "./encode.ts";
import type { Image } from "./image.ts";

let decoder: Promise<Decoder> | undefined;

/** The image written as a baseline JPEG of a quality, 1 … 100, and read again; the same size. */
export async function recompress(image: Image, quality: number): Promise<Image> {
  const bytes = await encodeJpeg(image, quality);
  return await (await (decoder ??= openDecoder())).decode(bytes, "a JPEG");
}

/** sharp, native code: the fast way where it may run. */
import { MAX_PIXELS } from "../image.ts";
import { loadSharp } from "../native.ts";
import type { Codec } from "./codec.ts";
import { JPEG, openJpeg } from "./jsquash.ts";

/**
 * Pixels up to which WebAssembly has decoded a JPEG before sharp has begun: libvips takes half a millisecond to set
 * out. Both are libjpeg, and their pixels are the same.
 */
const SMALL = 100_000;

/** The codec, or undefined where native code is not there or not allowed. */
export async function openSharp(): Promise<Codec | undefined> {
  const sharp = await loadSharp();
  if (!sharp) return undefined;
  const decodeSmall = await openJpeg();
  return {
    library: "sharp",
    version: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}; ` +
      `${JPEG} up to ${SMALL} pixels`,
    formats: ["jpeg", "png", "webp", "gif", "tiff", "avif"],
    async decode(bytes, header) {
      const { jpeg } = header;
      const inks = jpeg?.channels === 4;
      if (jpeg && !inks && header.width * header.height <= SMALL) {
        try {
          return await decodeSmall(bytes);
        } catch {
          // Whether a file is damaged is for sharp to say, whatever its size.
        }
      }
      const image = sharp(bytes, {
        failOn: "warning",
        limitInputPixels: MAX_PIXELS,
        ignoreIcc: true,
      });
      const pipeline = inks
        ? image.pipelineColourspace("cmyk").toColourspace("cmyk")
        : image.removeAlpha().toColourspace("srgb");
      const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
      const { width, height, channels } = info;
      const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      if (inks) return { width, height, data: fromInks(pixels) };
      if (channels === 3) return { width, height, data: pixels };
      const rgb = new Uint8Array(width * height * 3);
      for (let i = 0; i < rgb.length; i++) rgb[i] = pixels[Math.floor(i / 3) * channels]!;
      return { width, height, data: rgb };
    },
  };
}

/** Inks to light as Pillow does it, (255 − ink) · (255 − black) / 255, and not by the profile of a press. */
function fromInks(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(cmyk.length / 4 * 3);
  let to = 0;
  for (let from = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - cmyk[from + 3]!;
    for (let c = 0; c < 3; c++) rgb[to + c] = Math.round((255 - cmyk[from + c]!) * light / 255);
  }
  return rgb;
}

/** Bytes of an image file to pixels: sharp where native code may run, else imagescript. No resizing. */
import { DataError } from "./errors.ts";
import type { Image } from "./image.ts";
import { type Library, loadSharp } from "./native.ts";

/** Most pixels an image may have: twice Pillow's limit (1024³ / 4 / 3), as where Pillow gives up. */
export const MAX_PIXELS = 178_956_970;

/** Turns files into pixels. */
export interface Decoder {
  /** The library behind it; the two may differ by a level or so in a JPEG. */
  readonly library: Library;
  /** Name and version of what decodes: the same text, the same pixels. */
  readonly version: string;
  /**
   * Pixels of the image in `bytes`, as `Image.open(f).convert("RGB")` of Pillow: an alpha channel is
   * dropped, grey is repeated, CMYK converted, and orientation and colour profile are not applied.
   * Throws {@linkcode DataError}, which names the file by `name`, when they are not a whole image.
   */
  decode(bytes: Uint8Array, name: string): Promise<Image>;
}

function refuse(name: string, reason: unknown, library: Library): DataError {
  const text = (reason instanceof Error ? reason.message : String(reason)).split("\n")[0]!;
  return new DataError(
    `Cannot read ${name}: ${library} says "${text.trim()}", a whole image was needed`,
  );
}

function sharpDecoder(sharp: NonNullable<Awaited<ReturnType<typeof loadSharp>>>): Decoder {
  return {
    library: "sharp",
    version: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`,
    async decode(bytes, name) {
      try {
        const { data, info } = await sharp(bytes, {
          failOn: "warning",
          limitInputPixels: MAX_PIXELS,
          ignoreIcc: true,
        }).removeAlpha().toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
        const { width, height, channels } = info;
        const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        if (channels === 3) return { width, height, data: pixels };
        const rgb = new Uint8Array(width * height * 3);
        for (let i = 0; i < rgb.length; i++) rgb[i] = pixels[Math.floor(i / 3) * channels]!;
        return { width, height, data: rgb };
      } catch (error) {
        throw refuse(name, error, "sharp");
      }
    },
  };
}

async function imagescriptDecoder(): Promise<Decoder> {
  const { decode, GIF } = await import("imagescript");
  return {
    library: "imagescript",
    version: "imagescript 1.3.1",
    async decode(bytes, name) {
      try {
        const decoded = await decode(bytes);
        const frame = decoded instanceof GIF ? decoded[0]! : decoded;
        const { width, height, bitmap } = frame;
        const data = new Uint8Array(width * height * 3);
        for (let i = 0; i < width * height; i++) {
          data.set(bitmap.subarray(i * 4, i * 4 + 3), i * 3);
        }
        return { width, height, data };
      } catch (error) {
        throw refuse(name, error, "imagescript");
      }
    },
  };
}

/** The decoder of one library, or of the best one that runs here. Rejects when the one asked for is missing. */
export async function openDecoder(library?: Library): Promise<Decoder> {
  if (library !== "imagescript") {
    const sharp = await loadSharp();
    if (sharp) return sharpDecoder(sharp);
    if (library) throw new Error("Cannot decode with sharp: it does not load here");
  }
  return await imagescriptDecoder();
}

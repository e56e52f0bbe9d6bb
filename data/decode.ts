/** Bytes of an image file to pixels, by the best library that may run; what is wrong is said alike by all. */
import { decodeBmp } from "./decoders/bmp.ts";
import type { Codec } from "./decoders/codec.ts";
import { openImagescript } from "./decoders/imagescript.ts";
import { openJsquash } from "./decoders/jsquash.ts";
import { openSharp } from "./decoders/sharp.ts";
import { DataError } from "./errors.ts";
import { type Format, type Header, readHeader } from "./headers/header.ts";
import { type Image, MAX_PIXELS } from "./image.ts";
import type { Library } from "./native.ts";
import { orient } from "./orient.ts";

/** Turns files into pixels. */
export interface Decoder {
  /** The library behind it; two may differ by a level or two in a JPEG. */
  readonly library: Library;
  /** Name and version of what decodes: the same text, the same pixels. */
  readonly version: string;
  /**
   * Pixels of the image in `bytes`, upright: as `ImageOps.exif_transpose(Image.open(f)).convert("RGB")` of Pillow.
   * An alpha channel is dropped, grey is repeated, inks are converted, of an animation the first picture is
   * taken, and a colour profile is not applied. Throws {@linkcode DataError}, which names the file by `name`,
   * when they are not a whole image; no pixel is decoded of one with more than {@linkcode MAX_PIXELS}.
   */
  decode(bytes: Uint8Array, name: string): Promise<Image>;
}

const NAMES: Readonly<Record<Format, string>> = {
  jpeg: "JPEG",
  png: "PNG",
  webp: "WebP",
  gif: "GIF",
  bmp: "BMP",
  tiff: "TIFF",
  avif: "AVIF",
};

function refuse(name: string, what: string, cause?: unknown): DataError {
  return new DataError(`Cannot read ${name}: ${what}, a whole image was needed`, { cause });
}

/** The header of a file that may be decoded. Throws {@linkcode DataError}. */
function soundHeader(bytes: Uint8Array, name: string): Header {
  if (bytes.length === 0) throw refuse(name, "it is empty");
  const header = readHeader(bytes);
  if (!header) {
    const begin = new TextDecoder().decode(bytes.subarray(0, 256)).trimStart();
    if (/^<(!doctype|html|\?xml|svg|head|body)/i.test(begin)) {
      throw refuse(name, "it is a page or a drawing in markup");
    }
    throw refuse(name, `it does not begin as ${Object.values(NAMES).join(", ")} do`);
  }
  const { format, width, height, whole } = header;
  if (width === 0 || height === 0) {
    throw refuse(name, `it says that it has ${width} × ${height} pixels`);
  }
  if (width * height > MAX_PIXELS) {
    throw new DataError(
      `Cannot read ${name}: it says that it has ${width} × ${height} pixels, ` +
        `at most ${MAX_PIXELS} were needed`,
    );
  }
  if (!whole) throw refuse(name, `its ${NAMES[format]} data ends early`);
  return header;
}

function decoderOf(codec: Codec): Decoder {
  const { library, version, formats } = codec;
  return {
    library,
    version,
    async decode(bytes, name) {
      const header = soundHeader(bytes, name);
      const { format, orientation, width, height } = header;
      if (format !== "bmp" && !formats.includes(format)) {
        throw new DataError(
          `Cannot read ${name}: ${library} does not read ${NAMES[format]}, ` +
            `${formats.map((known) => NAMES[known]).join(", ")} or BMP was needed`,
        );
      }
      let image: Image;
      try {
        image = format === "bmp" ? decodeBmp(bytes) : await codec.decode(bytes, header);
      } catch (cause) {
        throw refuse(name, `its ${NAMES[format]} data is damaged`, cause);
      }
      if (image.width !== width || image.height !== height) {
        const decoded = `${image.width} × ${image.height}`;
        throw refuse(name, `it says that it has ${width} × ${height} pixels and has ${decoded}`);
      }
      return orient(image, orientation);
    },
  };
}

/**
 * The decoder of one library, or of the best one that runs here: sharp, else jSquash, which leaves what it does not
 * read to `other`, imagescript if not given. Rejects when the one asked for is missing.
 */
export async function openDecoder(library?: Library, other?: Codec): Promise<Decoder> {
  if (library === undefined || library === "sharp") {
    const sharp = await openSharp();
    if (sharp) return decoderOf(sharp);
    if (library) throw new Error("Cannot decode with sharp: it does not load here");
  }
  return decoderOf(library === "imagescript" ? openImagescript() : openJsquash(other));
}

/** What an image file says about itself before its pixels: format, size, whether it is whole. Decodes nothing. */
import type { Size } from "../image.ts";
import { readAvif, readBmp, readGif, readPng, readWebp } from "./containers.ts";
import { readJpeg } from "./jpeg.ts";
import { readTiff } from "./tiff.ts";

/** The formats that are told apart. */
export type Format = "jpeg" | "png" | "webp" | "gif" | "bmp" | "tiff" | "avif";

/** What only a JPEG file says. */
export interface JpegFacts {
  /** Whether the image comes in ever finer scans. */
  readonly progressive: boolean;
  /** The quality from 1 to 100 that libjpeg's table nearest to the file's belongs to; undefined without a table. */
  readonly quality: number | undefined;
  /** How colour is thinned out: `4:4:4`, `4:2:2`, `4:2:0`, another, or `grey`. */
  readonly subsampling: string;
  /** Number of colour channels; 4 are inks. */
  readonly channels: number;
}

/** What is known from the head of an image file. */
export interface Header extends Size {
  readonly format: Format;
  /** How the picture is to be turned, EXIF's 1 to 8; 1 is as it is. Width and height are those before it. */
  readonly orientation: number;
  /** Whether the file ends as its format ends; true where the format does not say. */
  readonly whole: boolean;
  /** Whether a camera or a program left EXIF data. */
  readonly exif: boolean;
  readonly jpeg?: JpegFacts;
}

/** A reader of one format: the header, or undefined when the bytes are not of it. */
type Reader = (bytes: Uint8Array) => Header | undefined;

const READERS: readonly Reader[] = [
  readJpeg,
  readPng,
  readWebp,
  readGif,
  readBmp,
  readTiff,
  readAvif,
];

/** The header of an image file, or undefined when it is in no known format or its header is cut short. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  for (const read of READERS) {
    try {
      const header = read(bytes);
      if (header) return header;
    } catch (error) {
      // A read beyond the end: the header is cut short.
      if (!(error instanceof RangeError)) throw error;
      return undefined;
    }
  }
  return undefined;
}

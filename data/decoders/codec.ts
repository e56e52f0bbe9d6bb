/** What each image library is asked for, once the header of a file was found good. */
import type { Format, Header } from "../headers/header.ts";
import type { Image } from "../image.ts";
import type { Library } from "../native.ts";

/** One image library. */
export interface Codec {
  readonly library: Library;
  /** Name and version: the same text, the same pixels. */
  readonly version: string;
  /** The formats it reads. */
  readonly formats: readonly Format[];
  /** Pixels as they are stored, not turned. Rejects with whatever the library throws, also for a warning. */
  decode(bytes: Uint8Array, header: Header): Promise<Image>;
}

/** The colours of pixels with an alpha channel, which is dropped. */
export function withoutAlpha(rgba: Uint8Array | Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array(rgba.length / 4 * 3);
  let to = 0;
  for (let from = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}

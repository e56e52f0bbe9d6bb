/** What each image library is asked for, once the header of a file was found good. */
import type { Format, Header } from "../headers/header.ts";
import type { Image } from "../image.ts";
import type { Library } from "../native.ts";
import { pixels, ROOM } from "../wasm/pixels.ts";

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

/** Pixels that the loops get at once. */
const SOME = 2 ** 16;

/** The colours of pixels with an alpha channel, which is dropped. */
export function withoutAlpha(rgba: Uint8Array | Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array(rgba.length / 4 * 3);
  const memory = pixels().reserve(7 * SOME + 3 * ROOM);
  const y = 4 * SOME + 2 * ROOM;
  for (let from = 0; from < rgba.length; from += 4 * SOME) {
    const some = rgba.subarray(from, from + 4 * SOME);
    memory.set(some, ROOM);
    pixels().run.narrow(ROOM, y, some.length / 4);
    rgb.set(memory.subarray(y, y + some.length / 4 * 3), from / 4 * 3);
  }
  return rgb;
}

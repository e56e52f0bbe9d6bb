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

/** The colours of pixels with an alpha channel, which is dropped. */
export function withoutAlpha(rgba: Uint8Array | Uint8ClampedArray): Uint8Array {
  const { length } = rgba;
  const colours = length / 4 * 3;
  const memory = pixels().reserve(length + colours + 3 * ROOM);
  const y = length + 2 * ROOM;
  memory.set(rgba, ROOM);
  pixels().run.narrow(ROOM, y, length / 4);
  return memory.slice(y, y + colours);
}

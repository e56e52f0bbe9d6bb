/** Memory for many images in which the loops over pixels find them. Decides nothing about what is kept. */
import type { Image } from "./image.ts";
import { Pixels, pixels, ROOM } from "./wasm/pixels.ts";

/** Bytes of rows that are written at once. */
export const BAND = 2 ** 15;

/** A piece of memory. */
export interface Slab {
  /** A copy of the image there; undefined when it does not fit any more. */
  keep(image: Image): Image | undefined;
}

/** Where images of slabs lie, by the buffer of their pixels. */
const slabs = new WeakMap<ArrayBufferLike, Pixels>();

/** A piece of memory for `bytes` of pixels. Throws RangeError when there is none. */
export function openSlab(bytes: number): Slab {
  let at = 2 * ROOM + BAND;
  const end = at + bytes;
  const own = new Pixels(end + ROOM);
  const memory = own.reserve(0);
  slabs.set(memory.buffer, own);
  return {
    keep({ width, height, data }) {
      if (at + data.length > end) return undefined;
      memory.set(data, at);
      const kept = memory.subarray(at, at + data.length);
      at += data.length;
      return { width, height, data: kept };
    },
  };
}

/** Rows of an image as the loops see them. */
export interface Reached {
  readonly run: Pixels["run"];
  readonly memory: Uint8Array;
  /** Address of the first row. */
  readonly x: number;
  /** Address of `room` bytes to write to. */
  readonly y: number;
}

/** Brings rows of an image to where the loops reach them, unless they are there. */
export function reached(
  image: Image,
  { row, rows, room }: { readonly row: number; readonly rows: number; readonly room: number },
): Reached {
  const { data, width } = image;
  const [begin, end] = [row * width * 3, (row + rows) * width * 3];
  const slab = room <= BAND ? slabs.get(data.buffer) : undefined;
  if (slab) {
    const memory = slab.reserve(0);
    return { run: slab.run, memory, x: data.byteOffset + begin, y: ROOM };
  }
  const own = pixels();
  const memory = own.reserve(room + end - begin + 3 * ROOM);
  const x = room + 2 * ROOM;
  memory.set(data.subarray(begin, end), x);
  return { run: own.run, memory, x, y: ROOM };
}

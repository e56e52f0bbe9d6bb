/** The loops of pixels.wat and the memory they work in. Knows no image. */
import { BYTES } from "./pixels_bytes.ts";

/** Bytes that are left free before and behind what a loop reads and writes. */
export const ROOM = 64;

const PAGE = 65536;

/** What the module exports; all numbers are those of pixels.wat. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  /** x, its stride, y, its stride, rows; taps, outputs of a row, pairs of taps. */
  across(...numbers: [number, number, number, number, number, number, number, number]): void;
  /** x, its stride, y, its stride, bytes of a row; taps, outputs of a column, pairs of taps. */
  down(...numbers: [number, number, number, number, number, number, number, number]): void;
  /** x, its stride, y; width, rows. */
  widen(...numbers: [number, number, number, number, number]): void;
  /** The same, of at least 16 pixels, or one row with room before y. */
  mirror(...numbers: [number, number, number, number, number]): void;
  /** x, y; pixels. */
  narrow(...numbers: [number, number, number]): void;
}

let compiled: WebAssembly.Module | undefined;

/** The loops with a memory of their own. */
export class Pixels {
  /** The loops. */
  readonly run: Exports;
  #memory: Uint8Array<ArrayBuffer>;

  /** With `bytes` of memory at least. Throws RangeError when there are not so many. */
  constructor(bytes = 0) {
    compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(BYTES));
    this.run = new WebAssembly.Instance(compiled).exports as unknown as Exports;
    this.#memory = new Uint8Array(this.run.memory.buffer as ArrayBuffer);
    this.reserve(bytes);
  }

  /** The memory, of `bytes` at least; what was in it stays. Throws RangeError when there are not so many. */
  reserve(bytes: number): Uint8Array<ArrayBuffer> {
    const missing = bytes - this.#memory.length;
    if (missing > 0) {
      this.run.memory.grow(Math.ceil(missing / PAGE));
      this.#memory = new Uint8Array(this.run.memory.buffer as ArrayBuffer);
    }
    return this.#memory;
  }
}

let own: Pixels | undefined;

/** Those of this thread, for work that is done when a function returns. */
export function pixels(): Pixels {
  return own ??= new Pixels();
}

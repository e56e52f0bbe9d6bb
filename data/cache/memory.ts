/** Prepared images in memory, where the loops over pixels reach them. Writes no file. */
import type { Image } from "../image.ts";
import { openSlab, type Slab } from "../slab.ts";
import type { Cache, Key } from "./cache.ts";

/** Bytes of the smallest and of the largest piece that memory is taken in. */
const SLAB = [2 ** 26, 2 ** 31] as const;

/** Keeps images in memory until a number of bytes is reached. */
export class MemoryCache implements Cache {
  readonly #limit: number;
  readonly #shelves = new Map<string, Map<string, Image>>();
  #slab: Slab | undefined;
  #bytes = 0;
  #open: boolean;

  /** `limit` bytes of pixels at most; none with 0. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#open = limit > 0;
  }

  /** Whether there was room so far. */
  get open(): boolean {
    return this.#open;
  }

  /** The image, if it is there. */
  get({ prefix, path }: Key): Image | undefined {
    return this.#shelves.get(prefix)?.get(path);
  }

  /** Keeps an image if there is room. */
  put({ prefix, path }: Key, image: Image): Promise<void> {
    let shelf = this.#shelves.get(prefix);
    if (!shelf) this.#shelves.set(prefix, shelf = new Map());
    if (!shelf.has(path)) {
      const kept = this.#bytes + image.data.length <= this.#limit ? this.#kept(image) : undefined;
      if (kept) {
        shelf.set(path, kept);
        this.#bytes += image.data.length;
      } else this.#open = false;
    }
    return Promise.resolve();
  }

  /** Nothing to wait for. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  #kept(image: Image): Image | undefined {
    const again = this.#slab?.keep(image);
    if (again) return again;
    const [least, most] = SLAB;
    // Each piece reserves addresses: few of them, however large the cache.
    const bytes = Math.min(most, Math.max(least, this.#limit / 16, image.data.length));
    try {
      this.#slab = openSlab(bytes);
    } catch (error) {
      // The machine has less memory than the limit.
      if (!(error instanceof RangeError)) throw error;
    }
    return this.#slab?.keep(image);
  }
}

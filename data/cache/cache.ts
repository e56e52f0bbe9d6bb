/** Where prepared images are kept between epochs: the interface, and the one in memory. */
import type { Image } from "../image.ts";

/** What is asked of a cache: the file of an image and what was done to it. */
export interface Key {
  /** Decoder and steps up to the first random one; the same text, the same pixels. */
  readonly prefix: string;
  /** Path of the image file. */
  readonly path: string;
}

/** Keeps prepared images. Whoever gets one must not change it. */
export interface Cache {
  /** The image, if it is there. */
  get(key: Key): Promise<Image | undefined>;
  /** Keeps an image if there is room. */
  put(key: Key, image: Image): Promise<void>;
  /** Waits until all that was put is where it stays. */
  flush(): Promise<void>;
}

/** Keeps images in memory until a number of bytes is reached. */
export class MemoryCache implements Cache {
  readonly #limit: number;
  readonly #images = new Map<string, Image>();
  #bytes = 0;

  /** `limit` bytes of pixels at most; none with 0. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The image, if it is there. */
  get(key: Key): Promise<Image | undefined> {
    return Promise.resolve(this.#images.get(nameOf(key)));
  }

  /** Keeps an image if there is room. */
  put(key: Key, image: Image): Promise<void> {
    const name = nameOf(key);
    if (this.#bytes + image.data.length <= this.#limit && !this.#images.has(name)) {
      this.#images.set(name, image);
      this.#bytes += image.data.length;
    }
    return Promise.resolve();
  }

  /** Nothing to wait for. */
  flush(): Promise<void> {
    return Promise.resolve();
  }
}

function nameOf({ prefix, path }: Key): string {
  return `${prefix}; ${path}`;
}

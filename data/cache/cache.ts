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

/** Keeps images in memory until a number of bytes is reached; images of one prefix at a time. */
export class MemoryCache implements Cache {
  readonly #limit: number;
  readonly #images = new Map<string, Image>();
  #prefix = "";
  #bytes = 0;

  /** `limit` bytes of pixels at most; none with 0. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The image, if it is there. Forgets all others when the prefix is another than before. */
  get({ prefix, path }: Key): Promise<Image | undefined> {
    if (prefix !== this.#prefix) {
      this.#images.clear();
      this.#bytes = 0;
      this.#prefix = prefix;
    }
    return Promise.resolve(this.#images.get(path));
  }

  /** Keeps an image of the prefix asked for last, if there is room. */
  put({ prefix, path }: Key, image: Image): Promise<void> {
    const fits = this.#bytes + image.data.length <= this.#limit;
    if (prefix === this.#prefix && fits && !this.#images.has(path)) {
      this.#images.set(path, image);
      this.#bytes += image.data.length;
    }
    return Promise.resolve();
  }

  /** Nothing to wait for. */
  flush(): Promise<void> {
    return Promise.resolve();
  }
}

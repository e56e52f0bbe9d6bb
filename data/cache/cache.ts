/** Where prepared images are kept between epochs: the interface. Keeps none. */
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
  /** Whether what is put may be kept; where not, images need not be put. */
  readonly open: boolean;
  /** The image, if it is there: at once, or after reading it. */
  get(key: Key): Image | undefined | Promise<Image | undefined>;
  /** Keeps an image if there is room. */
  put(key: Key, image: Image): Promise<void>;
  /** Waits until all that was put is where it stays. */
  flush(): Promise<void>;
}

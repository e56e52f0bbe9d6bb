/** The one form in which pixels travel through this room; not a file format and not a tensor. */

/** Sizes in pixels. */
export interface Size {
  /** Pixels in a row. */
  readonly width: number;
  /** Number of rows. */
  readonly height: number;
}

/** A decoded image: 8 bits a channel, red green blue, rows top to bottom, no padding. */
export interface Image extends Size {
  /** [height, width, 3], values 0 … 255. */
  readonly data: Uint8Array;
}

/** Most pixels an image may have: twice Pillow's limit (1024³ / 4 / 3), as where Pillow gives up. */
export const MAX_PIXELS = 178_956_970;

/** Crops and flips in one pass, from an image to the pixels of a batch, and back to an image. Knows no other operation. */
import { withoutAlpha } from "./decoders/codec.ts";
import type { Image, Size } from "./image.ts";
import { BAND, reached } from "./slab.ts";
import { ROOM } from "./wasm/pixels.ts";
import { crop, isInside, type Rectangle } from "./transforms/crop.ts";
import { horizontalFlip } from "./transforms/random_horizontal_flip.ts";
import { verticalFlip } from "./transforms/random_vertical_flip.ts";
import type { Drawn } from "./transforms/transform.ts";

/** Pixels from which on rows are mirrored one after the other; shorter ones spill on the row before. */
const WIDE = 16;

/** A rectangle of an image and how it is mirrored. */
export interface View extends Rectangle {
  /** Left to right. */
  readonly across: boolean;
  /** Top to bottom. */
  readonly down: boolean;
}

/** What operations show of an image; undefined where they do more than move its pixels. */
export function viewOf(image: Size, drawn: readonly Drawn[]): View | undefined {
  let { left, top, width, height, across, down } = {
    ...{ left: 0, top: 0, width: image.width, height: image.height },
    ...{ across: false, down: false },
  };
  for (const { name, parameters } of drawn) {
    if (name === horizontalFlip.name) across = !across;
    else if (name === verticalFlip.name) down = !down;
    else if (name === crop.name) {
      const box = parameters as Rectangle;
      left += across ? width - box.left - box.width : box.left;
      top += down ? height - box.top - box.height : box.top;
      ({ width, height } = box);
    } else return undefined;
  }
  const view = { left, top, width, height, across, down };
  return isInside(view, image) ? view : undefined;
}

/**
 * Writes the pixels of a view, [height, width, 4]: red green blue and, so that a device reads one as a word, a 0.
 */
export function writeView(image: Image, view: View, pixels: Uint8Array): void {
  const { left, top, width, height, across, down } = view;
  const stride = image.width * 3;
  const most = Math.max(1, Math.floor(BAND / (width * 4)) - 1);
  for (let y = 0; y < height; y += most) {
    const rows = Math.min(most, height - y);
    const row = top + (down ? height - y - rows : y);
    const bytes = rows * width * 4;
    const { run, memory, ...at } = reached(image, { row, rows, room: bytes + ROOM });
    const x = at.x + left * 3;
    const [first, step] = down ? [x + (rows - 1) * stride, -stride] : [x, stride];
    if (!across) run.widen(first, step, at.y, width, rows);
    else if (width >= WIDE) run.mirror(first, step, at.y, width, rows);
    else {
      for (let r = rows - 1; r >= 0; r--) {
        run.mirror(first + r * step, step, at.y + r * width * 4, width, 1);
      }
    }
    pixels.set(memory.subarray(at.y, at.y + bytes), y * width * 4);
  }
}

/** The image in pixels of a batch, [height, width, 4]: the way back. */
export function imageOf(pixels: Uint8Array, { width, height }: Size): Image {
  return { width, height, data: withoutAlpha(pixels) };
}

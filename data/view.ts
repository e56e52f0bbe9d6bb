/** Crops and flips in one pass, from an image to the pixels of a batch. Knows no other operation. */
import type { Image, Size } from "./image.ts";
import { crop, type Rectangle } from "./transforms/crop.ts";
import { horizontalFlip } from "./transforms/random_horizontal_flip.ts";
import { verticalFlip } from "./transforms/random_vertical_flip.ts";
import type { Drawn } from "./transforms/transform.ts";

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
  const inside = left >= 0 && top >= 0 && left + width <= image.width &&
    top + height <= image.height;
  return inside ? { left, top, width, height, across, down } : undefined;
}

/**
 * Writes the pixels of a view, [height, width, 4]: red green blue and, left as it is, a 0, so that a device
 * reads one as a word.
 */
export function writeView(image: Image, view: View, pixels: Uint8Array): void {
  const { left, top, width, height, across, down } = view;
  const { data } = image;
  const step = across ? -3 : 3;
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = top + (down ? height - 1 - y : y);
    let from = (row * image.width + left + (across ? width - 1 : 0)) * 3;
    for (let x = 0; x < width; x++) {
      pixels[to] = data[from]!;
      pixels[to + 1] = data[from + 1]!;
      pixels[to + 2] = data[from + 2]!;
      from += step;
      to += 4;
    }
  }
}

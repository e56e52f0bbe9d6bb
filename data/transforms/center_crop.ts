/** The middle of an image: torchvision's `CenterCrop`. */
import type { Size } from "../image.ts";
import { roundEven } from "./chance.ts";
import { crop, type Rectangle } from "./crop.ts";
import { type Pair, size as sizeField, sizeOf } from "./fields.ts";
import { pad } from "./pad.ts";
import { type Drawn, type Transform, transform } from "./transform.ts";

/** Options of {@linkcode centerCrop}. */
export interface CenterCropOptions {
  /** Side of a square, or [height, width]. Default the size that the model sees. */
  readonly size?: number | Pair;
}

/** The rectangle of a size in the middle of an image that is at least as large. */
export function middle(image: Size, { width, height }: Size): Rectangle {
  return {
    left: roundEven((image.width - width) / 2),
    top: roundEven((image.height - height) / 2),
    width,
    height,
  };
}

/** The operations of torchvision's `center_crop`: an image that is too small gets a black border first. */
export function centered(image: Size, { width, height }: Size): readonly Drawn[] {
  const [dx, dy] = [Math.max(0, width - image.width), Math.max(0, height - image.height)];
  const whole = { width: image.width + dx, height: image.height + dy };
  const cut = crop(middle(whole, { width, height }));
  if (dx === 0 && dy === 0) return [cut];
  const border = {
    left: Math.floor(dx / 2),
    top: Math.floor(dy / 2),
    right: Math.ceil(dx / 2),
    bottom: Math.ceil(dy / 2),
  };
  return [pad({ ...border, fill: 0, mode: "constant" }), cut];
}

/** torchvision's `CenterCrop`: the middle, with a black border where the image is too small. */
export const centerCrop: Transform<CenterCropOptions> = transform<CenterCropOptions>("CenterCrop", {
  fields: { size: sizeField("size") },
  operations: [pad, crop],
  random: false,
  sample: (_, image, { size }) => centered(image, sizeOf(size)),
  resized: (_, { size }) => sizeOf(size),
});

/** A rectangle anywhere in an image: torchvision's `RandomCrop`. */
import { integer } from "./chance.ts";
import { crop, requireFit } from "./crop.ts";
import {
  type Fill,
  fill as fillField,
  flag,
  type Pair,
  size as sizeField,
  sizeOf,
} from "./fields.ts";
import { modeField, pad, type Padding, paddingField, type PaddingMode, sides } from "./pad.ts";
import { type Drawn, type Transform, transform } from "./transform.ts";

/** Options of {@linkcode randomCrop}. */
export interface RandomCropOptions {
  /** Side of a square, or [height, width]. Default the size that the model sees. */
  readonly size?: number | Pair;
  /** Border to add first. Default null: none. */
  readonly padding?: Padding | null;
  /** Whether an axis that is too short by d gets d more pixels on both sides. Default false. */
  readonly padIfNeeded?: boolean;
  /** Level of a constant border. Default 0. */
  readonly fill?: Fill;
  /** What the border is made of. Default "constant". */
  readonly mode?: PaddingMode;
}

/** torchvision's `RandomCrop`: every place is as probable; draws the top, then the left. */
export const randomCrop: Transform<RandomCropOptions> = transform<RandomCropOptions>("RandomCrop", {
  fields: {
    size: sizeField("size"),
    padding: paddingField<Padding | null>(null),
    padIfNeeded: flag(false),
    fill: fillField(),
    mode: modeField(),
  },
  operations: [pad, crop],
  random: true,
  sample(random, image, { size, padding, padIfNeeded, fill, mode }) {
    const wanted = sizeOf(size);
    const border = { ...sides(padding ?? 0) };
    const short = (side: "width" | "height", before: number, after: number) =>
      padIfNeeded ? Math.max(0, wanted[side] - image[side] - before - after) : 0;
    const [dx, dy] = [
      short("width", border.left, border.right),
      short("height", border.top, border.bottom),
    ];
    const drawn: Drawn[] = [];
    if (padding !== null) drawn.push(pad({ ...border, fill, mode }));
    if (dx > 0 || dy > 0) {
      drawn.push(pad({ left: dx, top: dy, right: dx, bottom: dy, fill, mode }));
    }
    const whole = {
      width: image.width + border.left + border.right + 2 * dx,
      height: image.height + border.top + border.bottom + 2 * dy,
    };
    requireFit(whole, wanted);
    const top = integer(random, 0, whole.height - wanted.height + 1);
    const left = integer(random, 0, whole.width - wanted.width + 1);
    return [...drawn, crop({ left, top, ...wanted })];
  },
  resized: (_, { size }) => sizeOf(size),
});

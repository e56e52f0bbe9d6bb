/** All operations by name, and how a list of them runs. What each does stands in its own file. */
import type { FloatImage, Image, Size } from "../image.ts";
import { mixture } from "./aug_mix.ts";
import { brightness, contrast, saturation } from "./color.ts";
import { crop } from "./crop.ts";
import { elastic } from "./elastic_transform.ts";
import { gaussianBlur } from "./gaussian_blur.ts";
import { gaussianNoise } from "./gaussian_noise.ts";
import { greyscale } from "./grayscale.ts";
import { hue } from "./hue.ts";
import { jpeg } from "./jpeg.ts";
import { pad } from "./pad.ts";
import { sharpness } from "./random_adjust_sharpness.ts";
import { affine } from "./random_affine.ts";
import { autocontrast } from "./random_autocontrast.ts";
import { equalize } from "./random_equalize.ts";
import { erase } from "./random_erasing.ts";
import { horizontalFlip } from "./random_horizontal_flip.ts";
import { invert } from "./random_invert.ts";
import { perspective } from "./random_perspective.ts";
import { posterize } from "./random_posterize.ts";
import { solarize } from "./random_solarize.ts";
import { verticalFlip } from "./random_vertical_flip.ts";
import { resize, resizedPart } from "./resize.ts";
import { rotate } from "./rotation.ts";
import { blendSelf } from "./self_blend.ts";
import type { Drawn, OperationRules, Recompress, Run } from "./transform.ts";

// deno-lint-ignore no-explicit-any -- each has parameters of its own, which come back to it
const OPERATIONS: ReadonlyMap<string, OperationRules<any>> = new Map(
  [
    ...[resize, crop, pad, horizontalFlip, verticalFlip],
    ...[rotate, affine, perspective, elastic],
    ...[brightness, contrast, saturation, hue, greyscale, sharpness],
    ...[invert, posterize, solarize, equalize, autocontrast],
    ...[gaussianBlur, gaussianNoise, jpeg, erase, mixture, blendSelf],
  ].map((one) => [one.name, one]),
);

// deno-lint-ignore no-explicit-any -- as above
function rulesOf({ name }: Drawn): OperationRules<any> {
  const rules = OPERATIONS.get(name);
  if (rules === undefined) throw new TypeError(`Cannot apply "${name}": it is no operation`);
  return rules;
}

/** The image after operations on bytes, one after the other. JPEG needs `recompress`. */
export async function apply(
  image: Image,
  drawn: readonly Drawn[],
  recompress?: Recompress,
): Promise<Image> {
  const run: Run = (image, drawn) => apply(image, drawn, recompress);
  for (let at = 0; at < drawn.length;) {
    const part = resizedPart(image, drawn.slice(at));
    if (part) {
      image = part.image;
      at += part.count;
      continue;
    }
    const one = drawn[at++]!;
    image = await rulesOf(one).apply(image, one.parameters, { run, recompress });
  }
  return image;
}

/** The image after operations on numbers. Throws TypeError for one that only bytes have. */
export function applyFloat(image: FloatImage, drawn: readonly Drawn[]): FloatImage {
  for (const one of drawn) {
    const rules = rulesOf(one);
    if (!rules.applyFloat) {
      throw new TypeError(`Cannot apply "${one.name}" to numbers: it works on bytes`);
    }
    image = rules.applyFloat(image, one.parameters);
  }
  return image;
}

/** The size of an image after an operation. */
export function resizedBy(size: Size, drawn: Drawn): Size {
  return rulesOf(drawn).resized?.(size, drawn.parameters) ?? size;
}

/** The class of an image after an operation. */
export function labelAfter(label: number, drawn: Drawn): number {
  return rulesOf(drawn).label?.(drawn.parameters) ?? label;
}

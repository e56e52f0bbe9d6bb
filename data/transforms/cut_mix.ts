/** A rectangle of another image, and targets by its area: torchvision's `CutMix`. */
import type { Size } from "../image.ts";
import { dirichlet, integer } from "./chance.ts";
import type { Rectangle } from "./crop.ts";
import { number } from "./fields.ts";
import { type Mixing, mixing, type Transform, transform } from "./transform.ts";

/** Options of {@linkcode cutMix}. */
export interface CutMixOptions {
  /** Of the distribution Beta(α, α) of the share of the image itself. Default 1. */
  readonly alpha?: number;
}

/** A rectangle is the one of the image before: torchvision's `CutMix` with a given box. */
export const pasted: Mixing<Rectangle> = mixing("cutMix", {
  mix(images, old, { shape: { n, height, width, channels }, parameters: box }) {
    const one = height * width * channels;
    for (let i = 0; i < n; i++) {
      const before = (i === 0 ? n - 1 : i - 1) * one;
      for (let y = box.top; y < box.top + box.height; y++) {
        const at = (y * width + box.left) * channels;
        for (let k = at; k < at + box.width * channels; k++) {
          images[i * one + k] = old[before + k]!;
        }
      }
    }
  },
  share: (box, size) => 1 - box.width * box.height / (size.width * size.height),
});

/** The box around a point whose area is 1 − λ of the image, cut off at the borders. */
export function boxAround(
  [x, y]: readonly [number, number],
  lambda: number,
  { width, height }: Size,
): Rectangle {
  const r = 0.5 * Math.sqrt(1 - lambda);
  const [halfWidth, halfHeight] = [Math.trunc(r * width), Math.trunc(r * height)];
  const [left, top] = [Math.max(x - halfWidth, 0), Math.max(y - halfHeight, 0)];
  return {
    left,
    top,
    width: Math.min(x + halfWidth, width) - left,
    height: Math.min(y + halfHeight, height) - top,
  };
}

/** torchvision's `CutMix`: one box for a batch; draws the share, then the middle, x before y. */
export const cutMix: Transform<CutMixOptions> = transform<CutMixOptions>("CutMix", {
  fields: { alpha: number({ above: 0 }, 1) },
  operations: [pasted],
  random: true,
  batch: true,
  sample(random, size, { alpha }) {
    const lambda = dirichlet(random, 2, alpha)[0]!;
    const middle = [integer(random, 0, size.width), integer(random, 0, size.height)] as const;
    return [pasted(boxAround(middle, lambda, size))];
  },
});

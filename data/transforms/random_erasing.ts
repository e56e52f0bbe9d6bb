/** Covering a rectangle: torchvision's `erase` and `RandomErasing`, on levels before normalisation. */
import type { Raster, Size } from "../image.ts";
import type { Random } from "../random.ts";
import { between, gate, integer, roundEven } from "./chance.ts";
import type { Rectangle } from "./crop.ts";
import { type Field, field, type Fill, interval, type Pair, probability } from "./fields.ts";
import { noiseSeed, normalsAt } from "./noise.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** What is covered, and with what. */
export interface EraseParameters extends Rectangle {
  /** Levels, or the seed of noise (a whole number below 2²⁴). */
  readonly value: Fill | { readonly seed: number };
}

/** Options of {@linkcode randomErasing}. */
export interface RandomErasingOptions {
  /** Probability that it happens. Default 0.5. */
  readonly p?: number;
  /** Share of the image that is covered. Default [0.02, 0.33]. */
  readonly scale?: Pair;
  /** Height by width of what is covered, uniform in its logarithm. Default [0.3, 3.3]. */
  readonly ratio?: Pair;
  /** A level, three of them, or "random": noise with ImageNet's mean and deviation. Default 0. */
  readonly value?: Fill | "random";
}

/** ImageNet's mean of red, green and blue, the mean of noise. */
export const MEAN: readonly number[] = [0.485, 0.456, 0.406];
/** ImageNet's standard deviation, so that normalised noise is N(0, 1). */
export const DEVIATION: readonly number[] = [0.229, 0.224, 0.225];

function erased<T extends Raster>(image: T, parameters: EraseParameters, unit: number): T {
  const { left, top, width, height, value } = parameters;
  const data = image.data.slice();
  const normals = new Float64Array(3);
  const levels = typeof value === "number" ? [value, value, value] : value;
  for (let y = top; y < Math.min(top + height, image.height); y++) {
    for (let x = left; x < Math.min(left + width, image.width); x++) {
      const i = y * image.width + x;
      if ("seed" in levels) normalsAt(levels.seed, i, normals);
      for (let c = 0; c < 3; c++) {
        const level = "seed" in levels
          ? 255 * (MEAN[c]! + DEVIATION[c]! * normals[c]!)
          : levels[c]!;
        data[3 * i + c] = unit === 1 ? Math.min(255, Math.max(0, level)) : level / unit;
      }
    }
  }
  return { ...image, data };
}

/** The image with a rectangle of other levels: torchvision's `erase`. */
export const erase: Operation<EraseParameters> = operation("erase", {
  apply: (image, parameters) => erased(image, parameters, 1),
  applyFloat: (image, parameters) => erased(image, parameters, 255),
});

/** Ten tries for an area and a shape that are smaller than the image. */
function chosen(
  random: Random,
  image: Size,
  { scale, ratio }: { readonly scale: Pair; readonly ratio: Pair },
): Rectangle | undefined {
  for (let i = 0; i < 10; i++) {
    const area = image.width * image.height * between(random, scale);
    const r = Math.exp(between(random, [Math.log(ratio[0]), Math.log(ratio[1])]));
    const height = roundEven(Math.sqrt(area * r));
    const width = roundEven(Math.sqrt(area / r));
    if (width >= image.width || height >= image.height) continue;
    const top = integer(random, 0, image.height - height + 1);
    const left = integer(random, 0, image.width - width + 1);
    return { left, top, width, height };
  }
  return undefined;
}

function valueField(): Field<Fill | "random"> {
  const isLevel = (v: unknown) => typeof v === "number" && v >= 0 && v <= 255;
  return field<Fill | "random">(
    'a level from 0 to 255, three of them, or "random"',
    (v) => v === "random" || isLevel(v) || Array.isArray(v) && v.length === 3 && v.every(isLevel),
    0,
  );
}

/** torchvision's `RandomErasing`: draws area and shape of each try, then the top, the left, the noise. */
export const randomErasing: Transform<RandomErasingOptions> = transform<RandomErasingOptions>(
  "RandomErasing",
  {
    fields: {
      p: probability(0.5),
      scale: interval({ least: 0, most: 1 }, [0.02, 0.33]),
      ratio: interval({ above: 0 }, [0.3, 3.3]),
      value: valueField(),
    },
    operations: [erase],
    random: true,
    sample: (random, image, { p, scale, ratio, value }) =>
      gate(random, p, () => {
        const rectangle = chosen(random, image, { scale, ratio });
        if (!rectangle) return [];
        const filled = value === "random" ? { seed: noiseSeed(random) } : value;
        return [erase({ ...rectangle, value: filled })];
      }),
  },
);

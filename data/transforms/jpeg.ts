/** What a JPEG file leaves of an image: torchvision's `JPEG`. */
import { integer } from "./chance.ts";
import { field, type Pair } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** How a file is written. */
export interface JpegParameters {
  /** 1 … 100. */
  readonly quality: number;
}

/** Options of {@linkcode randomJpeg}. */
export interface JpegOptions {
  /** 1 … 100, or [lowest, highest]. */
  readonly quality: number | Pair;
}

/** The image written as a JPEG and read again. Throws TypeError where nothing is given that does it. */
export const jpeg: Operation<JpegParameters> = operation("jpeg", {
  apply(image, { quality }, { recompress }) {
    if (recompress) return recompress(image, quality);
    throw new TypeError('Cannot apply "jpeg": nothing that writes and reads JPEG was given');
  },
});

/** torchvision's `JPEG`: the quality is a whole number, each one as probable. */
export const randomJpeg: Transform<JpegOptions> = transform<JpegOptions>("JPEG", {
  fields: {
    quality: field<number | Pair>("a quality from 1 to 100, or [lowest, highest],", (v) => {
      const isQuality = (q: unknown) =>
        Number.isInteger(q) && q as number >= 1 && q as number <= 100;
      return isQuality(v) ||
        Array.isArray(v) && v.length === 2 && v.every(isQuality) && v[0] <= v[1];
    }),
  },
  operations: [jpeg],
  random: true,
  sample(random, _, { quality }) {
    const [low, high] = typeof quality === "number" ? [quality, quality] : quality;
    return [jpeg({ quality: integer(random, low, high + 1) })];
  },
});

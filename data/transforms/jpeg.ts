/** What a JPEG file leaves of an image: torchvision's `JPEG`. */
import { type Decoder, openDecoder } from "../decode.ts";
import { encodeJpeg } from "../encode.ts";
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

let decoder: Promise<Decoder> | undefined;

/** The image written as a JPEG and read again. */
export const jpeg: Operation<JpegParameters> = operation("jpeg", {
  async apply(image, { quality }) {
    const bytes = await encodeJpeg(image, quality);
    return await (await (decoder ??= openDecoder())).decode(bytes, "a JPEG");
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

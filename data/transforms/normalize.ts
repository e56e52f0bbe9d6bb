/** Subtracting a mean and dividing by a deviation: torchvision's `normalize`. The device does it in a run. */
import type { FloatImage } from "../image.ts";

/** For each channel, in units of the image. */
export interface NormalizeParameters {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** (x − mean) / std in float32. Throws RangeError where a deviation is 0. */
export function normalize(image: FloatImage, { mean, std }: NormalizeParameters): FloatImage {
  if (std.includes(0)) {
    throw new RangeError(`Cannot normalize by ${std.join(", ")}: deviations above 0 were needed`);
  }
  const [m, s] = [mean.map(Math.fround), std.map(Math.fround)];
  const data = image.data.map((x, i) => Math.fround(x - m[i % 3]!) / s[i % 3]!);
  return { ...image, data };
}

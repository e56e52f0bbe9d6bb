/** Levels stretched to the whole range: torchvision's `autocontrast` and `RandomAutocontrast`. */
import { mapped, type Raster, table } from "../image.ts";
import { gate, type GateOptions } from "./chance.ts";
import { probability } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** The least and the greatest value of each channel. */
function ranges({ data }: Raster): (readonly [number, number])[] {
  const [least, most] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
  for (let c = 0; c < 3; c++) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = c; i < data.length; i += 3) {
      const x = data[i]!;
      if (x < low) low = x;
      if (x > high) high = x;
    }
    least[c] = low;
    most[c] = high;
  }
  return least.map((low, c) => [low, most[c]!]);
}

/** The image with each channel stretched; one of a single level stays. */
export const autocontrast: Operation<Record<never, never>> = operation("autocontrast", {
  apply: (image) =>
    mapped(
      image,
      ranges(image).map(([low, high]) => {
        const scale = 255 / (high - low);
        return table((i) => high === low ? i : i * scale - low * scale);
      }),
    ),
  applyFloat: (image) => {
    const channels = ranges(image);
    const stretch = (x: number, i: number) => {
      const [low, high] = channels[i % 3]!;
      return high === low ? x : Math.min(1, Math.max(0, (x - low) / (high - low)));
    };
    return { ...image, data: image.data.map(stretch) };
  },
});

/** torchvision's `RandomAutocontrast`: with probability `p`. */
export const randomAutocontrast: Transform<GateOptions> = transform<GateOptions>(
  "RandomAutocontrast",
  {
    fields: { p: probability(0.5) },
    operations: [autocontrast],
    random: true,
    sample: (random, _, { p }) => gate(random, p, () => [autocontrast({})]),
  },
);

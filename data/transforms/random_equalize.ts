/** Levels used equally often: torchvision's `equalize` and `RandomEqualize`. */
import { type Image, mapped, table } from "../image.ts";
import { gate, type GateOptions } from "./chance.ts";
import { probability } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** What a channel's levels become; undefined where they stay. */
function equalizing(histogram: Uint32Array): Uint8Array | undefined {
  const pixels = histogram.reduce((a, b) => a + b, 0);
  const last = histogram.findLast((n) => n > 0) ?? 0;
  const step = Math.floor((pixels - last) / 255);
  if (step === 0) return undefined;
  let below = Math.floor(step / 2);
  return table((level) => {
    const to = Math.floor(below / step);
    below += histogram[level]!;
    return to;
  });
}

function equalized(image: Image): Image {
  const identity = table((i) => i);
  const histograms = [0, 1, 2].map(() => new Uint32Array(256));
  for (let i = 0; i < image.data.length; i++) {
    const histogram = histograms[i % 3]!;
    histogram[image.data[i]!] = histogram[image.data[i]!]! + 1;
  }
  return mapped(image, histograms.map((h) => equalizing(h) ?? identity));
}

/** The image with each channel's histogram levelled. Numbers are taken as bytes, as torchvision does. */
export const equalize: Operation<Record<never, never>> = operation("equalize", {
  apply: equalized,
  applyFloat(image) {
    const bytes = Uint8Array.from(image.data, (x) => Math.trunc(x * 255.999));
    const { data } = equalized({ ...image, data: bytes });
    return { ...image, data: Float32Array.from(data, (level) => level / 255) };
  },
});

/** torchvision's `RandomEqualize`: with probability `p`. */
export const randomEqualize: Transform<GateOptions> = transform<GateOptions>("RandomEqualize", {
  fields: { p: probability(0.5) },
  operations: [equalize],
  random: true,
  sample: (random, _, { p }) => gate(random, p, () => [equalize({})]),
});

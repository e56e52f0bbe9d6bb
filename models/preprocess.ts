/** Preprocessing on the device: image bytes as the numbers a model was designed for. */

import { constant, type Tensor } from "../engine/graph.ts";
import { add, mul } from "../engine/ops/pointwise.ts";
import type { Preprocessing } from "./pretrained.ts";

/** `(images − mean) / std` of [n, h, w, 3] in [0, 1], channel by channel. */
export function normalize(
  images: Tensor,
  { mean, std }: Pick<Preprocessing, "mean" | "std">,
): Tensor {
  const scale = constant(std.map((s) => 1 / s), [3]);
  const shift = constant(mean.map((m, i) => -m / std[i]!), [3]);
  return add(mul(images, scale), shift);
}

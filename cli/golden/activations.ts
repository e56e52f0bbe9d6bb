/** Golden activations: what named layers computed, by mean, mean absolute value and some elements. */

import type { Tensor } from "../../engine/graph.ts";
import { type Comparison, norm } from "./compare.ts";
import { channelsLast } from "./fill.ts";

/** Some elements of a tensor [n, c, h, w], by flat index. */
export interface Samples {
  readonly idx: readonly number[];
  readonly values: readonly number[];
}

/** A layer of the file. */
export interface Activation extends Samples {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly absmean: number;
}

/** Each layer of the file and what it made. Throws RangeError where the model lacks one. */
export function activations(
  values: ReadonlyMap<string, Tensor>,
  wanted: Readonly<Record<string, Activation>>,
): [string, Tensor][] {
  return Object.keys(wanted).map((layer) => {
    const t = values.get(layer);
    if (!t) throw new RangeError(`Cannot compare ${layer}: the model marks no such layer`);
    return [layer, t];
  });
}

/** Compares what one layer computed. */
export function compareActivation(
  name: string,
  comparison: Comparison,
  layer: string,
  want: Activation,
  got: Float32Array,
  float32: number,
): void {
  const mean = got.reduce((a, b) => a + b, 0) / got.length;
  const absmean = got.reduce((a, b) => a + Math.abs(b), 0) / got.length;
  comparison.note(name, Math.abs(mean - want.mean) / want.absmean, float32, `${layer} mean`);
  comparison.number(name, absmean, want.absmean, float32, `${layer} mean absolute value`);
  const values = want.idx.map((i) => got[channelsLast(want.shape, i)]!);
  const scale = norm(got) * Math.sqrt(values.length / got.length);
  comparison.vectors(name, values, want.values, float32, layer, scale);
}

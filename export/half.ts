/** Weights in half precision: 16-bit floats in place of 32-bit ones. Rounds, and says by how much. */

import { toFloats, type Weight } from "../models/safetensors.ts";

/** The least number that is stored with all eleven bits; smaller ones lose some. */
const LEAST_NORMAL = 2 ** -14;

/** What rounding did to the numbers. */
export interface Rounding {
  /** The largest change of a number of at least 2⁻¹⁴, relative to it: 2⁻¹¹ at most. */
  readonly relative: number;
  /** The largest change of a number below that, 0 where there is none: 2⁻²⁵ at most. */
  readonly absolute: number;
}

/**
 * Every F32 tensor as F16, rounded to nearest, ties to even; tensors of other types, such as counters, as
 * they are. Throws RangeError with the name of a tensor that holds what F16 cannot: 65520 and above,
 * infinities, NaN.
 */
export function halve(
  weights: ReadonlyMap<string, Weight>,
): { readonly weights: Map<string, Weight>; readonly rounding: Rounding } {
  let [relative, absolute] = [0, 0];
  const halved = new Map<string, Weight>();
  for (const [key, weight] of weights) {
    if (weight.dtype !== "F32") {
      halved.set(key, weight);
      continue;
    }
    const numbers = toFloats(weight);
    const half = Float16Array.from(numbers);
    for (let i = 0; i < half.length; i++) {
      const [x, y] = [numbers[i]!, half[i]!];
      if (!Number.isFinite(y)) {
        throw new RangeError(
          `Cannot store ${key} in half precision: it holds ${x}, numbers below 65520 were needed`,
        );
      }
      const change = Math.abs(y - x);
      if (Math.abs(x) >= LEAST_NORMAL) relative = Math.max(relative, change / Math.abs(x));
      else absolute = Math.max(absolute, change);
    }
    halved.set(key, { dtype: "F16", shape: weight.shape, data: new Uint8Array(half.buffer) });
  }
  return { weights: halved, rounding: { relative, absolute } };
}

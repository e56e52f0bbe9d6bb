/** Element types of weights, brought to those a model holds: F32, and I64 for counters. Opens no file. */

import type { Dtype } from "./dtypes.ts";
import { fromFloats, toFloats, type Weight } from "./safetensors.ts";

/** What the name of a counter of batches ends with. */
const COUNTER = ".num_batches_tracked";

/** Tensors of the element types that models hold, and a sentence for each type that was converted. */
export interface Converted {
  /** By name, in the order that they came in. */
  readonly tensors: ReadonlyMap<string, Weight>;
  /** "312 tensors of BF16 converted to F32". */
  readonly notes: readonly string[];
}

/**
 * Converts halves and doubles to F32, rounding to the nearest, and counters to I64. Other types stay as
 * they are: no model has them.
 */
export function toModelTypes(tensors: ReadonlyMap<string, Weight>): Converted {
  const converted = new Map<string, Weight>();
  const counts = new Map<string, number>();
  for (const [name, weight] of tensors) {
    const result = name.endsWith(COUNTER) ? toCounter(weight) : toFloat32(weight);
    converted.set(name, result);
    if (result.dtype === weight.dtype) continue;
    const change = `${weight.dtype} converted to ${result.dtype}`;
    counts.set(change, (counts.get(change) ?? 0) + 1);
  }
  const notes = [...counts].map(([change, n]) => `${n} tensor${n === 1 ? "" : "s"} of ${change}`);
  return { tensors: converted, notes };
}

/** Throws RangeError, with the count and the first name, when a weight is NaN or infinite. */
export function requireFinite(tensors: ReadonlyMap<string, Weight>): void {
  let [count, first] = [0, ""];
  for (const [name, weight] of tensors) {
    if (weight.dtype !== "F32") continue;
    const before = count;
    const values = toFloats(weight);
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
    if (before === 0 && count > 0) first = name;
  }
  if (count === 0) return;
  throw new RangeError(
    `Cannot use the weights: ${count} numbers are NaN or infinite, the first in ${first}, ` +
      "finite ones were needed",
  );
}

function toFloat32(weight: Weight): Weight {
  const read = HALVES_AND_DOUBLES[weight.dtype];
  if (!read) return weight;
  const view = viewOf(weight);
  const values = new Float32Array(weight.shape.reduce((n, d) => n * d, 1));
  for (let i = 0; i < values.length; i++) values[i] = read(view, i);
  return fromFloats(weight.shape, values);
}

/** A count that its type could not hold (halves end at 65,504) begins at 0 again: no model reads it. */
function toCounter(weight: Weight): Weight {
  const read = OTHER_COUNTERS[weight.dtype];
  if (!read || weight.shape.some((size) => size !== 1)) return weight;
  const count = read(viewOf(weight), 0);
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigInt64(0, BigInt(Number.isSafeInteger(count) ? count : 0), true);
  return { dtype: "I64", shape: [], data };
}

function viewOf({ data }: Weight): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/** Element i of a tensor of each type. */
type Readers = Readonly<Partial<Record<Dtype, (view: DataView, i: number) => number>>>;

const HALVES_AND_DOUBLES: Readers = {
  F16: (view, i) => view.getFloat16(2 * i, true),
  BF16: (view, i) => upperHalf(view.getUint16(2 * i, true)),
  F64: (view, i) => view.getFloat64(8 * i, true),
};

const OTHER_COUNTERS: Readers = {
  ...HALVES_AND_DOUBLES,
  F32: (view, i) => view.getFloat32(4 * i, true),
  I32: (view, i) => view.getInt32(4 * i, true),
};

const WORD = new DataView(new ArrayBuffer(4));

/** The F32 whose upper half these bits are. */
function upperHalf(bits: number): number {
  WORD.setUint32(0, bits << 16);
  return WORD.getFloat32(0);
}

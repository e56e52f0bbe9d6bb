/** Ops for gradients of a scaled loss: which numbers overflowed, and their scale. No gradients. */

import { type Op, Tensor } from "../graph.ts";
import { reshape, row } from "./layout.ts";
import { mapElements } from "./pointwise.ts";

// By their bits: compilers may take comparisons as if there were neither NaN nor infinity.
const notFiniteOp: Op = {
  name: "notFinite",
  pointwise: (_, [x]) => `vec4f((bitcast<vec4u>(${x}) & vec4u(0x7F800000u)) == vec4u(0x7F800000u))`,
  reference: (y, x) => mapElements(y, [x!], (v) => Number.isFinite(v) ? 0 : 1),
};

const besideOp: Op = {
  name: "inverseBeside",
  columns: (_, [count, factor]) => [`1.0 / ${factor!(0)}`, count!(0)],
  reference: (_, count, factor) => Float64Array.of(1 / factor![0]!, count![0]!),
};

/** 1 where `x` is infinite or NaN, else 0. */
export function notFinite(x: Tensor): Tensor {
  return new Tensor(notFiniteOp, [x], x.shape, {});
}

/** 1 / `factor`, and `count`, scalars all of them. In one place, so that who reads both sees one buffer. */
export function inverseBeside(
  count: Tensor,
  factor: Tensor,
): { readonly inverse: Tensor; readonly count: Tensor } {
  const both = new Tensor(besideOp, [count, factor], [2, 1], {}) as Tensor;
  return { inverse: reshape(row(both, 0), []), count: reshape(row(both, 1), []) };
}

/** Pointwise ops that compare: the larger and the smaller of two values, bounds, the sign. No gradients. */

import { type Op, Tensor } from "../graph.ts";
import { broadcastShape } from "../shape.ts";
import { full, mapElements } from "./pointwise.ts";

// WGSL's max, min and sign may lose a NaN; selecting keeps that of the first operand.
const compare = (
  name: string,
  wgsl: (...args: string[]) => string,
  js: (...args: number[]) => number,
): Op => ({
  name,
  pointwise: (_, args) => wgsl(...args),
  reference: (y, ...inputs) => mapElements(y, inputs, js),
});
const maximumOp = compare(
  "maximum",
  (a, b) => `select(${a}, ${b}, ${b} > ${a})`,
  (a, b) => b! > a! ? b! : a!,
);
const minimumOp = compare(
  "minimum",
  (a, b) => `select(${a}, ${b}, ${b} < ${a})`,
  (a, b) => b! < a! ? b! : a!,
);
const signOp = compare(
  "sign",
  (x) => `select(select(${x}, vec4f(1.0), ${x} > vec4f()), vec4f(-1.0), ${x} < vec4f())`,
  (x) => Math.sign(x!),
);
const whereOp = compare(
  "where",
  (condition, a, b) => `select(${b}, ${a}, ${condition} > vec4f())`,
  (condition, a, b) => condition! > 0 ? a! : b!,
);

function apply(op: Op, ...inputs: Tensor[]): Tensor {
  return new Tensor(op, inputs, inputs.map((t) => t.shape).reduce(broadcastShape), {});
}

/** The larger of `a` and `b`; NaN where `a` is, `a` where `b` is. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return apply(maximumOp, a, b);
}

/** The smaller of `a` and `b`; NaN where `a` is, `a` where `b` is. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return apply(minimumOp, a, b);
}

/** `x`, at least `least` and at most `most`; NaN where `x` is. */
export function clamp(x: Tensor, least: number, most: number): Tensor {
  return minimum(maximum(x, full(least, [])), full(most, []));
}

/** 1, 0 or −1; NaN where `x` is. */
export function sign(x: Tensor): Tensor {
  return apply(signOp, x);
}

/** `a` where `condition` is above 0, else `b`, whatever the other is. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return apply(whereOp, condition, a, b);
}

/** Pointwise ops: one expression per element, broadcast by NumPy's rules. No shaders of their own. */

import { type Op, Tensor } from "../graph.ts";
import { broadcastShape, broadcastStrides, elementAt, type Shape } from "../shape.ts";

/** Builds an op from its expression, once for the device and once for the reference. */
function pointwise(
  name: string,
  wgsl: (...args: string[]) => string,
  js: (...args: number[]) => number,
  grad?: Op["grad"],
): Op {
  return {
    name,
    pointwise: (_, args) => wgsl(...args),
    ...(grad && { grad }),
    reference: (y, ...inputs) => mapElements(y, inputs, js),
  };
}

/** `js` of the elements of the inputs, stretched to the shape of `y`. */
export function mapElements(
  y: Tensor,
  inputs: readonly Float64Array[],
  js: (...args: number[]) => number,
): Float64Array {
  const strides = y.inputs.map((t) => broadcastStrides(t.shape, y.shape));
  return Float64Array.from(
    { length: y.size },
    (_, i) => js(...inputs.map((values, k) => values[elementAt(i, y.shape, strides[k]!)]!)),
  );
}

function apply(op: Op, ...inputs: Tensor[]): Tensor {
  return new Tensor(op, inputs, inputs.map((t) => t.shape).reduce(broadcastShape), {});
}

/** A number as WGSL text. */
export function literal(value: number): string {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const clampedExp = (x: string) => `exp(clamp(-${x}, vec4f(-80.0), vec4f(80.0)))`;
/** Exact near −3, which `x / 6 + ½` is not. */
const hardGate = (x: string) => `clamp(${x} + 3.0, vec4f(), vec4f(6.0))`;
const sigmoidOf = (x: number) => 1 / (1 + Math.exp(-x));
const clamp01 = (x: number) => Math.min(Math.max(x, 0), 1);

const addOp = pointwise("add", (a, b) => `${a} + ${b}`, (a, b) => a! + b!, (dy) => [dy, dy]);
const subOp = pointwise("sub", (a, b) => `${a} - ${b}`, (a, b) => a! - b!, (dy) => [dy, neg(dy)]);
const mulOp = pointwise(
  "mul",
  (a, b) => `${a} * ${b}`,
  (a, b) => a! * b!,
  (dy, _, a, b) => [mul(dy, b!), mul(dy, a!)],
);
const divOp = pointwise(
  "div",
  (a, b) => `${a} / ${b}`,
  (a, b) => a! / b!,
  (dy, y, _, b) => [div(dy, b!), neg(div(mul(dy, y), b!))],
);
const negOp = pointwise("neg", (a) => `-${a}`, (a) => -a!, (dy) => [neg(dy)]);
const sqrtOp = pointwise(
  "sqrt",
  (x) => `sqrt(${x})`,
  (x) => Math.sqrt(x!),
  (dy, y) => [div(dy, add(y, y))],
);
const copyOp = pointwise("copy", (x) => x!, (x) => x!, (dy) => [dy]);
const detachOp = pointwise("detach", (x) => x!, (x) => x!);
const positiveOp = pointwise(
  "positive",
  (x) => `select(vec4f(), vec4f(1.0), ${x} > vec4f())`,
  (x) => x! > 0 ? 1 : 0,
);
const reluOp = pointwise(
  "relu",
  (x) => `select(${x}, vec4f(), ${x} < vec4f())`, // WGSL's max may lose a NaN
  (x) => Math.max(x!, 0),
  (dy, y) => [mul(dy, positive(y))],
);
const betweenOp = pointwise(
  "between0and6",
  (x) => `select(vec4f(), vec4f(1.0), (${x} > vec4f()) & (${x} < vec4f(6.0)))`,
  (x) => x! > 0 && x! < 6 ? 1 : 0,
);
const relu6Op = pointwise(
  "relu6",
  (x) => `select(select(${x}, vec4f(6.0), ${x} > vec4f(6.0)), vec4f(), ${x} < vec4f())`,
  (x) => Math.min(Math.max(x!, 0), 6),
  (dy, y) => [mul(dy, apply(betweenOp, y))],
);
const sigmoidOp = pointwise(
  "sigmoid",
  (x) => `1.0 / (1.0 + ${clampedExp(x!)})`,
  (x) => sigmoidOf(x!),
  (dy, y) => [mul(dy, mul(y, sub(full(1, []), y)))],
);
const siluGradOp = pointwise(
  "siluGrad",
  (dy, x) => `silu_grad(${dy}, ${x})`,
  (dy, x) => dy! * sigmoidOf(x!) * (1 + x! * (1 - sigmoidOf(x!))),
);
const siluOp = pointwise(
  "silu",
  (x) => `${x} / (1.0 + ${clampedExp(x!)})`,
  (x) => x! * sigmoidOf(x!),
  (dy, _, x) => [apply(siluGradOp, dy, x!)],
);
const hardSigmoidSlopeOp = pointwise(
  "hardSigmoidSlope",
  (x) => `select(vec4f(), vec4f(${literal(1 / 6)}), abs(${x}) < vec4f(3.0))`,
  (x) => Math.abs(x!) < 3 ? 1 / 6 : 0,
);
const hardSigmoidOp = pointwise(
  "hardSigmoid",
  (x) => `${hardGate(x!)} * ${literal(1 / 6)}`,
  (x) => clamp01(x! / 6 + 0.5),
  (dy, _, x) => [mul(dy, apply(hardSigmoidSlopeOp, x!))],
);
const hardSwishSlopeOp = pointwise(
  "hardSwishSlope",
  (x) =>
    `select(select(${x} / 3.0 + 0.5, vec4f(1.0), ${x} > vec4f(3.0)), vec4f(), ${x} < vec4f(-3.0))`,
  (x) => x! < -3 ? 0 : x! > 3 ? 1 : x! / 3 + 0.5,
);
const hardSwishOp = pointwise(
  "hardSwish",
  (x) => `${x} * (${hardGate(x!)} * ${literal(1 / 6)})`,
  (x) => x! * clamp01(x! / 6 + 0.5),
  (dy, _, x) => [mul(dy, apply(hardSwishSlopeOp, x!))],
);

/** `a + b`. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply(addOp, a, b);
}

/** `a - b`. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return apply(subOp, a, b);
}

/** `a · b`, element by element. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return apply(mulOp, a, b);
}

/** `a / b`, element by element. */
export function div(a: Tensor, b: Tensor): Tensor {
  return apply(divOp, a, b);
}

/** `-a`. */
export function neg(a: Tensor): Tensor {
  return apply(negOp, a);
}

/** `√x`. */
export function sqrt(x: Tensor): Tensor {
  return apply(sqrtOp, x);
}

/** `max(x, 0)`, NaN where `x` is; its slope at 0 is 0, as in PyTorch. */
export function relu(x: Tensor): Tensor {
  return apply(reluOp, x);
}

/** `clamp(x, 0, 6)`, NaN where `x` is; its slope at 0 and at 6 is 0, as in PyTorch. */
export function relu6(x: Tensor): Tensor {
  return apply(relu6Op, x);
}

/** `1 / (1 + e⁻ˣ)`. */
export function sigmoid(x: Tensor): Tensor {
  return apply(sigmoidOp, x);
}

/** `x · sigmoid(x)`, also called swish. */
export function silu(x: Tensor): Tensor {
  return apply(siluOp, x);
}

/** `clamp(x + 3, 0, 6) / 6`; its slope at −3 and at 3 is 0, as in PyTorch. */
export function hardSigmoid(x: Tensor): Tensor {
  return apply(hardSigmoidOp, x);
}

/** `x · clamp(x + 3, 0, 6) / 6`; its slope is −½ at −3 and 1½ at 3, as in PyTorch 1 (2.15 takes 0 and 1 there). */
export function hardSwish(x: Tensor): Tensor {
  return apply(hardSwishOp, x);
}

/** `x` itself; no gradient flows. */
export function detach(x: Tensor): Tensor {
  return apply(detachOp, x);
}

/** 1 where `x > 0`, else 0; no gradient flows. */
export function positive(x: Tensor): Tensor {
  return apply(positiveOp, x);
}

/** `x` stretched to `shape`. Throws RangeError where it does not stretch. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  const stretched = broadcastShape(x.shape, shape);
  if (stretched.length !== shape.length || stretched.some((d, i) => d !== shape[i])) {
    throw new RangeError(
      `Cannot stretch [${x.shape}] to [${shape}]: each axis of the first had to be 1 or as in the second`,
    );
  }
  return new Tensor(copyOp, [x], shape, {});
}

const fullOp: Op<{ value: number }> = {
  name: "full",
  pointwise: ({ attrs }) => `vec4f(${literal(attrs.value)})`,
  reference: (y) => new Float64Array(y.size).fill(y.attrs.value),
};

/** A tensor full of one number. */
export function full(value: number, shape: Shape): Tensor {
  return new Tensor(fullOp, [], shape, { value }) as Tensor;
}

/** The number a tensor made by `full()` is full of; undefined for any other tensor. */
export function fullValue(t: Tensor): number | undefined {
  return t.op === fullOp as Op ? (t.attrs as { value: number }).value : undefined;
}

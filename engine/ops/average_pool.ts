/** Average pooling over windows and its gradient. The average over whole images is in `sum.ts`. */

import gradShader from "../../shaders/average_pool_grad.wgsl" with { type: "text" };
import shader from "../../shaders/average_pool.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import { quads, type Shape } from "../shape.ts";
import { flatGrid } from "./layout.ts";
import { forEachPair, poolConsts, poolLoads, type PoolOptions, poolWindow } from "./pool.ts";
import type { Window } from "./window.ts";

/** Options of `averagePool`. */
export interface AveragePoolOptions extends PoolOptions {
  /** True to divide by the size of the whole window, false by what of it lies inside. Default true. */
  readonly countIncludePad?: boolean;
}

interface Attrs extends Window {
  readonly countIncludePad: boolean;
}

function consts(x: Shape, y: Shape, result: Shape, attrs: Attrs) {
  return { ...poolConsts(x, y, result, attrs), COUNT_PAD: attrs.countIncludePad ? 1 : 0 };
}

/** What the sum of each of the windows of `x` is divided by. */
function divisors(x: Shape, length: number, attrs: Attrs): Float64Array {
  if (attrs.countIncludePad) return new Float64Array(length).fill(attrs.kernel[0] ** 2);
  const counts = new Float64Array(length);
  forEachPair(x, attrs, (_, to) => counts[to]!++);
  return counts;
}

const averagePoolOp: Op<Attrs> = {
  name: "averagePool",
  batch: { of: 1 },
  grad: (dy, { attrs }, x) => [new Tensor(averagePoolGradOp, [dy], x!.shape, attrs) as Tensor],
  kernel: ({ shape, inputs, attrs }) => ({
    shader,
    consts: consts(inputs[0]!.shape, shape, shape, attrs),
    grid: flatGrid(quads(shape)),
    loads: [poolLoads(attrs)],
  }),
  reference({ size, inputs, attrs }, x) {
    const { shape } = inputs[0]!;
    const y = new Float64Array(size);
    const counts = divisors(shape, size, attrs);
    forEachPair(shape, attrs, (from, to) => y[to]! += x![from]! / counts[to]!);
    return y;
  },
};

const averagePoolGradOp: Op<Attrs> = {
  name: "averagePoolGrad",
  batch: { of: 1 },
  grad: (d, { attrs }, dy) => [new Tensor(averagePoolOp, [d], dy!.shape, attrs) as Tensor],
  kernel: ({ shape, inputs, attrs }) => ({
    shader: gradShader,
    consts: consts(shape, inputs[0]!.shape, shape, attrs),
    grid: flatGrid(quads(shape)),
    loads: [attrs.kernel[0] ** 2],
  }),
  reference({ shape, size, attrs }, dy) {
    const dx = new Float64Array(size);
    const counts = divisors(shape, dy!.length, attrs);
    forEachPair(shape, attrs, (from, to) => dx[from]! += dy![to]! / counts[to]!);
    return dx;
  },
};

/**
 * The mean of each window: [n, h, w, c] → [n, h', w', c] with h' = ⌊(h + 2·padding − kernel) / stride⌋ + 1,
 * padded with zeros. Semantics of `torch.nn.AvgPool2d`. Throws RangeError where no window fits.
 */
export function averagePool(x: Tensor, options: AveragePoolOptions): Tensor {
  const { window, shape } = poolWindow(x.shape, options);
  const { countIncludePad = true } = options;
  return new Tensor(averagePoolOp, [x], shape, { ...window, countIncludePad }) as Tensor;
}

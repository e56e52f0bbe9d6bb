/** Max pooling and its gradient, which goes to the first maximum of each window. */

import gradShader from "../../shaders/max_pool_grad.wgsl" with { type: "text" };
import shader from "../../shaders/max_pool.wgsl" with { type: "text" };
import { type Kernel, type Op, Tensor } from "../graph.ts";
import { quads } from "../shape.ts";
import { flatGrid } from "./layout.ts";
import { forEachPair, poolConsts, poolLoads, type PoolOptions, poolWindow } from "./pool.ts";
import type { Window } from "./window.ts";

/** The kernel that finds the maximum of each window, or which of its elements that is. */
function kernel({ shape, inputs, attrs }: Tensor<Window>, INDEX: 0 | 1): Kernel {
  const consts = { ...poolConsts(inputs[0]!.shape, shape, shape, attrs), INDEX };
  return { shader, consts, grid: flatGrid(quads(shape)), loads: [poolLoads(attrs)] };
}

/** The maximum of each window and which of its elements it is. */
function maxima(y: Tensor<Window>, x: Float64Array): { best: Float64Array; index: Float64Array } {
  const best = new Float64Array(y.size).fill(-Infinity);
  const index = new Float64Array(y.size);
  forEachPair(y.inputs[0]!.shape, y.attrs, (from, to, tap) => {
    if (!(x[from]! > best[to]! || Number.isNaN(x[from]!))) return;
    best[to] = x[from]!;
    index[to] = tap;
  });
  return { best, index };
}

const maxPoolOp: Op<Window> = {
  name: "maxPool",
  batch: { of: 1 },
  grad: (dy, { shape, attrs }, x) => {
    const index = new Tensor(maxPoolIndexOp, [x!], shape, attrs) as Tensor;
    return [new Tensor(maxPoolGradOp, [dy, index], x!.shape, attrs) as Tensor];
  },
  kernel: (y) => kernel(y, 0),
  reference: (y, x) => maxima(y, x!).best,
};

const maxPoolIndexOp: Op<Window> = {
  name: "maxPoolIndex",
  batch: { of: 1 },
  kernel: (y) => kernel(y, 1),
  reference: (y, x) => maxima(y, x!).index,
};

const maxPoolGradOp: Op<Window> = {
  name: "maxPoolGrad",
  batch: { of: 2 },
  kernel({ shape, inputs, attrs }) {
    const loads = attrs.kernel[0] ** 2;
    return {
      shader: gradShader,
      consts: poolConsts(shape, inputs[0]!.shape, shape, attrs),
      grid: flatGrid(quads(shape)),
      loads: [loads, loads],
    };
  },
  reference({ shape, size, attrs }, dy, index) {
    const dx = new Float64Array(size);
    forEachPair(shape, attrs, (from, to, tap) => {
      if (index![to] === tap) dx[from]! += dy![to]!;
    });
    return dx;
  },
};

/**
 * The largest value of each window: [n, h, w, c] → [n, h', w', c] with h' = ⌊(h + 2·padding − kernel) /
 * stride⌋ + 1. Padding never wins, a NaN always; where several elements are largest, the gradient goes to the first,
 * row by row. Semantics of `torch.nn.MaxPool2d`. Throws RangeError where no window fits.
 */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  const { window, shape } = poolWindow(x.shape, options);
  return new Tensor(maxPoolOp, [x], shape, window) as Tensor;
}

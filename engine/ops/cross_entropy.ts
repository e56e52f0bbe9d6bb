/** Cross-entropy of logits, row by row, and whether the largest logit is the right one. No means, no weights. */

import argmaxShader from "../../shaders/argmax_equal.wgsl" with { type: "text" };
import gradShader from "../../shaders/cross_entropy_grad.wgsl" with { type: "text" };
import shader from "../../shaders/cross_entropy.wgsl" with { type: "text" };
import { type Kernel, type Op, Tensor } from "../graph.ts";
import { ceilDiv, channelQuads, channels, rows, sameShape } from "../shape.ts";
import { flatGrid } from "./layout.ts";
import { add, full } from "./pointwise.ts";

/** A kernel in which up to 64 threads share a row of `logits`. */
function rowKernel(shader: string, logits: Tensor, loads: readonly number[]): Kernel {
  const C4 = channelQuads(logits.shape);
  const T = [64, 32, 16, 8, 4, 2].find((t) => C4 >= t) ?? 1;
  const ROWS = rows(logits.shape);
  const grid = flatGrid(ROWS * T);
  return { shader, consts: { ROWS, K: channels(logits.shape), C4, T }, grid, loads };
}

/** Calls `visit` with each row of `logits` and of `a`, and its number. */
function forRows(
  k: number,
  z: Float64Array,
  a: Float64Array,
  visit: (row: number, z: Float64Array, a: Float64Array) => void,
): void {
  for (let row = 0; row < z.length / k; row++) {
    visit(row, z.subarray(row * k, (row + 1) * k), a.subarray(row * k, (row + 1) * k));
  }
}

function logSumExp(z: Float64Array): number {
  const peak = Math.max(...z);
  return peak + Math.log(z.reduce((sum, v) => sum + Math.exp(v - peak), 0));
}

const crossEntropyOp: Op = {
  name: "crossEntropy",
  grad: (dy, _, logits, a) => [
    new Tensor(crossEntropyGradOp, [dy, logits!, a!], logits!.shape, {}),
    null,
  ],
  kernel: (y) => rowKernel(shader, y.inputs[0]!, [2, 1]),
  reference(y, logits, targets) {
    const losses = new Float64Array(y.size);
    forRows(channels(y.inputs[0]!.shape), logits!, targets!, (row, z, a) => {
      const total = logSumExp(z);
      losses[row] = z.reduce((sum, v, k) => sum + a[k]! * (total - v), 0);
    });
    return losses;
  },
};

const crossEntropyGradOp: Op = {
  name: "crossEntropyGrad",
  kernel: (y) => rowKernel(gradShader, y, [ceilDiv(channelQuads(y.shape), 64), 3, 2]),
  reference(y, dy, logits, targets) {
    const k = channels(y.shape);
    const dz = new Float64Array(y.size);
    forRows(k, logits!, targets!, (row, z, a) => {
      const total = logSumExp(z);
      const mass = a.reduce((sum, v) => sum + v, 0);
      z.forEach((v, i) => dz[row * k + i] = (Math.exp(v - total) * mass - a[i]!) * dy![row]!);
    });
    return dz;
  },
};

const argmaxEqualOp: Op = {
  name: "argmaxEqual",
  kernel(y) {
    const [logits] = y.inputs as [Tensor];
    const ROWS = rows(logits.shape);
    const [K, C4] = [channels(logits.shape), channelQuads(logits.shape)];
    const consts = { ROWS, K, C4, WX: 1, WY: 64 };
    return { shader: argmaxShader, consts, grid: [1, ceilDiv(ROWS, 64), 1] };
  },
  reference(y, logits, targets) {
    const equal = new Float64Array(y.size);
    forRows(channels(y.inputs[0]!.shape), logits!, targets!, (row, z, a) => {
      const same = z.indexOf(Math.max(...z)) === a.indexOf(Math.max(...a));
      equal[row] = same && a.some((v) => v !== 0) ? 1 : 0;
    });
    return equal;
  },
};

function checkRows(what: string, logits: Tensor, a: Tensor): void {
  if (logits.shape.length !== 2 || !sameShape(logits.shape, a.shape)) {
    throw new RangeError(
      `Cannot ${what} [${logits.shape}] with [${a.shape}]: [n, k] was needed, twice`,
    );
  }
}

/**
 * `Σₖ aᵢₖ · (ln Σⱼ exp zᵢⱼ − zᵢₖ)` of each row: logits z [n, k] and coefficients a [n, k], which need not
 * add up to 1 → losses [n, 1]. No gradient flows to `a`. With one-hot `a` this is `torch.nn.CrossEntropyLoss`
 * with `reduction="none"`; `softmaxCrossEntropy` of the layers has its weights, smoothing and mean.
 */
export function crossEntropy(logits: Tensor, a: Tensor): Tensor {
  checkRows("compare logits", logits, a);
  return new Tensor(crossEntropyOp, [logits, a], [logits.shape[0]!, 1], {});
}

/**
 * The softmax of each row of logits [n, k], for targets: no gradient flows to them. It is the slope of a
 * cross-entropy with even coefficients, plus these.
 */
export function probabilities(logits: Tensor): Tensor {
  const even = full(1 / channels(logits.shape), logits.shape);
  checkRows("take the softmax of", logits, even);
  const dy = full(1, [rows(logits.shape), 1]);
  return add(new Tensor(crossEntropyGradOp, [dy, logits, even], logits.shape, {}), even);
}

/**
 * 1 where the largest logit of a row stands where the largest value of `a` does, else 0, and 0 where the
 * row of `a` is all zeros: [n, k] twice → [n, 1]. The first of equals counts, as in `torch.argmax`.
 */
export function argmaxEqual(logits: Tensor, a: Tensor): Tensor {
  checkRows("compare the largest of", logits, a);
  return new Tensor(argmaxEqualOp, [logits, a], [logits.shape[0]!, 1], {});
}

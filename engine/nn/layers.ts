/** Layers: functions that take a scope, a name and a tensor. Names, layouts and defaults are PyTorch's and timm's. */

import type { Tensor } from "../graph.ts";
import { batchNorm } from "../ops/batch_norm.ts";
import { conv2d } from "../ops/conv2d.ts";
import { matmul } from "../ops/matmul.ts";
import { add } from "../ops/pointwise.ts";
import { channels } from "../shape.ts";
import type { Initial } from "./init.ts";
import type { Scope } from "./scope.ts";

/** Options of `convolution`. */
export interface ConvolutionOptions {
  /** Height and width of the window. Default 1. */
  readonly kernel?: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default `⌊(stride − 1 + kernel − 1) / 2⌋`, timm's symmetric padding. */
  readonly padding?: number | "same" | undefined;
  /** Default 1. */
  readonly groups?: number;
  /** Default false. */
  readonly bias?: boolean;
}

/**
 * `x` [n, h, w, cin] → [n, oh, ow, cout]; variables `name.weight` and, if asked for, `name.bias`.
 * Weights start normal with variance 2 / (kernel² · cout / groups), He et al. 2015, fan out; biases 0.
 */
export function convolution(
  scope: Scope,
  name: string,
  x: Tensor,
  cout: number,
  options: ConvolutionOptions = {},
): Tensor {
  const { kernel = 1, stride = 1, groups = 1, bias = false } = options;
  const { padding = Math.floor((stride + kernel - 2) / 2) } = options;
  const std = Math.sqrt(2 / Math.floor(kernel * kernel * cout / groups));
  const shape = [kernel, kernel, channels(x.shape) / groups, cout];
  const w = scope.variable(`${name}.weight`, "convolution", shape, { kind: "normal", std });
  const y = conv2d(x, w, { stride, padding, groups });
  if (!bias) return scope.mark(name, y);
  const b = scope.variable(`${name}.bias`, "vector", [cout], { kind: "constant", value: 0 });
  return scope.mark(name, add(y, b));
}

/** Batch norm of `x` [..., c]; variables `name.{weight,bias,running_mean,running_var}`. */
export function norm(
  scope: Scope,
  name: string,
  x: Tensor,
  options: { readonly epsilon?: number | undefined; readonly initialWeight?: number } = {},
): Tensor {
  const { epsilon = 1e-5, initialWeight = 1 } = options;
  const shape = [2, channels(x.shape)];
  const affine = scope.variable(name, "affine", shape, {
    kind: "rows",
    values: [initialWeight, 0],
  });
  const running = scope.variable(name, "statistics", shape, { kind: "rows", values: [0, 1] });
  const training = scope.usesBatch(name);
  const statistics = training ? scope.batchMoments(name, x) : running;
  return scope.mark(
    name,
    batchNorm(x, statistics, affine, { epsilon, training, ranks: scope.ranks }),
  );
}

/** Initial values of `linear`. */
export interface LinearInitial {
  /** Of the matrix. */
  readonly weight: Initial;
  /** Of the vector that is added. */
  readonly bias: Initial;
}

/** `x` [n, in] → [n, out]; variables `name.weight` and `name.bias`. */
export function linear(
  scope: Scope,
  name: string,
  x: Tensor,
  out: number,
  initial: LinearInitial,
): Tensor {
  const w = scope.variable(`${name}.weight`, "matrix", [channels(x.shape), out], initial.weight);
  const b = scope.variable(`${name}.bias`, "vector", [out], initial.bias);
  return scope.mark(name, add(matmul(x, w), b));
}

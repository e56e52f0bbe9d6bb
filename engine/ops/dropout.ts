/** Dropout and drop-path: masks from a counter-based generator, so that nothing of them is stored. */

import { type Op, Tensor } from "../graph.ts";
import { channelQuads, storedIndex } from "../shape.ts";
import { full, literal, mul } from "./pointwise.ts";

interface Attrs {
  /** Share of elements set to 0. */
  readonly rate: number;
  /** Mixed into the seed, so that calls in one step get masks of their own. */
  readonly mix: number;
}

/** `uniform4` of `shaders/functions.wgsl`, one number at a time: `counter` is 4i + the lane. */
export function uniform(seed: number, counter: number): number {
  let h = Math.imul(counter + seed, 0x9E3779B9);
  h = Math.imul(h ^ (h >>> 16), 0x85EBCA6B);
  h = Math.imul(h ^ (h >>> 13), 0xC2B2AE35);
  h = (h ^ (h >>> 16)) + Math.imul(seed, 0x27D4EB2F);
  h = Math.imul(h ^ (h >>> 15), 0x2C1B3C6D);
  h ^= h >>> 12;
  return (h >>> 8) / 2 ** 24;
}

/** 32 bits that differ in about half their places from those of other streams. */
function streamBits(stream: number): number {
  let h = Math.imul(stream + 1, 0x9E3779B9);
  h = Math.imul(h ^ (h >>> 15), 0x85EBCA6B);
  return (h ^ (h >>> 13)) >>> 0;
}

const dropoutOp: Op<Attrs> = {
  name: "dropout",
  grad: (dy, y, _, seed) => [new Tensor(dropoutOp, [dy, seed!], y.shape, y.attrs) as Tensor, null],
  positional: true,
  pointwise({ shape, attrs: { rate, mix } }, args, row, c) {
    const quad = `(${row}) * ${channelQuads(shape)}u + ${c}`;
    const random = `uniform4(u32(${args[1]}.x) ^ ${mix}u, ${quad})`;
    return `select(vec4f(), ${args[0]} * ${literal(scale(rate))}, ${random} >= vec4f(${
      literal(rate)
    }))`;
  },
  reference({ shape, attrs: { rate, mix } }, x, seed) {
    const at = storedIndex(shape); // the device counts the lanes beyond the channels too
    const key = (seed![0]! ^ mix) >>> 0;
    const limit = Math.fround(rate);
    return x!.map((v, i) => uniform(key, at(i)) >= limit ? v * scale(rate) : 0);
  },
};

/** Keeps the mean of what is dropped at `rate`. */
function scale(rate: number): number {
  return rate < 1 ? 1 / (1 - rate) : 0;
}

/**
 * `x` with each element set to 0 with probability `rate` and the others divided by `1 − rate`, as
 * `torch.nn.Dropout` does in training. `seed`, a scalar or [1], holds a whole number below 2²⁴, another one
 * each step; `stream` tells calls that share a seed apart. Throws RangeError where `rate` is not in [0, 1].
 */
export function dropout(x: Tensor, rate: number, seed: Tensor, stream: number): Tensor {
  if (!(rate >= 0 && rate <= 1) || seed.size !== 1) {
    throw new RangeError(
      `Cannot drop ${rate} of [${x.shape}] by a seed [${seed.shape}]: a rate from 0 to 1 and a scalar ` +
        "seed were needed",
    );
  }
  if (rate === 0) return x;
  return new Tensor(dropoutOp, [x, seed], x.shape, { rate, mix: streamBits(stream) }) as Tensor;
}

/**
 * `x` [n, …] with each sample set to 0 with probability `rate` and the others divided by `1 − rate`:
 * stochastic depth (Huang et al. 2016), timm's `DropPath` in training. `seed` and `stream` as in `dropout`.
 */
export function dropPath(x: Tensor, rate: number, seed: Tensor, stream: number): Tensor {
  if (rate === 0) return x;
  const ones = full(1, [x.shape[0]!, ...x.shape.slice(1).map(() => 1)]);
  return mul(x, dropout(ones, rate, seed, stream));
}

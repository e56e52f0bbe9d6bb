/** The hash that golden files are filled by: weights, images and labels without any file of numbers. */

import type { Weight } from "../../models/safetensors.ts";
import { fromFloats } from "../../models/safetensors.ts";

/** Number `i` of stream `t`, in [0, 1) with 24 bits. */
export function uniform(i: number, t: number): number {
  let h = (i + Math.imul(t, 0x9E3779B9)) >>> 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85EBCA6B) >>> 0;
  h ^= h >>> 13;
  h = Math.imul(h, 0xC2B2AE35) >>> 0;
  h ^= h >>> 16;
  return (h >>> 8) / 2 ** 24;
}

/** Weights in the order of a state dict: their keys, shapes and places decide their numbers. */
export function filledWeights(
  tensors: readonly Pick<Weight & { readonly key: string }, "key" | "shape" | "dtype">[],
  base: number,
): Map<string, Weight> {
  return new Map(tensors.map(({ key, shape, dtype }, index) => {
    if (dtype === "I64") return [key, { dtype, shape, data: new Uint8Array(8) }];
    const count = shape.reduce((a, b) => a * b, 1);
    const bound = Math.sqrt(3 * (shape[0] ?? 1) / count);
    const positive = /(weight|running_var)$/.test(key);
    const numbers = Float32Array.from({ length: count }, (_, i) => {
      const u = uniform(i, base + index);
      if (shape.length >= 2) return (2 * u - 1) * bound;
      return positive ? 0.5 + u : (u - 0.5) * 0.2;
    });
    return [key, fromFloats(shape, numbers)];
  }));
}

/** Images [n, h, w, c] from a stream that is written as [n, c, h, w]. */
export function filledImages(
  [n, c, h, w]: readonly [number, number, number, number],
  stream: number,
): Float32Array {
  return fromChannelsFirst(
    [n, c, h, w],
    Float32Array.from({ length: n * c * h * w }, (_, i) => 2 * uniform(i, stream) - 1),
  );
}

/** `n` labels below `classes`. */
export function filledLabels(n: number, classes: number, stream: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => Math.floor(uniform(i, stream) * classes));
}

/** Where element `i` of an [n, c, h, w] tensor lies in one [n, h, w, c]; other ranks are the same. */
export function channelsLast(shape: readonly number[], i: number): number {
  if (shape.length !== 4) return i;
  const [, c, h, w] = shape as readonly [number, number, number, number];
  const pixel = i % (h * w);
  const channel = Math.floor(i / (h * w)) % c;
  const image = Math.floor(i / (h * w * c));
  return (image * h * w + pixel) * c + channel;
}

function fromChannelsFirst(shape: readonly number[], numbers: Float32Array): Float32Array {
  const out = new Float32Array(numbers.length);
  numbers.forEach((v, i) => out[channelsLast(shape, i)] = v);
  return out;
}

/** Initial values: drawn on the host from a counter-based generator, the same on every machine. */

import { uniform } from "../ops/dropout.ts";

/** A distribution to draw a variable from. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  /** Uniform in [−bound, bound). */
  | { readonly kind: "uniform"; readonly bound: number }
  /** Normal with mean 0 and standard deviation `std`. */
  | { readonly kind: "normal"; readonly std: number }
  /** One constant for each row: weight and bias, or mean and variance, of a norm. */
  | { readonly kind: "rows"; readonly values: readonly number[] };

/** `count` numbers of `rows` equal rows. `seed` and `stream` are whole numbers; equal ones, equal numbers. */
export function draw(
  initial: Initial,
  count: number,
  seed: number,
  stream: number,
): Float32Array {
  const key = Math.imul(seed, 0x2545F491) ^ Math.imul(stream + 1, 0x9E3779B1);
  const numbers = new Float32Array(count);
  switch (initial.kind) {
    case "constant":
      return numbers.fill(initial.value);
    case "rows":
      initial.values.forEach((value, row, { length }) => {
        numbers.fill(value, Math.ceil(row * count / length));
      });
      return numbers;
    case "uniform":
      for (let i = 0; i < count; i++) numbers[i] = (2 * uniform(key, i) - 1) * initial.bound;
      return numbers;
    case "normal":
      for (let i = 0; i < count; i++) numbers[i] = normal(key, i) * initial.std;
      return numbers;
  }
}

/** A standard normal number, by Box and Muller's transform of two uniform ones. */
function normal(key: number, i: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * i)));
  return radius * Math.cos(2 * Math.PI * uniform(key, 2 * i + 1));
}

/** Random numbers for each pixel as a function of a seed, so that a device can make the same ones. */
import type { Random } from "../random.ts";

/** A number that says which noise: whole, below 2²⁴, so that a float32 holds it. */
export function noiseSeed(random: Random): number {
  return Math.floor(random() * 2 ** 24);
}

/** A number in [0, 1) for each counter: the device's generator (`uniform4` in its shaders). */
export function noiseAt(seed: number, counter: number): number {
  let h = Math.imul(counter + seed, 0x9e3779b9);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h = (h ^ (h >>> 16)) + Math.imul(seed, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h ^= h >>> 12;
  return (h >>> 8) / 2 ** 24;
}

/**
 * Writes numbers of the standard normal distribution for the three channels of pixel `i` (Box and Muller): the
 * cosine and the sine of counters 4i and 4i + 1, then the cosine of 4i + 2 and 4i + 3.
 */
export function normalsAt(seed: number, i: number, to: Float64Array): void {
  const r = Math.sqrt(-2 * Math.log(1 - noiseAt(seed, 4 * i)));
  const turn = 2 * Math.PI * noiseAt(seed, 4 * i + 1);
  to[0] = r * Math.cos(turn);
  to[1] = r * Math.sin(turn);
  to[2] = Math.sqrt(-2 * Math.log(1 - noiseAt(seed, 4 * i + 2))) *
    Math.cos(2 * Math.PI * noiseAt(seed, 4 * i + 3));
}

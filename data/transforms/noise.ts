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

/** A number of the standard normal distribution for channel `c` of pixel `i` (Box and Muller's cosine). */
export function normalAt(seed: number, i: number, c: number): number {
  const [a, b] = [noiseAt(seed, 8 * i + c), noiseAt(seed, 8 * i + 4 + c)];
  return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
}

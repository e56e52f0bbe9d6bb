/** Random choices as functions of integers. No state: the order of the calls changes nothing. */

const GOLDEN = 0x9e3779b9;

/** One word into the state: MurmurHash3's block step. */
function mix(h: number, key: number): number {
  let k = Math.imul(key, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  h ^= Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

/**
 * A 32-bit hash of integers up to 2^53 − 1 (MurmurHash3_x86_32 over their low and high words).
 *
 * @example
 * ```ts
 * import { hash } from "./random.ts";
 * console.assert(hash(1, 2) === hash(1, 2) && hash(1, 2) !== hash(2, 1));
 * ```
 */
export function hash(...keys: number[]): number {
  let h = GOLDEN | 0;
  for (const key of keys) {
    if (!Number.isSafeInteger(key)) {
      throw new RangeError(`Cannot hash ${key}: an integer below 2^53 was needed`);
    }
    h = mix(mix(h, key | 0), Math.floor(key / 2 ** 32) | 0);
  }
  h ^= keys.length * 8;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [0, 1), a multiple of 2^-32, that depends on the keys alone. */
export function uniform(...keys: number[]): number {
  return hash(...keys) / 2 ** 32;
}

/** The numbers 0 … n − 1 in an order that depends on the keys alone (Fisher–Yates). */
export function shuffled(n: number, ...keys: number[]): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const key = hash(...keys);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(key, i) * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** The next number in [0, 1). */
export type Random = () => number;

/** A sequence of numbers in [0, 1): its keys say all of it, so two with the same keys are equal. */
export function sequence(...keys: number[]): Random {
  const key = hash(...keys);
  let draw = 0;
  return () => uniform(key, draw++);
}

/**
 * The sequence of one of several makers of choices for the same keys: draw d of the maker at `position`, from
 * 0, is number (d + p)(d + p + 1) / 2 + p of the {@linkcode sequence} of the keys (Cantor's pairing), so
 * that no two share a number and none depends on how many the others draw.
 */
export function stream(position: number, ...keys: number[]): Random {
  const key = hash(...keys);
  let draw = 0;
  return () => {
    const diagonal = draw++ + position;
    return uniform(key, diagonal * (diagonal + 1) / 2 + position);
  };
}

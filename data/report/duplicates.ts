/** Images that are in a set more than once: the same bytes, or the same picture encoded again. Reads no file. */
import { correlation, distance, type Looks } from "./looks.ts";

/** Most bits in which the hashes of one picture differ after re-encoding. */
const NEAR = 7;

/** Least correlation of one picture's signatures: similar portraits of two persons are below it. */
const ALIKE = 0.98;

/** With one band more than bits may differ, some band of two near hashes is equal. */
const BANDS = NEAR + 1;
const BAND_BITS = 64 / BANDS;

/** Sets of numbers that grow together (Galler and Fischer, 1964). */
class Unions {
  readonly #parents: Uint32Array;

  constructor(count: number) {
    this.#parents = Uint32Array.from({ length: count }, (_, i) => i);
  }

  find(i: number): number {
    while (this.#parents[i] !== i) {
      this.#parents[i] = this.#parents[this.#parents[i]!]!;
      i = this.#parents[i]!;
    }
    return i;
  }

  join(a: number, b: number): void {
    const [x, y] = [this.find(a), this.find(b)];
    this.#parents[Math.max(x, y)] = Math.min(x, y);
  }

  /** Sets of at least two, each in order, in the order of their first. */
  groups(): number[][] {
    const groups = new Map<number, number[]>();
    for (let i = 0; i < this.#parents.length; i++) {
      const root = this.find(i);
      groups.set(root, [...groups.get(root) ?? [], i]);
    }
    return [...groups.values()].filter(({ length }) => length > 1);
  }
}

/** Positions of equal keys, groups of at least two, in the order of their first. */
export function equalGroups(keys: readonly (string | undefined)[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, key] of keys.entries()) {
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** The bits of a band of a hash. */
function bandOf(hash: Uint32Array, band: number): number {
  const at = band * BAND_BITS;
  return (hash[at >> 5]! >>> (at & 31)) & (2 ** BAND_BITS - 1);
}

/**
 * Groups of positions whose pictures are nearly the same: hashes that differ in at most 7 bits and signatures
 * that correlate by at least 0.98. Pairs are looked for where a band of 8 bits is equal, so that the work grows
 * with a 256th of the square of the number; equal hashes are compared with the first of them alone.
 */
export function nearGroups(looks: readonly (Looks | undefined)[]): number[][] {
  const unions = new Unions(looks.length);
  const alike = (a: number, b: number) =>
    correlation(looks[a]!.signature, looks[b]!.signature) >= ALIKE;
  const firsts: number[] = [];
  const known = new Map<string, number>();
  for (const [i, look] of looks.entries()) {
    if (!look) continue;
    const key = look.hash.join();
    const first = known.get(key);
    if (first === undefined) {
      known.set(key, i);
      firsts.push(i);
    } else if (alike(first, i)) unions.join(first, i);
  }
  for (let band = 0; band < BANDS; band++) {
    const buckets = new Map<number, number[]>();
    for (const i of firsts) {
      const key = bandOf(looks[i]!.hash, band);
      const bucket = buckets.get(key) ?? [];
      buckets.set(key, bucket);
      for (const j of bucket) {
        if (distance(looks[i]!.hash, looks[j]!.hash) > NEAR) continue;
        if (unions.find(i) !== unions.find(j) && alike(i, j)) unions.join(i, j);
      }
      bucket.push(i);
    }
  }
  return unions.groups();
}

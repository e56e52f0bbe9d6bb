/** Images that are in a set more than once: the same bytes, or the same picture encoded again. Reads no file. */
import { correlation, type Looks, ones } from "./looks.ts";

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
      const group = groups.get(root);
      if (group) group.push(i);
      else groups.set(root, [i]);
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

/** Calls `found` with the positions of each two hashes in [n, 2] that have a band in common and are near. */
function forEachNear(hashes: Uint32Array, found: (a: number, b: number) => void): void {
  const count = hashes.length / 2;
  const size = 2 ** BAND_BITS;
  for (let band = 0; band < BANDS; band++) {
    const [word, shift] = [band * BAND_BITS >> 5, band * BAND_BITS & 31];
    const keys = Uint16Array.from(
      { length: count },
      (_, i) => hashes[2 * i + word]! >>> shift & (size - 1),
    );
    // Sorted by counting: hashes with one key lie side by side, so that pairs are compared in place.
    const ends = new Uint32Array(size + 1);
    for (const key of keys) ends[key + 1]!++;
    for (let key = 0; key < size; key++) ends[key + 1]! += ends[key]!;
    const next = ends.slice(0, size);
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[next[keys[i]!]!++] = i;
    const low = Uint32Array.from(order, (i) => hashes[2 * i]!);
    const high = Uint32Array.from(order, (i) => hashes[2 * i + 1]!);
    for (let key = 0; key < size; key++) {
      for (let i = ends[key]!; i < ends[key + 1]!; i++) {
        for (let j = ends[key]!; j < i; j++) {
          const bits = ones(low[i]! ^ low[j]!) + ones(high[i]! ^ high[j]!);
          if (bits <= NEAR) found(order[j]!, order[i]!);
        }
      }
    }
  }
}

/**
 * Groups of positions whose pictures are nearly the same: hashes that differ in at most 7 bits and signatures
 * that correlate by at least 0.98. Pairs are looked for where a band of 8 bits is equal, so that the work grows
 * with a 64th of the square of the number; equal hashes are compared with the first of them alone.
 */
export function nearGroups(looks: readonly (Looks | undefined)[]): number[][] {
  const unions = new Unions(looks.length);
  const joinAlike = (a: number, b: number) => {
    if (unions.find(a) === unions.find(b)) return;
    if (correlation(looks[a]!.signature, looks[b]!.signature) >= ALIKE) unions.join(a, b);
  };
  const firsts: number[] = [];
  const known = new Map<string, number>();
  for (const [i, look] of looks.entries()) {
    if (!look) continue;
    const key = look.hash.join();
    const first = known.get(key);
    if (first === undefined) {
      known.set(key, i);
      firsts.push(i);
    } else joinAlike(first, i);
  }
  const hashes = new Uint32Array(2 * firsts.length);
  for (const [k, i] of firsts.entries()) hashes.set(looks[i]!.hash, 2 * k);
  forEachNear(hashes, (a, b) => joinAlike(firsts[a]!, firsts[b]!));
  return unions.groups();
}

/** What a small version of a picture tells: a hash that survives re-encoding, brightness, contrast. Reads no file. */
import type { Image } from "../image.ts";

/** Side of the grey square that is hashed, and of its lowest frequencies. */
const SQUARE = 32;
const LOW = 8;

/** Side of the grey square that two pictures are compared by. */
const SIGNATURE = 16;

/** How a picture looks, in a few numbers. */
export interface Looks {
  /** [2], 64 bits: which of the lowest 8 × 8 frequencies are above their median (pHash). */
  readonly hash: Uint32Array;
  /** [16 · 16], the picture in grey. */
  readonly signature: Uint8Array;
  /** Mean grey level, 0 to 255. */
  readonly brightness: number;
  /** Standard deviation of the grey levels. */
  readonly contrast: number;
}

/** COSINES[u][x] of the discrete cosine transform of type II. */
const COSINES = Array.from(
  { length: LOW },
  (_, u) =>
    Float64Array.from(
      { length: SQUARE },
      (_, x) => Math.cos(Math.PI * u * (2 * x + 1) / 2 / SQUARE),
    ),
);

/** Grey levels (ITU-R BT.601) of an image, squeezed to a square by means over areas. */
function greySquare({ width, height, data }: Image, side: number): Float64Array {
  const square = new Float64Array(side * side);
  const bounds = (cell: number, length: number): [number, number] => {
    const from = Math.min(length - 1, Math.floor(cell * length / side));
    return [from, Math.max(from + 1, Math.floor((cell + 1) * length / side))];
  };
  for (let row = 0; row < side; row++) {
    const [top, bottom] = bounds(row, height);
    for (let column = 0; column < side; column++) {
      const [left, right] = bounds(column, width);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const at = (y * width + x) * 3;
          sum += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
        }
      }
      square[row * side + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return square;
}

/** Which low frequencies are above their median. */
function hashOf(square: Float64Array): Uint32Array {
  // Σ_y Σ_x grey(x, y) · cos_u(x) · cos_v(y), first along rows.
  const rows = COSINES.map((cosine) =>
    Float64Array.from({ length: SQUARE }, (_, y) => {
      let sum = 0;
      for (let x = 0; x < SQUARE; x++) sum += square[y * SQUARE + x]! * cosine[x]!;
      return sum;
    })
  );
  const frequencies = new Float64Array(LOW * LOW);
  for (let v = 0; v < LOW; v++) {
    for (let u = 0; u < LOW; u++) {
      let sum = 0;
      for (let y = 0; y < SQUARE; y++) sum += rows[u]![y]! * COSINES[v]![y]!;
      frequencies[v * LOW + u] = sum;
    }
  }
  const sorted = frequencies.toSorted();
  const median = (sorted[LOW * LOW / 2 - 1]! + sorted[LOW * LOW / 2]!) / 2;
  const hash = new Uint32Array(2);
  frequencies.forEach((value, i) => {
    if (value > median) hash[i >> 5]! |= 1 << (i & 31);
  });
  return hash;
}

/** How an image looks; a small version of it, some 64 pixels a side, gives nearly the same. */
export function looksOf(image: Image): Looks {
  const square = greySquare(image, SQUARE);
  const mean = square.reduce((sum, value) => sum + value) / square.length;
  const variance = square.reduce((sum, value) => sum + (value - mean) ** 2, 0) / square.length;
  return {
    hash: hashOf(square),
    signature: Uint8Array.from(greySquare(image, SIGNATURE), Math.round),
    brightness: mean,
    contrast: Math.sqrt(variance),
  };
}

/** Number of bits in which two hashes differ. */
export function distance(a: Uint32Array, b: Uint32Array): number {
  return ones(a[0]! ^ b[0]!) + ones(a[1]! ^ b[1]!);
}

/** Number of ones in 32 bits. */
export function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Pearson's correlation of two signatures; 1 for equal ones, also for two flat ones. */
export function correlation(a: Uint8Array, b: Uint8Array): number {
  const n = a.length;
  let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]!, b[i]!];
    sumA += x;
    sumB += y;
    sumAA += x * x;
    sumBB += y * y;
    sumAB += x * y;
  }
  const [varA, varB] = [sumAA - sumA * sumA / n, sumBB - sumB * sumB / n];
  if (varA < n || varB < n) return Math.abs(sumA - sumB) < 4 * n && varA < n && varB < n ? 1 : 0;
  return (sumAB - sumA * sumB / n) / Math.sqrt(varA * varB);
}

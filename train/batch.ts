/** The largest batch that fits a number of bytes, as plans and a trial allocation say. Opens no device. */

import { MemoryError } from "../engine/compile/program.ts";

/** What is known of batches and of the device. */
export interface BatchSearch {
  /** Bytes that a batch takes; throws MemoryError where a device cannot compute it at all. */
  readonly bytes: (batch: number) => number;
  /** Bytes that may be taken. */
  readonly budget: number;
  /** Images that a batch may have. */
  readonly most: number;
  /** Whether the device really has so many bytes at once. */
  readonly allocate: (bytes: number) => Promise<boolean>;
}

/** A batch, the bytes it takes, and the bytes that it was to fit. */
export interface FoundBatch {
  readonly batch: number;
  readonly bytes: number;
  /** Less than what was asked for where the device had not so much. */
  readonly budget: number;
}

/** Batches above this are multiples of it: the rows of tiles. */
const STEP = 8;

/** Images of the smallest batch: of one image, batch norm has no statistics. */
const LEAST = 2;

/** What is left of a budget that a device does not have. */
const BACK_OFF = 0.75;

/**
 * The largest batch whose bytes fit the budget and the device: planned, allocated, and smaller where that
 * fails. Throws MemoryError where not even two images fit.
 */
export async function largestBatch(search: BatchSearch): Promise<FoundBatch> {
  const known = new Map<number, number>();
  const bytesOf = (batch: number): number => {
    let bytes = known.get(batch);
    if (bytes === undefined) known.set(batch, bytes = plannedBytes(search, batch));
    return bytes;
  };
  for (let budget = search.budget;; budget *= BACK_OFF) {
    const batch = fitting(bytesOf, budget, search.most);
    const bytes = bytesOf(Math.max(Math.min(LEAST, search.most), batch));
    if (batch < 1) {
      throw new MemoryError(
        `Cannot train with a batch of ${LEAST}: it takes ${bytesText(bytes)}, ${
          bytesText(budget)
        } were there; ` + "a smaller model or image size is needed",
      );
    }
    if (await search.allocate(bytes)) return { batch, bytes, budget };
  }
}

/** So many bytes in words: `3.7 GiB`, `512 MiB`. */
export function bytesText(bytes: number): string {
  const [size, unit] = bytes < 2 ** 30 ? [2 ** 20, "MiB"] : [2 ** 30, "GiB"];
  return `${(bytes / size).toFixed(size > 2 ** 20 ? 1 : 0)} ${unit}`;
}

function plannedBytes({ bytes }: BatchSearch, batch: number): number {
  try {
    return bytes(batch);
  } catch (error) {
    if (error instanceof MemoryError) return Infinity;
    throw error;
  }
}

/** The largest batch of at most `most` that takes at most `budget` bytes; 0 where there is none. */
function fitting(bytes: (batch: number) => number, budget: number, most: number): number {
  const fits = (batch: number) => bytes(batch) <= budget;
  const least = Math.min(LEAST, most);
  if (!fits(least)) return 0;
  // Bytes grow nearly in proportion: a line through two plans leads close to the answer, from below.
  let [low, high, other] = [least, most + 1, Math.min(most, 2 * STEP)];
  while (true) {
    const step = low >= STEP ? STEP : 1;
    if (high - low <= step) break;
    const slope = (bytes(other) - bytes(low)) / (other - low);
    const guess = slope > 0 && Number.isFinite(slope)
      ? Math.floor((low + (budget - bytes(low)) / slope) / step) * step
      : Math.min(2 * low, Math.floor((low + high) / 2));
    const tried = Math.min(Math.max(low - low % step + step, guess), high - 1);
    if (fits(tried)) [low, other] = [tried, low];
    else [high, other] = [tried, Number.isFinite(bytes(tried)) ? tried : other];
  }
  return low === most || low < STEP ? low : low - low % STEP;
}

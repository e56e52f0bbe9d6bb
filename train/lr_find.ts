/** The learning rate range test (Smith 2015): steps at rising rates, their losses, and what they suggest. */

import type { Examples, Session } from "./session.ts";
import { readSnapshot, writeSnapshot } from "./snapshot.ts";

/** Which rates are tried. */
export interface LearningRateSearch {
  /** The first learning rate. Default 1e-7. */
  readonly from?: number;
  /** The last one. Default 1. */
  readonly to?: number;
  /** Rates between them, ends included, evenly spaced in their logarithm. Default 100. */
  readonly steps?: number;
  /** Ends where the smoothed loss is so many times the lowest. Default 4. */
  readonly stop?: number;
  /** Called after each step. */
  readonly tried?: (point: RatePoint) => void;
}

/** One step of the test. */
export interface RatePoint {
  /** The learning rate of the step. */
  readonly rate: number;
  /** Of the weights before the step. */
  readonly loss: number;
  /** Mean of the losses so far, each counting 0.9 of the one after it. */
  readonly smoothed: number;
}

/** The curve and what it says. */
export interface FoundRate {
  /** All steps, in order. */
  readonly curve: readonly RatePoint[];
  /** A learning rate to train with; undefined where the loss falls nowhere. */
  readonly suggestion: number | undefined;
}

/** Weight of the losses so far in the smoothed one. */
const MEMORY = 0.9;

/**
 * Takes a step for each rate, on `batches` in turn for as long as they last, and puts the session back where it
 * was: weights, running statistics, moments, steps. Throws RangeError where there is no batch.
 */
export async function findLearningRate(
  session: Pick<
    Session,
    | "step"
    | "metrics"
    | "readWeights"
    | "readOptimizer"
    | "writeWeights"
    | "writeOptimizer"
    | "stepsDone"
  >,
  batches: AsyncIterable<Examples>,
  options: LearningRateSearch = {},
): Promise<FoundRate> {
  const { from = 1e-7, to = 1, steps = 100, stop = 4, tried } = options;
  if (!(from > 0 && to > from && steps > 1)) {
    throw new RangeError(
      `Cannot try ${steps} learning rates from ${from} to ${to}: at least 2, rising, were needed`,
    );
  }
  const before = await readSnapshot(session);
  await session.metrics(); // what earlier steps left is no part of the first loss
  const curve: RatePoint[] = [];
  try {
    let mean = 0;
    let lowest = Infinity;
    for await (const batch of batches) {
      const k = curve.length;
      const rate = from * (to / from) ** (k / (steps - 1));
      session.step(batch, { learningRate: rate });
      const { loss } = await session.metrics();
      mean = MEMORY * mean + (1 - MEMORY) * loss;
      const smoothed = mean / (1 - MEMORY ** (k + 1));
      if (!Number.isFinite(smoothed)) break;
      const point = { rate, loss, smoothed };
      curve.push(point);
      tried?.(point);
      lowest = Math.min(lowest, smoothed);
      if (curve.length === steps || smoothed > stop * lowest) break;
    }
  } finally {
    writeSnapshot(session, before);
  }
  return { curve, suggestion: suggestedRate(curve) };
}

/**
 * The rate at the middle of the fall: between the last point at which the smoothed loss has not yet fallen by a tenth
 * of its whole fall, and the lowest point. The first tenth of the curve, where the mean is of few losses, is left out.
 * Undefined where the loss falls by less than 1 %, or than losses differ from their mean anyway.
 */
export function suggestedRate(curve: readonly RatePoint[]): number | undefined {
  const points = curve.slice(Math.floor(curve.length / 10));
  if (points.length < 3) return undefined;
  const bottom = points.reduce((a, b) => b.smoothed < a.smoothed ? b : a);
  const before = points.slice(0, points.indexOf(bottom) + 1);
  const top = before.reduce((a, b) => b.smoothed > a.smoothed ? b : a);
  const fall = top.smoothed - bottom.smoothed;
  const squares = before.map(({ loss, smoothed }) => (loss - smoothed) ** 2);
  const noise = Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
  if (!(fall > 0.01 * top.smoothed && fall > noise)) return undefined;
  const begin = before.findLast(({ smoothed }) => smoothed > top.smoothed - fall / 10) ?? top;
  return Math.sqrt(begin.rate * bottom.rate);
}

/** How far ROC and precision-recall curves may be from those of other images of the same kind. Draws nothing. */

import { sequence } from "../../data/random.ts";
import type { Ranking } from "./ranking.ts";

/** Bounds of a curve over {@linkcode CurveBands.grid}. */
export interface Band {
  /** The lower bounds. */
  readonly low: Float64Array;
  /** The upper bounds. */
  readonly high: Float64Array;
}

/** Bounds of both curves. */
export interface CurveBands {
  /** False positive rates of the ROC curve, recalls of the other: 0 to 1 in even steps. */
  readonly grid: Float64Array;
  /** Of the true positive rate. */
  readonly roc: Band;
  /** Of the precision. */
  readonly precision: Band;
}

/** How resamples are drawn. */
export interface BandOptions {
  /** Decides what is drawn. */
  readonly seed: number;
  /** Default 300. */
  readonly resamples?: number;
  /** Points of the grid. Default 101. */
  readonly points?: number;
  /** Share of the resampled curves between the bounds at each point. Default 0.95. */
  readonly level?: number;
}

/**
 * Pointwise bootstrap bounds: positives and negatives are drawn again with replacement, each among themselves.
 * Undefined where either is missing.
 */
export function curveBands(
  ranking: Ranking,
  { seed, resamples = 300, points = 101, level = 0.95 }: BandOptions,
): CurveBands | undefined {
  const { positives, negatives, thresholds } = ranking;
  if (positives === 0 || negatives === 0 || Number.isNaN(thresholds[0])) return undefined;
  const grid = Float64Array.from({ length: points }, (_, i) => i / (points - 1));
  const own = placesOf(ranking.truePositives);
  const others = placesOf(ranking.falsePositives);
  const random = sequence(seed, positives, negatives);
  const rates = grid.length * resamples;
  const [roc, precision] = [new Float64Array(rates), new Float64Array(rates)];
  for (let r = 0; r < resamples; r++) {
    const drawn = {
      hits: redrawn(own, thresholds.length, random),
      alarms: redrawn(others, thresholds.length, random),
    };
    readCurves(drawn, { grid, positives, negatives }, (i, rate, value) => {
      roc[i * resamples + r] = rate;
      precision[i * resamples + r] = value;
    });
  }
  return {
    grid,
    roc: bounds(roc, { resamples, level }),
    precision: bounds(precision, { resamples, level }),
  };
}

/** The place among the thresholds of each sample, from cumulative counts. */
function placesOf(counts: Float64Array): Uint32Array {
  const places = new Uint32Array(counts.at(-1)!);
  counts.forEach((end, i) => places.fill(i, counts[i - 1] ?? 0, end));
  return places;
}

/** Cumulative counts of as many samples, drawn with replacement. */
function redrawn(places: Uint32Array, length: number, random: () => number): Float64Array {
  const counts = new Float64Array(length);
  for (let i = 0; i < places.length; i++) counts[places[Math.floor(random() * places.length)]!]!++;
  for (let i = 1; i < length; i++) counts[i]! += counts[i - 1]!;
  return counts;
}

/** The true positive rate, between vertices interpolated, and the precision at each point of the grid. */
function readCurves(
  { hits, alarms }: { readonly hits: Float64Array; readonly alarms: Float64Array },
  { grid, positives, negatives }: {
    readonly grid: Float64Array;
    readonly positives: number;
    readonly negatives: number;
  },
  read: (i: number, rate: number, precision: number) => void,
): void {
  const last = hits.length - 1;
  let [v, w] = [-1, 0]; // The last vertex up to the point; the first that recalls as much.
  grid.forEach((x, i) => {
    while (v < last && alarms[v + 1]! <= x * negatives) v++;
    const [f, t] = [v < 0 ? 0 : alarms[v]!, v < 0 ? 0 : hits[v]!];
    const [nextF, nextT] = v < last ? [alarms[v + 1]!, hits[v + 1]!] : [f, t];
    const share = nextF === f ? 0 : (x * negatives - f) / (nextF - f);
    while (w < last && (hits[w]! < x * positives || hits[w] === 0)) w++;
    read(i, (t + share * (nextT - t)) / positives, hits[w]! / (hits[w]! + alarms[w]!));
  });
}

/** Percentiles of each run of `resamples` values. */
function bounds(
  values: Float64Array,
  { resamples, level }: { readonly resamples: number; readonly level: number },
): Band {
  const points = values.length / resamples;
  const [low, high] = [new Float64Array(points), new Float64Array(points)];
  for (let i = 0; i < points; i++) {
    const sorted = values.subarray(i * resamples, (i + 1) * resamples).sort();
    low[i] = sorted[Math.floor((1 - level) / 2 * (resamples - 1))]!;
    high[i] = sorted[Math.ceil((1 + level) / 2 * (resamples - 1))]!;
  }
  return { low, high };
}

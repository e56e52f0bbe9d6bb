/** How far a measured AUC may be from that of other images of the same kind. Decides nothing random itself. */

import { sequence } from "../../data/random.ts";
import { requireLabels, rowsOf } from "./probabilities.ts";

/** How resamples are drawn. */
export interface IntervalOptions {
  /** How many there are. */
  readonly classes: number;
  /** Decides what is drawn. */
  readonly seed: number;
  /** Default 1000. */
  readonly resamples?: number;
  /** Share of the resampled areas between the ends. Default 0.95. */
  readonly level?: number;
}

/**
 * A bootstrap interval of the AUC of [n, classes] probabilities, of class 1 of two, else the mean of one against
 * rest: images are drawn again with replacement within each class, and the ends are percentiles of the areas (Efron,
 * 1979; within classes as in pROC). `[NaN, NaN]` where the AUC is undefined. Work: resamples · n · classes.
 */
export function aucInterval(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  { classes, seed, resamples = 1000, level = 0.95 }: IntervalOptions,
): [low: number, high: number] {
  const n = requireLabels(labels, rowsOf(probabilities, classes));
  const members = Array.from({ length: classes }, (): number[] => []);
  for (let i = 0; i < n; i++) members[labels[i]!]?.push(i);
  const measured = classes === 2 ? [1] : members.map((_, k) => k);
  const columns = measured.map((k) => sorted(probabilities, { n, classes, k }));
  const random = sequence(seed, n);
  const drawn = new Uint32Array(n);
  const areas = Float64Array.from({ length: resamples }, () => {
    drawn.fill(0);
    for (const own of members) {
      for (let i = 0; i < own.length; i++) drawn[own[Math.floor(random() * own.length)]!]!++;
    }
    const sum = measured.reduce(
      (sum, k, m) => sum + weightedArea(columns[m]!, { drawn, labels, label: k }),
      0,
    );
    return sum / measured.length;
  }).sort();
  return [percentile(areas, (1 - level) / 2), percentile(areas, (1 + level) / 2)];
}

/** Scores of a class, rising, and the rows they are of. */
interface Column {
  readonly scores: Float64Array;
  readonly rows: Uint32Array;
}

function sorted(
  probabilities: ArrayLike<number>,
  { n, classes, k }: { readonly n: number; readonly classes: number; readonly k: number },
): Column {
  const score = (i: number) => probabilities[i * classes + k]!;
  const rows = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => score(a) - score(b));
  return { rows, scores: Float64Array.from(rows, score) };
}

/** The share of pairs (own, other) in order, ties one half, each row counted as often as it was drawn. */
function weightedArea(
  { scores, rows }: Column,
  { drawn, labels, label }: {
    readonly drawn: Uint32Array;
    readonly labels: ArrayLike<number>;
    readonly label: number;
  },
): number {
  let [won, below, own] = [0, 0, 0];
  for (let i = 0; i < rows.length;) {
    let [same, others] = [0, 0];
    const score = scores[i];
    for (; i < rows.length && scores[i] === score; i++) {
      const row = rows[i]!;
      if (labels[row] === label) same += drawn[row]!;
      else others += drawn[row]!;
    }
    if (Number.isNaN(score)) return NaN;
    won += same * (below + others / 2);
    below += others;
    own += same;
  }
  return won / (own * below);
}

/** The value below which a share of sorted values lies, interpolated (NumPy's default). */
function percentile(values: Float64Array, share: number): number {
  const place = share * (values.length - 1);
  const [low, high] = [values[Math.floor(place)]!, values[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}

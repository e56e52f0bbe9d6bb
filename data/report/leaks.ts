/** What tells classes apart without looking at the pictures: each feature of the files by itself. */

/** How well one number alone tells a class from the others. */
export interface Leak {
  /** What is measured, for people. */
  readonly feature: string;
  /** Area under the ROC curve, from 0.5 (tells nothing) to 1, whichever way round. */
  readonly auc: number;
  /** Number of the class that it tells apart best. */
  readonly label: number;
  /** Whether the class has the higher values. */
  readonly higher: boolean;
  /** Median of the class and of the others. */
  readonly medians: readonly [number, number];
  /** Whether it is above 0.6 and by more than chance explains: a net may learn this instead. */
  readonly suspicious: boolean;
}

/** The area above which a feature is suspicious. */
export const SUSPICIOUS = 0.6;

/** Of so many sets in which a feature tells nothing, it is above what chance is said to explain in one. */
const SETS = 20;

/** Least number of values on either side of a comparison. */
const LEAST = 5;

/** The rank of each value among all, from 1; equal values share the mean of theirs. */
function ranksOf(values: readonly number[]): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** The share of pairs (own, other) in order, half of the equal ones, from the ranks of the own among all. */
function areaOfRanks(sum: number, own: number, others: number): number {
  return (sum - own * (own + 1) / 2) / (own * others);
}

/**
 * The share of pairs (a, b) with a > b, half of those with a = b: the area under the ROC curve, after Mann and
 * Whitney (1947). Both lists hold at least one value.
 */
export function areaOf(a: readonly number[], b: readonly number[]): number {
  const sum = ranksOf([...a, ...b]).subarray(0, a.length).reduce((x, y) => x + y, 0);
  return areaOfRanks(sum, a.length, b.length);
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** One feature of every image; undefined where an image has none. */
export interface Feature {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

/**
 * Each feature with the class that it tells from all others best, the most telling first. Features that are
 * missing or the same nearly everywhere are left out.
 */
export function leaksOf(
  features: readonly Feature[],
  labels: readonly number[],
  classes: number,
): Leak[] {
  const leaks: Leak[] = [];
  for (const { name, values } of features) {
    const known = values.flatMap((value, i) =>
      value === undefined ? [] : [{ value, label: labels[i]! }]
    );
    const ranks = ranksOf(known.map(({ value }) => value));
    const [sums, counts] = [new Float64Array(classes), new Uint32Array(classes)];
    for (const [i, { label }] of known.entries()) {
      sums[label]! += ranks[i]!;
      counts[label]!++;
    }
    let best: { readonly label: number; readonly area: number } | undefined;
    // Of two classes, one against the other says all.
    for (let label = classes === 2 ? 1 : 0; label < classes; label++) {
      const own = counts[label]!;
      if (own < LEAST || known.length - own < LEAST) continue;
      const area = areaOfRanks(sums[label]!, own, known.length - own);
      if (!best || Math.abs(area - 0.5) > Math.abs(best.area - 0.5)) best = { label, area };
    }
    if (!best) continue;
    const { label, area } = best;
    const [own, others] = [true, false].map((wanted) =>
      known.filter((one) => (one.label === label) === wanted).map(({ value }) => value)
    ) as [number[], number[]];
    const auc = Math.max(area, 1 - area);
    // Without a difference, the area has this deviation (Mann and Whitney); 2 exp(−z² / 2) bounds the share of
    // areas beyond z of them, and the best of several classes was taken.
    const compared = classes === 2 ? 1 : classes;
    const deviations = Math.sqrt(2 * Math.log(2 * SETS * compared));
    const error = Math.sqrt((known.length + 1) / (12 * own.length * others.length));
    leaks.push({
      feature: name,
      auc,
      label,
      higher: area >= 0.5,
      medians: [median(own), median(others)],
      suspicious: auc > SUSPICIOUS && auc - 0.5 > deviations * error,
    });
  }
  return leaks.sort((a, b) => b.auc - a.auc);
}

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

/** Standard errors that chance explains. */
const CHANCE = 2;

/** Least number of values on either side of a comparison. */
const LEAST = 5;

/**
 * The share of pairs (a, b) with a > b, half of those with a = b: the area under the ROC curve, after Mann and
 * Whitney (1947). Both lists hold at least one value.
 */
export function areaOf(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((x) => ({ x, first: true })), ...b.map((x) => ({ x, first: false }))];
  all.sort((p, q) => p.x - q.x);
  let rankSum = 0;
  for (let i = 0; i < all.length;) {
    let end = i;
    while (end < all.length && all[end]!.x === all[i]!.x) end++;
    // Ranks from 1; equal values share their mean.
    const rank = (i + 1 + end) / 2;
    for (; i < end; i++) if (all[i]!.first) rankSum += rank;
  }
  return (rankSum - a.length * (a.length + 1) / 2) / (a.length * b.length);
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
    let best: Leak | undefined;
    // Of two classes, one against the other says all.
    for (let label = classes === 2 ? 1 : 0; label < classes; label++) {
      const [own, others]: [number[], number[]] = [[], []];
      for (const [i, value] of values.entries()) {
        if (value !== undefined) (labels[i] === label ? own : others).push(value);
      }
      if (own.length < LEAST || others.length < LEAST) continue;
      const area = areaOf(own, others);
      const auc = Math.max(area, 1 - area);
      if (best && auc <= best.auc) continue;
      // Without a difference, the area has this deviation (Mann and Whitney).
      const error = Math.sqrt(
        (own.length + others.length + 1) / (12 * own.length * others.length),
      );
      best = {
        feature: name,
        auc,
        label,
        higher: area >= 0.5,
        medians: [median(own), median(others)],
        suspicious: auc > SUSPICIOUS && auc - 0.5 > CHANCE * error,
      };
    }
    if (best) leaks.push(best);
  }
  return leaks.sort((a, b) => b.auc - a.auc);
}

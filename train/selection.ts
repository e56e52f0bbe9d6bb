/** Which epoch of a run is the better one, by a number of one's choice. Keeps no files. */

import type { Score } from "./events.ts";
import { type ScoreName, SCORES } from "./metrics/scores.ts";

/** What decides if nothing else is said: the area under the ROC curve. */
export const MONITOR: ScoreName = "auc";

/** Whether `a` is better than `b` by `monitor`; where that is equal or undefined, by the lower loss. */
export function isBetter(a: Score, b: Score | undefined, monitor: ScoreName = MONITOR): boolean {
  if (b === undefined) return true;
  const [x = NaN, y = NaN] = [a[monitor], b[monitor]];
  if (x !== y && !Number.isNaN(x) && !Number.isNaN(y)) {
    return SCORES[monitor].better === "higher" ? x > y : x < y;
  }
  return a.loss < b.loss;
}

/** The epochs of the `count` best of `scores`, the best first; of equal ones the earlier. */
export function bestEpochs(
  scores: readonly Score[],
  { count, monitor = MONITOR }: { readonly count: number; readonly monitor?: ScoreName },
): number[] {
  return scores.toSorted((a, b) => isBetter(a, b, monitor) ? -1 : isBetter(b, a, monitor) ? 1 : 0)
    .slice(0, count).map(({ epoch }) => epoch);
}

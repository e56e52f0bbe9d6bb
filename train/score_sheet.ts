/** All that is measured of outputs once training is over: scores, classes, thresholds, interval. Runs no model. */

import { aucInterval } from "./metrics/interval.ts";
import { calibrationTemperature } from "./metrics/calibration.ts";
import {
  counted,
  type Details,
  detailsOf,
  type Labelled,
  type Scores,
  scoresOf,
} from "./metrics/scores.ts";

/** Numbers of labelled images, all at once. */
export interface ScoreSheet extends Scores, Details {
  /** Images. */
  readonly n: number;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Ends of a 95 % bootstrap interval of the AUC; NaN where that is undefined. */
  readonly "auc_interval": readonly [low: number, high: number];
  /** What outputs were divided by before all this, where that was asked for. */
  readonly temperature?: number;
}

/** How outputs are measured. */
export interface SheetOptions {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Of the bootstrap. */
  readonly seed: number;
  /** Divides outputs by the temperature that makes their loss least. Default false. */
  readonly calibrate?: boolean | undefined;
}

/** Draws for the interval: fewer where every class has an area of its own. */
const [RESAMPLES, RESAMPLES_OF_MANY] = [1000, 200];

/** Measures outputs. Throws RangeError for a label that is no class. */
export function sheetOf(outputs: Labelled, { classes, seed, calibrate }: SheetOptions): ScoreSheet {
  const { labels } = outputs;
  const count = { classes: classes.length };
  const temperature = calibrate
    ? calibrationTemperature(outputs.logits, labels, classes.length)
    : undefined;
  const logits = temperature === undefined
    ? outputs.logits
    : Float64Array.from(outputs.logits, (value) => value / temperature);
  const measured = counted({ logits, labels, ...count });
  return {
    n: labels.length,
    classes,
    ...scoresOf(measured),
    "auc_interval": aucInterval(measured.probabilities, labels, {
      ...count,
      seed,
      resamples: classes.length === 2 ? RESAMPLES : RESAMPLES_OF_MANY,
    }),
    ...detailsOf(measured),
    ...(temperature !== undefined && { temperature }),
  };
}

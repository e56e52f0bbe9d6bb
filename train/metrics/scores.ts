/** All numbers of a labelled set at once, under the names they have in files. Runs no model. */

import { calibrationError, reliability } from "./calibration.ts";
import {
  balancedAccuracy,
  type ClassScores,
  classScores,
  type Confusion,
  confusionOf,
  f1Score,
  matthewsCorrelation,
} from "./confusion.ts";
import {
  accuracy,
  argmaxRows,
  brierScore,
  crossEntropy,
  logLoss,
  softmax,
  topAccuracy,
} from "./probabilities.ts";
import {
  areaUnderRoc,
  averagePrecision,
  equalErrorRate,
  f1Threshold,
  rank,
  type Ranking,
  youdenThreshold,
} from "./ranking.ts";

/** Numbers of outputs for labelled images. Of more than two classes, areas and rates are means of one against rest. */
export interface Scores {
  /** Mean cross-entropy without smoothing or class weights. */
  readonly loss: number;
  /** Share of images whose highest output is their class. */
  readonly accuracy: number;
  /** Share of images whose class is among the five highest outputs. */
  readonly top5: number;
  /** Area under the ROC curve of class 1; NaN for a single class. */
  readonly auc: number;
  /** Average precision of class 1. */
  readonly "average_precision": number;
  /** Cross-entropy of probabilities kept from 0 and 1, as scikit-learn. */
  readonly "log_loss": number;
  /** Mean squared error of the probabilities. */
  readonly brier: number;
  /** Of class 1, or the mean over classes. */
  readonly f1: number;
  /** Matthews' correlation coefficient. */
  readonly mcc: number;
  /** Mean recall of the classes. */
  readonly "balanced_accuracy": number;
  /** Equal error rate; NaN for a single class. */
  readonly eer: number;
  /** Expected calibration error, 15 bins of the highest probability. */
  readonly ece: number;
}

/** The name of a number of {@linkcode Scores}. */
export type ScoreName = keyof Scores;

/** How to show and compare a number. */
export interface ScoreInfo {
  /** For people. */
  readonly title: string;
  /** Which way is better. */
  readonly better: "higher" | "lower";
  /** Whether it is a share that is read in percent. */
  readonly percent?: boolean;
}

/** Every number of {@linkcode Scores}, in the order of tables. */
export const SCORES: Readonly<Record<ScoreName, ScoreInfo>> = {
  loss: { title: "loss", better: "lower" },
  accuracy: { title: "accuracy", better: "higher", percent: true },
  top5: { title: "top-5 accuracy", better: "higher", percent: true },
  auc: { title: "AUC", better: "higher" },
  "average_precision": { title: "average precision", better: "higher" },
  "log_loss": { title: "log-loss", better: "lower" },
  brier: { title: "Brier score", better: "lower" },
  f1: { title: "F1", better: "higher" },
  mcc: { title: "MCC", better: "higher" },
  "balanced_accuracy": { title: "balanced accuracy", better: "higher", percent: true },
  eer: { title: "equal error rate", better: "lower", percent: true },
  ece: { title: "calibration error", better: "lower", percent: true },
};

/** The names of {@linkcode Scores}, in the order of tables. */
export const SCORE_NAMES = Object.keys(SCORES) as readonly ScoreName[];

/** Outputs for labelled images. */
export interface Labelled {
  /** [n, classes], before the softmax. */
  readonly logits: ArrayLike<number>;
  /** [n], 0 … classes − 1. */
  readonly labels: ArrayLike<number>;
  /** How many there are. */
  readonly classes: number;
}

/** What all numbers of outputs are made of. */
export interface Counted extends Labelled {
  /** [n, classes] */
  readonly probabilities: Float64Array;
  /** Counts [label][predicted]. */
  readonly confusion: Confusion;
  /** Of each measured class: 1 of two, every one of more. */
  readonly ranked: readonly Ranked[];
}

/** What the order of scores says of a class against the rest. */
export interface Ranked {
  /** Area under the ROC curve; NaN where the class or the rest is missing. */
  readonly auc: number;
  /** Average precision. */
  readonly "average_precision": number;
  /** Equal error rate; NaN where the class or the rest is missing. */
  readonly eer: number;
  /** The probabilities from which an image is best called so, by each measure. */
  readonly thresholds: NonNullable<Details["thresholds"]>;
}

/** Numbers alone: rankings of many classes together take more memory than all outputs. */
function rankedOf(ranking: Ranking): Ranked {
  return {
    auc: areaUnderRoc(ranking),
    "average_precision": averagePrecision(ranking),
    eer: equalErrorRate(ranking).value,
    thresholds: {
      youden: youdenThreshold(ranking).threshold,
      f1: f1Threshold(ranking).threshold,
    },
  };
}

/** Goes through outputs once. Throws RangeError for a label that is no class. */
export function counted(outputs: Labelled): Counted {
  const { logits, labels, classes } = outputs;
  const probabilities = softmax(logits, classes);
  return {
    ...outputs,
    probabilities,
    confusion: confusionOf(argmaxRows(logits, classes), labels, classes),
    ranked: measuredOf(classes).map((k) =>
      rankedOf(rankingOf(probabilities, labels, { classes, k }))
    ),
  };
}

/** The numbers of outputs. */
export function scoresOf(outputs: Labelled | Counted): Scores {
  const { logits, labels, classes, probabilities, confusion, ranked } = countedOnce(outputs);
  const mean = (name: "auc" | "average_precision" | "eer") =>
    ranked.reduce((sum, one) => sum + one[name], 0) / ranked.length;
  return {
    loss: crossEntropy(logits, labels, classes),
    accuracy: accuracy(logits, labels, classes),
    top5: topAccuracy(logits, labels, { classes, k: 5 }),
    auc: mean("auc"),
    "average_precision": mean("average_precision"),
    "log_loss": logLoss(probabilities, labels, classes),
    brier: brierScore(probabilities, labels, classes),
    f1: f1Score(confusion),
    mcc: matthewsCorrelation(confusion),
    "balanced_accuracy": balancedAccuracy(confusion),
    eer: mean("eer"),
    ece: calibrationError(reliability(probabilities, labels, { classes })),
  };
}

function countedOnce(outputs: Labelled | Counted): Counted {
  return "ranked" in outputs ? outputs : counted(outputs);
}

/** Each measured class against the rest: class 1 of two, every one of more. */
export function rankingsOf(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Ranking[] {
  return measuredOf(classes).map((k) => rankingOf(probabilities, labels, { classes, k }));
}

function measuredOf(classes: number): number[] {
  return classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
}

function rankingOf(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  { classes, k }: { readonly classes: number; readonly k: number },
): Ranking {
  const n = labels.length;
  return rank(
    Float64Array.from({ length: n }, (_, i) => probabilities[i * classes + k]!),
    Uint8Array.from({ length: n }, (_, i) => labels[i] === k ? 1 : 0),
  );
}

/** What a table of classes and a choice of threshold need. */
export interface Details {
  /** Counts [label][predicted]. */
  readonly confusion: Confusion;
  /** Each class against the others. */
  readonly "per_class": readonly (ClassScores & { readonly auc: number })[];
  /** Of two classes: the probability of class 1 from which an image is best called so, by each measure. */
  readonly thresholds?: {
    /** With the largest true positive rate − false positive rate. */
    readonly youden: number;
    /** With the largest F1 of class 1. */
    readonly f1: number;
  };
}

/** The confusion, the classes one by one and the best thresholds of outputs. */
export function detailsOf(outputs: Labelled | Counted): Details {
  const { classes, confusion, ranked } = countedOnce(outputs);
  const perClass = classScores(confusion)
    .map((scores, k) => ({ ...scores, auc: ranked[classes === 2 ? 0 : k]!.auc }));
  const [one] = ranked;
  if (classes !== 2 || !one) return { confusion, "per_class": perClass };
  return { confusion, "per_class": perClass, thresholds: one.thresholds };
}

/** Golden metrics: scores of scikit-learn, ties and single classes included. */

import {
  accuracy,
  areaUnderRoc,
  argmaxRows,
  averagePrecision,
  balancedAccuracy,
  brierScore,
  calibrationError,
  confusionOf,
  f1Score,
  logLoss,
  matthewsCorrelation,
  rank,
  reliability,
} from "../../train/metrics.ts";
import type { Comparison } from "./compare.ts";

/** A ROC curve with every vertex; the first threshold is infinite. */
interface GoldenCurve {
  readonly fpr: readonly number[];
  readonly tpr: readonly number[];
  readonly thresholds: readonly (number | "inf")[];
}

/** One case of the file; its names are the file's. */
export interface GoldenMetrics {
  readonly name: string;
  readonly y: readonly number[];
  /** Probabilities of class 1. */
  readonly score: readonly number[];
  readonly auc: number | "nan";
  readonly "average_precision": number;
  readonly accuracy: number;
  readonly "log_loss": number;
  readonly brier: number;
  readonly confusion: readonly (readonly number[])[];
  readonly f1: number;
  readonly "balanced_accuracy": number;
  readonly mcc: number;
  readonly ece15: { readonly "top_label": number };
  readonly ece10: { readonly "top_label": number };
  readonly "roc_all"?: GoldenCurve;
}

/** Largest error in float64. */
const LIMIT = 1e-12;

/** Compares every metric of the file that is one here. */
export function checkMetrics(file: readonly GoldenMetrics[], comparison: Comparison): void {
  for (const { name, y, score, ...golden } of file) {
    const close = (what: string, got: number, want: number) =>
      comparison.absolute(what, Math.abs(got - want), LIMIT, name);
    const rows = score.flatMap((s) => [1 - s, s]);
    const ranking = rank(score, y);
    const confusion = confusionOf(argmaxRows(rows, 2), y, 2);
    const area = areaUnderRoc(ranking);
    if (golden.auc === "nan") close("AUC", Number.isNaN(area) ? 0 : Infinity, 0);
    else close("AUC", area, golden.auc);
    close("average precision", averagePrecision(ranking), golden.average_precision);
    close("accuracy", accuracy(rows, y, 2), golden.accuracy);
    close("log-loss", logLoss(rows, y, 2), golden.log_loss);
    close("Brier score", brierScore(rows, y, 2), golden.brier);
    close("F1", f1Score(confusion), golden.f1);
    close("balanced accuracy", balancedAccuracy(confusion), golden.balanced_accuracy);
    close("MCC", matthewsCorrelation(confusion), golden.mcc);
    comparison.same("confusion", confusion.flat(), golden.confusion.flat());
    for (const bins of [10, 15] as const) {
      const ece = calibrationError(reliability(rows, y, { classes: 2, bins }));
      close("calibration error", ece, golden[`ece${bins}`].top_label);
    }
    const curve = golden.roc_all;
    if (!curve) continue;
    comparison.same("ROC thresholds", [...ranking.thresholds], curve.thresholds.slice(1));
    curve.fpr.slice(1).forEach((fpr, i) => {
      close("ROC curve", ranking.falsePositives[i]! / ranking.negatives, fpr);
      close("ROC curve", ranking.truePositives[i]! / ranking.positives, curve.tpr[i + 1]!);
    });
  }
}

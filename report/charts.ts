/** The curves of a run as plain data, which the page's script draws. Draws nothing. */

import { softmax } from "../train/metrics/probabilities.ts";
import { curveBands } from "../train/metrics/bands.ts";
import { reliability } from "../train/metrics/calibration.ts";
import type { Ranking } from "../train/metrics/ranking.ts";
import { rankingsOf } from "../train/metrics/scores.ts";
import type { ValidationOutputs } from "../train/run_record.ts";
import type { ScoreSheet } from "../train/score_sheet.ts";
import type { RunData } from "./run.ts";

/** A curve over the values of its chart's x. */
export interface Series {
  readonly label: string;
  /** As many as x has; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Default "line". A bound is invisible but for the area between it and the one before. */
  readonly style?: "line" | "dashed" | "points" | "bars" | "bound";
  /** Number of its colour; curves of the same number belong together. */
  readonly colour: number;
}

/** A picture of curves over a shared axis. */
export interface Chart {
  readonly title: string;
  readonly x: {
    readonly label: string;
    /** Rising. */
    readonly values: readonly number[];
    /** Default what the values span. */
    readonly range?: readonly [number, number];
    /** Whether there is nothing between whole numbers. Default false. */
    readonly whole?: boolean;
  };
  readonly y: { readonly label: string; readonly range?: readonly [number, number] };
  readonly series: readonly Series[];
}

/** Most points of a curve of scores: more cannot be told apart on a screen. */
const POINTS = 1000;

/** Classes up to which each has a curve. */
export const CURVES = 8;

/** Bars of a histogram of scores. */
const BARS = 25;

/** Loss, accuracy, AUC, learning rate and speed while a run goes on; those with values. */
export function trainingCharts({ epochs, steps }: RunData): Chart[] {
  const byEpoch = { label: "epoch", whole: true, values: epochs.map(({ epoch }) => epoch) };
  const column = (name: string) => epochs.map((row) => finite(row[name]));
  const byStep = { label: "step", whole: true, values: steps.map(({ step }) => step) };
  const charts: Chart[] = [
    {
      title: "Loss",
      x: byEpoch,
      y: { label: "cross-entropy" },
      series: [
        { label: "training", values: column("train_loss"), colour: 0, style: "dashed" },
        { label: "validation", values: column("loss"), colour: 1 },
      ],
    },
    {
      title: "Accuracy",
      x: byEpoch,
      y: { label: "share of images" },
      series: [
        { label: "training", values: column("train_accuracy"), colour: 0, style: "dashed" },
        { label: "validation", values: column("accuracy"), colour: 1 },
      ],
    },
    {
      title: "AUC and average precision",
      x: byEpoch,
      y: { label: "area" },
      series: [
        { label: "AUC", values: column("auc"), colour: 1 },
        { label: "average precision", values: column("average_precision"), colour: 2 },
      ],
    },
    {
      title: "Training loss by step",
      x: byStep,
      y: { label: "cross-entropy" },
      series: [{ label: "training", values: steps.map(({ loss }) => finite(loss)), colour: 0 }],
    },
    {
      title: "Learning rate",
      x: byStep,
      y: { label: "rate" },
      series: [{ label: "learning rate", values: steps.map(({ lr }) => finite(lr)), colour: 3 }],
    },
    {
      title: "Speed",
      x: byStep,
      y: { label: "images a second" },
      series: [{
        label: "images a second",
        values: steps.map(({ imagesPerSecond }) => finite(imagesPerSecond)),
        colour: 4,
      }],
    },
  ];
  return charts.filter(({ x, series }) =>
    x.values.length > 0 && series.some(({ values }) => values.some((value) => value !== null))
  );
}

/** Charts that were made: bounds of many images take a second, and a live page asks every other. */
const made = new WeakMap<ValidationOutputs, Chart[]>();

/** ROC, precision and recall, calibration and scores of what validation gave at the best epoch. */
export function validationCharts(run: RunData): Chart[] {
  const { validation, sheet } = run;
  if (!validation || !sheet) return [];
  const charts = made.get(validation) ?? outputCharts(validation, sheet, run.seed);
  made.set(validation, charts);
  return charts;
}

function outputCharts(
  validation: ValidationOutputs,
  sheet: ScoreSheet,
  seed: number,
): Chart[] {
  const { labels, logits, classes } = validation;
  const probabilities = softmax(logits, classes);
  const rankings = rankingsOf(probabilities, labels, classes)
    .map((ranking, i) => ({ ranking, name: sheet.classes[classes === 2 ? 1 : i]! }))
    .filter(({ ranking }) => ranking.positives > 0 && ranking.negatives > 0);
  const curves = rankings.length === 1
    ? bandedCurves(rankings[0]!.ranking, { name: rankings[0]!.name, seed })
    : manyCurves(rankings.slice(0, CURVES));
  const bins = reliability(probabilities, labels, { classes });
  const middles = bins.map(({ from, to }) => (from + to) / 2);
  const calibration: Chart = {
    title: "Reliability",
    x: {
      label: "probability of the predicted class",
      values: middles,
      range: [0, 1],
    },
    y: { label: "share that is right", range: [0, 1] },
    series: [
      {
        label: "share of images",
        values: bins.map(({ count }) => count / labels.length),
        colour: 5,
        style: "bars",
      },
      {
        label: "ideal",
        values: middles,
        colour: 6,
        style: "dashed",
      },
      {
        label: "accuracy",
        values: bins.map((b) => finite(b.accuracy)),
        colour: 1,
        style: "points",
      },
    ],
  };
  return [...curves, calibration, histogram({ probabilities, labels, names: sheet.classes })];
}

/** The two curves of one class with the areas between their bounds. */
function bandedCurves(
  ranking: Ranking,
  { name, seed }: { readonly name: string; readonly seed: number },
): Chart[] {
  const bands = curveBands(ranking, { seed });
  const { fpr, tpr, precision } = vertices(ranking);
  const bounded = (x: readonly number[], band?: { low: Float64Array; high: Float64Array }) =>
    bands && band
      ? (["high", "low"] as const).map((end): Series => ({
        label: end === "high" ? "upper 95 %" : "lower",
        values: x.map((at) => between(bands.grid, band[end], at)),
        colour: 1,
        style: "bound",
      }))
      : [];
  return [
    rocChart(fpr, [{ label: name, values: tpr, colour: 1 }, ...bounded(fpr, bands?.roc)]),
    precisionChart(tpr.slice(1), [
      { label: name, values: precision.slice(1), colour: 1 },
      ...bounded(tpr.slice(1), bands?.precision),
    ]),
  ];
}

/** The curves of several classes, each read at even steps. */
function manyCurves(
  rankings: readonly { readonly ranking: Ranking; readonly name: string }[],
): Chart[] {
  const grid = Array.from({ length: 201 }, (_, i) => i / 200);
  const read = (axis: "roc" | "precision") =>
    rankings.map(({ ranking, name }, colour): Series => {
      const { fpr, tpr, precision } = vertices(ranking);
      const values = axis === "roc"
        ? grid.map((x) => between(fpr, tpr, x))
        : grid.map((x) => precision[Math.max(1, tpr.findIndex((recall) => recall >= x))]!);
      return { label: name, values, colour };
    });
  return [rocChart(grid, read("roc")), precisionChart(grid, read("precision"))];
}

function rocChart(values: readonly number[], series: readonly Series[]): Chart {
  const chance: Series = { label: "chance", values, colour: 6, style: "dashed" };
  return {
    title: "ROC",
    x: { label: "false positive rate", values, range: [0, 1] },
    y: { label: "true positive rate", range: [0, 1] },
    series: [chance, ...series],
  };
}

function precisionChart(values: readonly number[], series: readonly Series[]): Chart {
  return {
    title: "Precision and recall",
    x: { label: "recall", values, range: [0, 1] },
    y: { label: "precision", range: [0, 1] },
    series,
  };
}

/** Rates at the vertices, few enough to draw; the first is at no positive, where precision is that of the next. */
function vertices({ truePositives, falsePositives, positives, negatives }: Ranking) {
  const step = Math.ceil(truePositives.length / POINTS);
  const kept = [...truePositives.keys()].filter((i) =>
    i % step === 0 || i === truePositives.length - 1
  );
  const precisionAt = (i: number) => truePositives[i]! / (truePositives[i]! + falsePositives[i]!);
  return {
    fpr: [0, ...kept.map((i) => falsePositives[i]! / negatives)],
    tpr: [0, ...kept.map((i) => truePositives[i]! / positives)],
    precision: [precisionAt(0), ...kept.map(precisionAt)],
  };
}

/** The value of a curve at `at`, on the line between its neighbours; the last of those at the same x. */
function between(x: ArrayLike<number>, y: ArrayLike<number>, at: number): number {
  let i = 0;
  while (i < x.length - 1 && x[i + 1]! <= at) i++;
  if (i === x.length - 1 || x[i]! >= at) return y[i]!;
  return y[i]! + (at - x[i]!) / (x[i + 1]! - x[i]!) * (y[i + 1]! - y[i]!);
}

/** Probabilities that each class was given where it is right: of class 1 by class, where there are two. */
function histogram(
  { probabilities, labels, names }: {
    readonly probabilities: Float64Array;
    readonly labels: ArrayLike<number>;
    readonly names: readonly string[];
  },
): Chart {
  const shown = names.slice(0, CURVES);
  const counts = shown.map(() => new Array<number>(BARS).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const p = probabilities[i * names.length + (names.length === 2 ? 1 : label)]!;
    const row = counts[label];
    if (row) row[Math.min(BARS - 1, Math.floor(p * BARS))]!++;
  }
  const of = names.length === 2 ? `class ${names[1]}` : "the true class";
  return {
    title: "Scores by class",
    x: {
      label: `probability of ${of}`,
      values: Array.from({ length: BARS }, (_, i) => (i + 0.5) / BARS),
      range: [0, 1],
    },
    y: { label: "images" },
    series: shown.map((label, k) => ({
      ...{ label, values: counts[k]!, colour: k },
      // Bars of many classes would hide each other.
      style: shown.length > 2 ? "line" : "bars",
    })),
  };
}

/** A number as a chart has it. */
export function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

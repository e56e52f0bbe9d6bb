/** Scores of a labelled set as tables for people. Computes no score. */

import { SCORE_NAMES, type ScoreName, SCORES } from "./metrics/scores.ts";
import type { ScoreSheet } from "./score_sheet.ts";

/** Classes up to which every pair of them is shown, and most rows of the table of classes. */
const [PAIRS, ROWS] = [12, 30];

/** A number under its name: percent where that is how it is read, else four digits; NaN is "undefined". */
export function scoreText(name: ScoreName, value: number): string {
  if (Number.isNaN(value)) return "undefined";
  return SCORES[name].percent ? `${(100 * value).toFixed(1)} %` : value.toFixed(4);
}

/** Names that tell something of so many classes: of five or fewer, the top five hold every class. */
export function shownScores(classes: number): ScoreName[] {
  return SCORE_NAMES.filter((name) => name !== "top5" || classes > 5);
}

/** The ends of the AUC's interval; undefined where that is. */
export function intervalText({ "auc_interval": [low, high] }: ScoreSheet): string | undefined {
  return Number.isNaN(low) ? undefined : `${low.toFixed(4)} to ${high.toFixed(4)}`;
}

/** What each of the best thresholds is, and by which measure. */
export function thresholdsText({ youden, f1 }: NonNullable<ScoreSheet["thresholds"]>): string {
  return `${short(youden)} by TPR − FPR, ${short(f1)} by F1`;
}

/** The head of a table of classes; the first column has their names. */
export const CLASS_HEAD = ["class", "images", "precision", "recall", "F1", "AUC"] as const;

/** The cells of a class behind its name. */
export function classCells(
  { support, precision, recall, f1, auc }: ScoreSheet["per_class"][number],
): string[] {
  return [
    String(support),
    scoreText("accuracy", precision),
    scoreText("accuracy", recall),
    scoreText("f1", f1),
    scoreText("auc", auc),
  ];
}

/** All scores, the classes one by one, who is taken for whom, and the best thresholds; lines. */
export function scoreLines(sheet: ScoreSheet): string[] {
  const { classes, thresholds, temperature } = sheet;
  return [
    ...temperature === undefined
      ? []
      : [`outputs divided by the temperature ${temperature.toPrecision(4)}`],
    ...scoreList(sheet),
    "",
    ...classTable(sheet),
    ...classes.length > PAIRS ? [] : ["", ...confusionTable(sheet)],
    ...thresholds
      ? ["", `best thresholds for class 1 (${classes[1]}): ${thresholdsText(thresholds)}`]
      : [],
  ];
}

/** Two columns of names and numbers. */
function scoreList(sheet: ScoreSheet): string[] {
  const interval = intervalText(sheet);
  return shownScores(sheet.classes.length).map((name) =>
    `${SCORES[name].title.padEnd(18)}${scoreText(name, sheet[name])}${
      name === "auc" && interval ? ` (95 %: ${interval})` : ""
    }`
  );
}

/** Every class; of very many those with the lowest F1. */
function classTable({ classes, "per_class": all }: ScoreSheet): string[] {
  const numbered = all.map((scores, k) => ({ ...scores, k }));
  const rows = all.length > ROWS
    ? numbered.toSorted((a, b) => a.f1 - b.f1).slice(0, ROWS)
    : numbered;
  const lines = table([
    CLASS_HEAD,
    ...rows.map((row) => [label(classes, row.k), ...classCells(row)]),
  ]);
  return all.length > ROWS
    ? [`the ${ROWS} of ${all.length} classes with the lowest F1:`, ...lines]
    : lines;
}

function confusionTable({ classes, confusion }: ScoreSheet): string[] {
  return table([
    ["true \\ called", ...classes.map((_, k) => label(classes, k))],
    ...confusion.map((row, k) => [label(classes, k), ...row.map(String)]),
  ]);
}

/** Rows of cells as aligned lines: the first column to the left, all others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows.map((row) =>
    row.map((cell, c) => c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))
      .join("  ").trimEnd()
  );
}

function label(classes: readonly string[], k: number): string {
  const name = classes[k]!;
  return name === `${k}` ? name : `${k} ${name.length > 24 ? `${name.slice(0, 23)}…` : name}`;
}

function short(value: number): string {
  return Number.isNaN(value) ? "undefined" : value.toPrecision(4);
}

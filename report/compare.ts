/** Several runs side by side: what differs, how good each is, their curves in one picture. Reads no file. */

import { escaped } from "../data/report/svg.ts";
import { type ScoreName, SCORES } from "../train/metrics/scores.ts";
import { scoreText, table } from "../train/score_tables.ts";
import { type Chart, finite, type Series } from "./charts.ts";
import { chartPlaces, formatPage, formatTable } from "./page.ts";
import type { RunData } from "./run.ts";

/** Scores that are compared; the last columns of the table. */
const COMPARED: readonly ScoreName[] = [
  "auc",
  "average_precision",
  "accuracy",
  "f1",
  "eer",
  "loss",
  "ece",
];

/** Settings that are no choice of a person, or tell runs apart anyway. */
const UNTOLD = ["pipeline", "fingerprint", "name", "run"];

/** A run in a comparison, as `compare --json` says it. */
export interface ComparedRun {
  readonly run: string;
  /** Best epoch; undefined where none is finished. */
  readonly epoch?: number;
  /** Epochs done. */
  readonly epochs: number;
  /** Validation scores at the best epoch. */
  readonly scores: Readonly<Record<string, number>>;
  /** Settings that are not the same in all runs. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What runs have in common and not: scores at their best epochs and settings that differ. */
export function comparedRuns(runs: readonly RunData[]): ComparedRun[] {
  const keys = new Set(runs.flatMap(({ config }) => Object.keys(config)));
  const text = (value: unknown) => JSON.stringify(value);
  const differing = [...keys].filter((key) =>
    !UNTOLD.includes(key) && new Set(runs.map(({ config }) => text(config[key]))).size > 1
  );
  return runs.map(({ path, config, epochs, best }) => ({
    run: path,
    ...(best && { epoch: best.epoch }),
    epochs: epochs.length,
    scores: Object.fromEntries(
      COMPARED.flatMap((name) => best?.[name] === undefined ? [] : [[name, best[name]]]),
    ),
    settings: Object.fromEntries(differing.map((key) => [key, config[key]])),
  }));
}

/** Rows of a table of runs, its head first: the best of each score is marked with a star. */
function comparisonRows(runs: readonly ComparedRun[]): string[][] {
  const settings = Object.keys(runs[0]?.settings ?? {});
  const value = (run: ComparedRun, name: ScoreName) => run.scores[name] ?? NaN;
  const best = COMPARED.map((name) => {
    const known = runs.map((run) => value(run, name)).filter((v) => !Number.isNaN(v));
    return SCORES[name].better === "higher" ? Math.max(...known) : Math.min(...known);
  });
  return [
    ["run", "best epoch", ...COMPARED.map((name) => SCORES[name].title), ...settings],
    ...runs.map((run) => [
      run.run,
      run.epoch === undefined ? "–" : `${run.epoch} of ${run.epochs}`,
      ...COMPARED.map((name, i) => {
        const own = value(run, name);
        if (run.scores[name] === undefined) return "–";
        return `${scoreText(name, own)}${runs.length > 1 && own === best[i] ? " *" : ""}`;
      }),
      ...settings.map((key) => settingText(run.settings[key])),
    ]),
  ];
}

/** The table as lines. */
export function comparisonLines(runs: readonly RunData[]): string[] {
  return [...table(comparisonRows(comparedRuns(runs))), "* best of these runs"];
}

/** A page with the table and the curves of all runs. */
export async function formatComparison(runs: readonly RunData[]): Promise<string> {
  const charts = [
    overlaid(runs, { column: "auc", title: "Validation AUC", label: "area" }),
    overlaid(runs, { column: "loss", title: "Validation loss", label: "cross-entropy" }),
    overlaid(runs, { column: "accuracy", title: "Validation accuracy", label: "share of images" }),
    overlaid(runs, { column: "train_loss", title: "Training loss", label: "cross-entropy" }),
  ].filter(({ x }) => x.values.length > 0);
  const rows = comparisonRows(comparedRuns(runs)).map((row) => row.map(escaped));
  const main = [
    `<h1>${runs.length} runs</h1>`,
    formatTable(rows, "numbers"),
    '<p class="note">* best of these runs, each at its best epoch</p>',
    "<h2>Curves</h2>",
    chartPlaces(charts, 0),
  ].join("\n");
  return await formatPage({ title: `${runs.length} runs · verity`, main, charts });
}

/** A column of all runs over the epochs that any has. */
function overlaid(
  runs: readonly RunData[],
  { column, title, label }: {
    readonly column: string;
    readonly title: string;
    readonly label: string;
  },
): Chart {
  const values = [...new Set(runs.flatMap(({ epochs }) => epochs.map(({ epoch }) => epoch)))]
    .sort((a, b) => a - b);
  const series = runs.map(({ path, epochs }, colour): Series => {
    const byEpoch = new Map(epochs.map((row) => [row.epoch, row[column]]));
    return {
      ...{ label: path, colour },
      values: values.map((epoch) => finite(byEpoch.get(epoch))),
    };
  });
  return { title, x: { label: "epoch", values, whole: true }, y: { label }, series };
}

function settingText(value: unknown): string {
  if (value === undefined) return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** The report of a run: what stands on its page. Reads no file and decodes no image. */

import { escaped } from "../data/report/svg.ts";
import { argmaxRows, softmax } from "../train/metrics/probabilities.ts";
import { SCORES } from "../train/metrics/scores.ts";
import type { ValidationOutputs } from "../train/run_record.ts";
import type { ScoreSheet } from "../train/score_sheet.ts";
import {
  CLASS_HEAD,
  classCells,
  intervalText,
  scoreText,
  shownScores,
  thresholdsText,
} from "../train/score_tables.ts";
import { CURVES, trainingCharts, validationCharts } from "./charts.ts";
import { chartPlaces, formatPage, formatTable } from "./page.ts";
import type { RunData } from "./run.ts";

/** An image of the report as addresses that hold it. */
export interface Picture {
  /** As the model sees it. */
  readonly image: string;
  /** The same with where the model looked laid over it. */
  readonly overlay?: string;
}

/** What goes into a report beside the run. */
export interface ReportOptions {
  /** Pictures by their rows in {@linkcode RunData.validation}. Default none. */
  readonly pictures?: ReadonlyMap<number, Picture>;
  /** Whether the page asks its server for news. Default false. */
  readonly live?: boolean;
}

/** Images shown at most, and classes up to which every pair of them is. */
const WRONG = 24;
const PAIRS = 20;

/** The page; names from files are escaped, and it forbids itself every request. */
export async function formatReport(run: RunData, options: ReportOptions = {}): Promise<string> {
  const { pictures = new Map(), live = false } = options;
  const training = trainingCharts(run);
  const validation = validationCharts(run);
  const main = [
    live ? '<p class="live">live</p>' : "",
    heading(run),
    "<h2>Training</h2>",
    training.length > 0
      ? chartPlaces(training, 0)
      : '<p class="note">Nothing yet: curves appear with the first steps.</p>',
    ...validationPart(run, chartPlaces(validation, training.length)),
    ...wrongPart(run, pictures),
    dataPart(run),
    documents(run),
  ].join("\n");
  return await formatPage({
    title: `${run.name} · verity`,
    ...{ main, charts: [...training, ...validation], live },
  });
}

/** Rows of validation that a report shows: wrong ones, from the lowest probability of the true class. */
export function mostWrong(
  { logits, labels, classes }: ValidationOutputs,
  count: number = WRONG,
): { readonly row: number; readonly predicted: number; readonly probability: number }[] {
  const probabilities = softmax(logits, classes);
  const of = (row: number, k: number) => probabilities[row * classes + k]!;
  const called = argmaxRows(probabilities, classes);
  return [...called.keys()]
    .filter((row) => called[row] !== labels[row])
    .sort((a, b) => of(a, labels[a]!) - of(b, labels[b]!))
    .slice(0, count)
    .map((row) => {
      const predicted = called[row]!;
      return { row, predicted, probability: of(row, predicted) };
    });
}

function heading({ name, config, epochs, best, sheet, data }: RunData): string {
  const of = [config.model, config.size === undefined ? undefined : `${config.size} pixels`]
    .filter((part) => part !== undefined).join(", ");
  const interval = sheet && intervalText(sheet);
  const cards = [
    ...(sheet
      ? [
        [
          scoreText("auc", sheet.auc),
          "AUC",
          interval ? `95 %: ${interval}` : "",
        ],
        [scoreText("accuracy", sheet.accuracy), "accuracy", `${sheet.n} validation images`],
        [scoreText("loss", sheet.loss), "loss", ""],
        [scoreText("ece", sheet.ece), "calibration error", ""],
      ]
      : []),
    [best ? String(best.epoch) : "–", "best epoch", `of ${epochs.length} done`],
    [
      String(data?.classes.reduce((sum, { train }) => sum + train, 0) ?? "–"),
      "training images",
      "",
    ],
  ].map(([value, what, more]) => `<div><b>${value}</b>${what}<small>${more}</small></div>`);
  return `<h1>${escaped(name)}</h1><p class="note">${escaped(of)}</p>
<div class="cards">${cards.join("\n")}</div>`;
}

function validationPart({ best, sheet }: RunData, charts: string): string[] {
  if (!sheet || !best) return [];
  const { thresholds, classes } = sheet;
  const scores = shownScores(classes.length)
    .map((name) => [SCORES[name].title, scoreText(name, sheet[name])]);
  const perClass = sheet["per_class"].map((row, k) => [escaped(classes[k]!), ...classCells(row)]);
  return [
    `<h2>Validation at epoch ${best.epoch}</h2>`,
    '<div class="columns">',
    formatTable([["score", "value"], ...scores], "numbers"),
    `<div>${formatTable([CLASS_HEAD, ...perClass], "numbers")}${
      thresholds
        ? `<p class="note">Best thresholds for class ${escaped(classes[1]!)}: ${
          thresholdsText(thresholds)
        }.</p>`
        : ""
    }</div>`,
    confusionPart(sheet),
    "</div>",
    charts,
    classes.length > CURVES
      ? `<p class="note">Curves of the first ${CURVES} of ${classes.length} classes.</p>`
      : "",
  ];
}

function confusionPart({ confusion, classes }: ScoreSheet): string {
  if (classes.length > PAIRS) {
    return `<p class="note">${classes.length} classes: too many pairs to show.</p>`;
  }
  const rows = confusion.map((counts, k) => {
    const total = Math.max(1, counts.reduce((a, b) => a + b, 0));
    return [
      escaped(classes[k]!),
      ...counts.map((n) => `<span class="heat${Math.round(5 * n / total)}">${n}</span>`),
    ];
  });
  const head = ["true \\ called", ...classes.map(escaped)];
  return formatTable([head, ...rows], "confusion");
}

function wrongPart(
  { validation, sheet }: RunData,
  pictures: ReadonlyMap<number, Picture>,
): string[] {
  if (!validation || !sheet) return [];
  const rows = mostWrong(validation);
  const figures = rows.map(({ row, predicted, probability }) => {
    const { name, path, label } = validation.samples[row]!;
    const picture = pictures.get(row);
    const images = picture
      ? [picture.image, picture.overlay].filter((source) => source !== undefined)
        .map((source) => `<img src="${escaped(source)}" alt="">`).join(" ")
      : '<div class="none"></div>';
    return `<figure title="${escaped(path)}">${images}<figcaption>${escaped(name)}<br>is ${
      escaped(sheet.classes[label]!)
    }, called ${escaped(sheet.classes[predicted]!)} (${
      (100 * probability).toFixed(1)
    } %)</figcaption></figure>`;
  });
  const note = rows.length === 0
    ? "No validation image is taken for another class."
    : "Validation images with the lowest probability of their class" +
      ([...pictures.values()].some(({ overlay }) => overlay)
        ? "; beside each, where the model looked for the class that it called (Grad-CAM)."
        : ".");
  return [
    "<h2>Most wrong images</h2>",
    `<p class="note">${note}</p>`,
    `<div class="pictures">${figures.join("\n")}</div>`,
  ];
}

function dataPart({ data }: RunData): string {
  if (!data) return "";
  const counts = data.classes.map(({ name, train, validation }) => [
    escaped(name),
    String(train),
    String(validation),
  ]);
  const [most, least] = [Math.max, Math.min].map((of) =>
    of(...data.classes.map(({ train }) => train))
  );
  const warnings = [
    ...most! > 3 * least!
      ? [`The largest class has ${(most! / least!).toFixed(1)} times the images of the smallest.`]
      : [],
    ...data.leftOut > 0 ? [`${data.leftOut} images were left out: skipped.csv lists them.`] : [],
  ];
  return `<h2>Data</h2><p>${escaped(data.source)}</p>
${data.notes.map((note) => `<p class="note">${escaped(note)}</p>`).join("\n")}
${warnings.map((warning) => `<p class="warning">${warning}</p>`).join("\n")}
${formatTable([["class", "training", "validation"], ...counts], "numbers")}`;
}

function documents({ config, environment }: RunData): string {
  const part = (title: string, value: object) =>
    `<details><summary>${title}</summary><pre>${
      escaped(JSON.stringify(value, undefined, 2))
    }</pre></details>`;
  return [
    "<h2>Configuration and machine</h2>",
    part("Configuration (config.json)", config),
    environment ? part("Machine (env.json)", environment) : "",
  ].join("\n");
}

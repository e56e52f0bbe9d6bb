/** The fifth screen: predictions for images that were dropped, and their file. Computes none. */
/// <reference lib="dom" />

import { advance, button, make, say, table } from "../dom.ts";
import { chooseFile, chooseFiles, chooseFolder, dropArea } from "../dropping.ts";
import type { Predicted, Source } from "../messages.ts";
import { save } from "../saving.ts";
import type { Screen, View } from "../view.ts";
import { leftOut } from "./images.ts";

/** Rows that are shown; the file has all. */
const ROWS = 500;

/** Images named that it is least sure of. */
const DOUBTS = 5;

const ENDINGS = ".safetensors";

/** Makes the screen. */
export function predictScreen(view: View): Screen {
  const { app, texts } = view;
  const { predict } = texts;
  let sample: File | undefined;
  const said = make("p", { class: "note" });
  const waiting = make("progress", { "aria-label": texts.doing.looking });
  const ready = app.run !== undefined || app.weights?.checkpoint === true;
  const take = (source: Source | undefined) => {
    if (!source) return say(said, texts.images.empty);
    if (!app.busy) void app.predict(source, sample);
  };
  const choose = async (what: Promise<Source | undefined>) => {
    const source = await what;
    if (source) take(source);
  };
  const pickWeights = async () => {
    const file = await chooseFile(ENDINGS);
    if (file) await app.takeWeights(file);
  };
  const sampleName = make("span", { class: "note" });
  const pickSample = async () => {
    sample = await chooseFile(".csv");
    say(sampleName, sample?.name ?? "");
  };
  const { choices } = texts;
  const element = make(
    "div",
    {},
    make("h1", {}, predict.title),
    make("p", { class: "lead" }, predict.lead),
    make("p", {}, whoPredicts(view)),
    ...ready
      ? [
        dropArea(
          take,
          make("strong", {}, predict.drop),
          make(
            "div",
            { class: "actions" },
            button(predict.files, () => choose(chooseFiles("images")), {
              ...{ class: "main", id: "predict-images", "data-asks": true },
            }),
            button(predict.folder, () => choose(chooseFolder()), {
              ...{ id: "predict-folder", "data-asks": true },
            }),
            button(texts.images.archive, () => choose(chooseFiles("archive")), {
              ...{ id: "predict-archive", "data-asks": true },
            }),
          ),
          waiting,
          said,
        ),
        make(
          "div",
          { class: "choices" },
          make(
            "section",
            {},
            make("h2", {}, predict.sample.label),
            make("p", {}, predict.sample.help),
            button(choices.pick, pickSample, { id: "sample" }),
            " ",
            sampleName,
          ),
        ),
      ]
      : [],
    ...app.run === undefined
      ? [make(
        "div",
        { class: "actions" },
        button(choices.pick, pickWeights, { id: "checkpoint", "data-asks": true }),
      )]
      : [],
    ...app.predicted ? predictions(view, app.predicted) : [],
  );
  const update = () => {
    waiting.hidden = app.state.doing !== "looking";
    advance(waiting, app.progress);
    if (!waiting.hidden) say(said, texts.doing.looking);
    else if (said.textContent === texts.doing.looking) say(said, "");
    for (const one of element.querySelectorAll<HTMLButtonElement>("[data-asks]")) {
      one.disabled = app.busy;
    }
  };
  return { element, update };
}

function whoPredicts({ app, texts }: View): string {
  const { predict } = texts;
  if (app.run !== undefined) return predict.with(app.run);
  return app.weights?.checkpoint ? predict.withWeights(app.weights.name) : predict.none;
}

function predictions(view: View, predicted: Predicted): HTMLElement[] {
  const { texts, formats } = view;
  const { predict } = texts;
  const { classes, rows, doubts, submission } = predicted;
  // Of two classes one probability says all.
  const shown = classes.length === 2 ? [1] : [...classes.keys()].slice(0, 6);
  const cells = rows.slice(0, ROWS).map(({ name, taken, probabilities }) => [
    name,
    taken,
    ...shown.map((k) => formats.percent(probabilities[k]!)),
  ]);
  const head = [predict.name, predict.taken, ...shown.map((k) => predict.probability(classes[k]!))];
  const uncertain = doubts.uncertain.slice(0, DOUBTS).map(({ name, taken, probability }) =>
    make("li", {}, predict.doubt(name, taken, formats.percent(probability)))
  );
  return [
    make("h2", { id: "predictions" }, predict.table),
    make(
      "p",
      { role: "status", "data-predicted": rows.length },
      predict.predicted(formats.count(rows.length)),
    ),
    make(
      "div",
      { class: "actions" },
      button(predict.submission, () => save(submission, "submission.csv"), {
        ...{ class: "main", id: "submission" },
      }),
    ),
    ...rows.length > ROWS
      ? [
        make(
          "p",
          { class: "note" },
          predict.first(formats.count(ROWS), formats.count(rows.length)),
        ),
      ]
      : [],
    table(predict.table, head, cells, { numbers: 2, tall: true }),
    ...leftOut(view, predict.leftOut, predicted.leftOut),
    ...uncertain.length > 0 ? [make("h2", {}, predict.doubts), make("ul", {}, ...uncertain)] : [],
  ];
}

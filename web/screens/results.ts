/** The fourth screen: what a run came to, where it errs, and its files to take away. Measures nothing. */
/// <reference lib="dom" />

import type { ScoreName } from "../../mod.ts";
import { Chart } from "../curves.ts";
import { button, make, picture, table } from "../dom.ts";
import type { DownloadKind, Mistake, Results } from "../messages.ts";
import type { Texts } from "../texts/texts.ts";
import type { Screen, View } from "../view.ts";

/** Scores that are read in percent, those of four digits, and classes up to which all pairs are shown. */
const PERCENT: ReadonlySet<ScoreName> = new Set([
  "accuracy",
  "top5",
  "balanced_accuracy",
  "eer",
  "ece",
]);
const PAIRS = 20;

/** Classes up to which each has a curve. */
const CURVES = 8;

const FILES: readonly DownloadKind[] = ["best", "onnx", "report", "metrics", "last"];

/** Makes the screen. */
export function resultsScreen(view: View): Screen {
  const { app, texts } = view;
  const { results } = texts;
  const { results: found } = app;
  const title = make("h1", {}, results.title);
  if (!found) {
    const said = make("p", { class: "lead" });
    return {
      element: make("div", {}, title, said),
      update: () => {
        said.textContent = app.state.doing === "looking" ? results.reading : results.none;
      },
    };
  }
  const roc = rocChart(view, found);
  const predict = button(results.predict, () => app.go("predict"), {
    class: "main",
    id: "predict",
  });
  const element = make(
    "div",
    {},
    title,
    make(
      "p",
      { class: "lead" },
      results.at(view.formats.count(found.epoch), view.formats.count(found.sheet.n)),
    ),
    cards(view, found),
    make(
      "div",
      { class: "columns" },
      make("section", {}, make("h2", {}, results.confusion), confusion(view, found)),
      make("section", {}, make("h2", {}, texts.curves.roc), roc.element),
    ),
    make(
      "div",
      { class: "columns" },
      make("section", {}, make("h2", {}, results.classes), classTable(view, found)),
      make("section", {}, make("h2", {}, results.scores), scoreTable(view, found)),
    ),
    make("h2", {}, results.mistakes),
    mistakesPart(view),
    make("h2", {}, results.downloads),
    downloads(view),
    make("div", { class: "actions" }, predict),
  );
  const update = () => {
    for (const one of element.querySelectorAll<HTMLButtonElement>("[data-asks]")) {
      one.disabled = app.busy;
    }
  };
  return { element, update, close: () => roc.close() };
}

function written({ texts, formats }: View, name: ScoreName, value: number): string {
  if (!Number.isFinite(value)) return texts.results.undefined;
  return PERCENT.has(name) ? formats.percent(value) : value.toFixed(4);
}

function cards(view: View, { sheet }: Results): HTMLElement {
  const { names, interval } = view.texts.results;
  const [low, high] = sheet["auc_interval"];
  const card = (name: ScoreName, more?: string) =>
    make(
      "div",
      {},
      make("dt", {}, names[name]),
      make(
        "dd",
        { "data-score": name, "data-value": sheet[name] },
        written(view, name, sheet[name]),
        more !== undefined && make("small", {}, more),
      ),
    );
  const ends = Number.isFinite(low)
    ? interval(`${low.toFixed(3)} – ${high.toFixed(3)}`)
    : undefined;
  return make(
    "dl",
    { class: "cards" },
    card("auc", ends),
    card("accuracy"),
    card("loss"),
    card("ece"),
  );
}

function confusion({ texts, formats }: View, { sheet }: Results): HTMLElement {
  const { results } = texts;
  const { classes, confusion: counts } = sheet;
  if (classes.length > PAIRS) return make("p", { class: "note" }, formats.count(classes.length));
  const rows = counts.map((row, k) => {
    const total = Math.max(1, row.reduce((a, b) => a + b, 0));
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, classes[k]),
      ...row.map((n) =>
        make("td", { class: `heat${Math.round(5 * n / total)}` }, formats.count(n))
      ),
    );
  });
  const head = [results.trueCalled, ...classes].map((cell) => make("th", { scope: "col" }, cell));
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": results.confusion },
    make(
      "table",
      { class: "confusion" },
      make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...rows),
    ),
  );
}

function rocChart({ texts }: View, { roc, sheet }: Results): Chart {
  const { curves } = texts;
  const shown = roc.slice(0, CURVES);
  const chart = new Chart({
    title: curves.auc,
    ...{ xLabel: curves.falsePositive, yLabel: curves.truePositive, x: [0, 1], y: [0, 1] },
    curves: [
      { label: curves.chance, colour: 6, dashed: true },
      ...shown.map(({ name }, i) => ({ label: name, colour: 1 + i })),
    ],
    words: (latest) => curves.drawn(curves.roc, latest),
  });
  const x = [...new Set([0, ...shown.flatMap((one) => [...one.x]), 1])].sort((a, b) => a - b);
  const y = shown.map((one) => {
    // Of several points at one place the last is the highest.
    const at = new Map([...one.x].map((place, i) => [place, one.y[i]!]));
    return x.map((place) => at.get(place) ?? null);
  });
  const latest = Number.isFinite(sheet.auc) ? sheet.auc.toFixed(4) : texts.results.undefined;
  chart.show(x, [x, ...y], { latest });
  return chart;
}

function classTable(view: View, { sheet }: Results): HTMLElement {
  const { results } = view.texts;
  const rows = sheet["per_class"].map((row, k) => [
    sheet.classes[k]!,
    view.formats.count(row.support),
    written(view, "accuracy", row.precision),
    written(view, "accuracy", row.recall),
    written(view, "f1", row.f1),
  ]);
  const head = [results.class, results.images, results.precision, results.recall, results.names.f1];
  return table(results.classes, head, rows);
}

function scoreTable(view: View, { sheet }: Results): HTMLElement {
  const { results } = view.texts;
  const names = Object.keys(results.names) as ScoreName[];
  const rows = names.filter((name) => name !== "top5" || sheet.classes.length > 5)
    .map((name) => [results.names[name], written(view, name, sheet[name])]);
  return table(results.scores, [results.score, results.value], rows);
}

function mistakesPart(view: View): HTMLElement {
  const { app, texts } = view;
  const { results } = texts;
  if (!app.mistakes) {
    const known = app.data !== undefined ||
      app.runs.some(({ run, data }) => run === app.run && data);
    return known
      ? make(
        "div",
        {},
        button(results.showMistakes, () => app.findMistakes(), {
          id: "mistakes",
          "data-asks": true,
        }),
      )
      : make("p", { class: "note" }, results.noImages);
  }
  if (app.mistakes.length === 0) return make("p", { id: "mistakes-none" }, results.noMistakes);
  return make(
    "div",
    {},
    make("p", { class: "note" }, results.mistakesLead),
    make("ul", { class: "pictures" }, ...app.mistakes.map((one) => mistakeItem(view, one))),
  );
}

function mistakeItem({ texts, formats }: View, one: Mistake): HTMLElement {
  const { results }: Texts = texts;
  return make(
    "li",
    {},
    make(
      "div",
      { class: "pair" },
      picture(one.image, results.seen),
      picture(one.heat, results.heat),
    ),
    make(
      "p",
      {},
      make("b", {}, one.name),
      make("br"),
      results.mistake(one.label, one.taken, formats.percent(one.probability)),
    ),
  );
}

function downloads({ app, texts }: View): HTMLElement {
  const rows = FILES.map((what) => {
    const { label, help } = texts.results.files[what];
    return make(
      "section",
      {},
      make("p", { id: `help-${what}` }, help),
      button(label, () => app.download(what), {
        ...{ id: `download-${what}`, "data-asks": true, "aria-describedby": `help-${what}` },
      }),
    );
  });
  return make("div", { class: "choices" }, ...rows);
}

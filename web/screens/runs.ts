/** Runs that this browser keeps, to continue, look at or remove. Reads none of them. */
/// <reference lib="dom" />

import { button, make } from "../dom.ts";
import type { SavedRun } from "../messages.ts";
import type { View } from "../view.ts";

/** The runs that have epochs left, as an offer; or the others, as a list. Nothing where there are none. */
export function savedRuns(
  view: View,
  { unfinished }: { readonly unfinished: boolean },
): HTMLElement[] {
  const runs = view.app.runs.filter((run) => run.unfinished === unfinished);
  if (runs.length === 0) return [];
  if (unfinished) return runs.map((run) => make("div", { class: "notice" }, ...parts(view, run)));
  return [
    make("h2", {}, view.texts.runs.title),
    make("ul", { class: "classes" }, ...runs.map((run) => make("li", {}, ...parts(view, run)))),
  ];
}

function parts({ app, texts, formats }: View, run: SavedRun): HTMLElement[] {
  const { runs } = texts;
  const when = formats.when(run.saved);
  const what = `${run.model} · ${run.size} px`;
  const remove = () => {
    if (confirm(runs.removing(run.run))) void app.remove(run.run);
  };
  return [
    make(
      "p",
      { "data-run": run.run },
      run.unfinished
        ? runs.unfinished(what, formats.count(run.epoch), formats.count(run.epochs), when)
        : runs.finished(what, formats.score(run.auc) ?? texts.results.undefined, when),
    ),
    make("p", { class: "note" }, runs.from(run.source, formats.bytes(run.bytes))),
    make(
      "div",
      { class: "actions" },
      run.unfinished && button(runs.proceed, () => app.proceed(run), { class: "main" }),
      run.auc !== undefined && button(runs.look, () => app.look(run.run)),
      button(runs.remove, remove),
    ),
  ];
}

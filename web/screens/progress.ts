/** How far a run is, in words and as a bar, and what it came to. Draws no curve. */
/// <reference lib="dom" />

import { make, say } from "../dom.ts";
import type { LiveRun } from "../live.ts";
import type { Screen, View } from "../view.ts";

/** Makes the part. */
export function progressPart(view: View, live: LiveRun): Required<Omit<Screen, "close">> {
  const [what, left] = [make("b"), make("span")];
  const bar = make("progress", { max: 1, "aria-label": view.texts.training.progress });
  const said = make("p", { class: "note", role: "status", "data-said": true });
  const update = () => {
    const { share } = live;
    say(what, placeText(view, live));
    say(left, leftText(view, live));
    say(said, endText(view, live) ?? epochText(view, live) ?? "");
    if (share === undefined) bar.removeAttribute("value");
    else bar.value = share;
    bar.hidden = !view.app.running && share === undefined;
  };
  const line = make("div", { class: "line" }, what, left);
  return { element: make("div", { class: "progress" }, line, bar, said), update };
}

/** Epoch and step; what is done before the first. */
function placeText({ app, texts, formats }: View, live: LiveRun): string {
  const { step, epochs, total } = live;
  if (total === 0) return texts.doing[app.state.doing];
  const { training } = texts;
  const epoch = Math.max(1, step?.epoch ?? epochs.at(-1)?.epoch ?? 0);
  return [
    training.epoch(formats.count(epoch), formats.count(total)),
    ...step && app.running
      ? [training.step(formats.count(step.step), formats.count(step.steps))]
      : [],
  ].join(" · ");
}

/** The time that is left, or what keeps the run from going on. */
function leftText({ app, texts }: View, { step, total }: LiveRun): string {
  if (!app.running || total === 0) return "";
  const { doing } = app.state;
  if (doing !== "training") return texts.doing[doing];
  return step ? texts.training.left(texts.duration(step["eta_s"])) : "";
}

function endText({ texts, formats }: View, { ended }: LiveRun): string | undefined {
  if (!ended) return undefined;
  const { training } = texts;
  if (!ended.stopped) return training.ended(formats.score(ended.best?.auc) ?? "–");
  return training.stopped(formats.count(ended.epoch), formats.count(ended.epochs));
}

function epochText({ texts, formats }: View, { epochs }: LiveRun): string | undefined {
  const last = epochs.at(-1);
  return last && texts.training.validated(
    formats.count(last.epoch),
    formats.score(last.auc) ?? "–",
    formats.percent(last.accuracy),
  );
}

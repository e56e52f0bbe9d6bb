/** The third screen: a run while it goes on, with its curves, and what stops it. Trains nothing. */
/// <reference lib="dom" />

import { Chart, type ChartOptions } from "../curves.ts";
import { button, make, say, table, tableRow } from "../dom.ts";
import type { EpochRow, LiveRun, Points } from "../live.ts";
import type { Screen, View } from "../view.ts";
import { progressPart } from "./progress.ts";

/** Milliseconds between two drawings of the curves: they change little and cost most. */
const DRAWN_EVERY = 500;

/** Makes the screen. */
export function trainingScreen(view: View): Screen {
  const { app, texts } = view;
  const { training } = texts;
  const { live } = app;
  if (!live) {
    return {
      element: make(
        "div",
        {},
        make("h1", {}, training.title),
        make("p", { class: "lead" }, training.none),
      ),
    };
  }
  const progress = progressPart(view, live);
  const numbers = numberCards(view, live);
  const curves = curvesOf(view, live);
  const epochs = epochsPart(view, live);
  const notes = make("ul", { lang: "en" });
  const controls = controlsPart(view);
  const plan = make("p", { class: "note" });
  const element = make(
    "div",
    {},
    make("h1", {}, training.title),
    progress.element,
    controls.element,
    numbers.element,
    make("div", { class: "charts" }, ...curves.map(({ chart }) => chart.element)),
    make("h2", {}, training.epochs),
    epochs.element,
    make("details", {}, make("summary", {}, training.plan), plan, notes),
  );
  let drawn = -Infinity;
  let later: ReturnType<typeof setTimeout> | undefined;
  // A task for each chart: together they would take long.
  const draw = (next: number) => {
    if (next === 0) drawn = performance.now();
    const { chart, points, latest } = curves[next]!;
    const { x, y } = points();
    chart.show(x, y, { latest: latest(y), until: live.total });
    later = next + 1 < curves.length ? setTimeout(draw, 0, next + 1) : undefined;
  };
  const update = () => {
    progress.update();
    controls.update();
    numbers.update();
    say(plan, planText(view, live));
    if (live.notes.length !== notes.children.length) {
      notes.replaceChildren(...live.notes.map((note) => make("li", {}, note)));
    }
    epochs.update();
    later ??= setTimeout(draw, Math.max(0, drawn + DRAWN_EVERY - performance.now()), 0);
  };
  const close = () => {
    clearTimeout(later);
    for (const { chart } of curves) chart.close();
  };
  return { element, update, close };
}

function controlsPart({ app, texts }: View): Required<Omit<Screen, "close">> {
  const { training } = texts;
  const pause = button(training.pause, () => app.command("pause"), { id: "pause" });
  const resume = button(training.resume, () => app.command("resume"), {
    id: "resume",
    class: "main",
  });
  const stop = button(training.stop, () => app.command("stop"), { id: "stop" });
  const proceed = button(training.proceed, () => {
    const saved = app.runs.find(({ run }) => run === app.run);
    if (saved) void app.proceed(saved);
  }, { id: "continue" });
  const results = button(training.results, () => {
    if (app.run !== undefined) void app.look(app.run);
  }, { id: "results", class: "main" });
  const update = () => {
    const { doing } = app.state;
    const focused = document.activeElement;
    pause.hidden = !app.running || doing === "paused";
    resume.hidden = !app.running || doing !== "paused";
    stop.hidden = !app.running;
    pause.disabled = doing !== "training";
    stop.disabled = doing === "stopping";
    const saved = app.runs.find(({ run }) => run === app.run);
    proceed.hidden = app.running || saved?.unfinished !== true;
    results.hidden = app.running || saved?.auc === undefined;
    // The focus stays with what the pressed button has become.
    if (focused === pause && pause.hidden) resume.focus();
    if (focused === resume && resume.hidden) pause.focus();
  };
  return {
    element: make("div", { class: "actions" }, pause, resume, stop, results, proceed),
    update,
  };
}

function numberCards({ texts, formats }: View, live: LiveRun): Required<Omit<Screen, "close">> {
  const { training } = texts;
  const names = [training.loss, training.accuracy, training.best, training.speed];
  const values = names.map((name, i) => {
    const value = make("span", {}, "–");
    const unit = i === 3 && make("small", {}, training.perSecond);
    return { value, card: make("div", {}, make("dt", {}, name), make("dd", {}, value, unit)) };
  });
  const update = () => {
    const { step } = live;
    const last = live.epochs.at(-1);
    const accuracy = step?.accuracy ?? last?.["train_accuracy"];
    const texts = [
      formats.score(step?.loss ?? last?.["train_loss"]),
      accuracy === undefined ? undefined : formats.percent(accuracy),
      formats.score(live.best),
      step && formats.count(Math.round(step["img_per_s"])),
    ];
    values.forEach(({ value }, i) => say(value, texts[i] ?? "–"));
  };
  return { element: make("dl", { class: "cards" }, ...values.map(({ card }) => card)), update };
}

interface LiveCurve {
  readonly chart: Chart;
  readonly points: () => Points;
  readonly latest: (y: Points["y"]) => string;
}

function curvesOf({ texts, formats }: View, live: LiveRun): LiveCurve[] {
  const { curves } = texts;
  const make = (
    title: string,
    options: Pick<ChartOptions, "curves" | "y">,
    points: () => Points,
    write: (value: number) => string,
  ): LiveCurve => ({
    chart: new Chart({
      ...{ title, xLabel: curves.epoch, ...options },
      words: (latest) => curves.drawn(title, latest),
    }),
    points,
    latest: (y) =>
      options.curves.flatMap(({ label }, i) => {
        const value = y[i]?.findLast((one) => one !== null);
        return value === undefined || value === null
          ? []
          : [options.curves.length > 1 ? `${label} ${write(value)}` : write(value)];
      }).join(" · "),
  });
  const score = (value: number) => value.toFixed(3);
  const [training, validation] = [
    { label: curves.training, colour: 0 },
    { label: curves.validation, colour: 1, points: true },
  ];
  const auc = { label: curves.auc, colour: 2, points: true };
  const one = (label: string, colour: number) => ({ curves: [{ label, colour }] });
  return [
    make(curves.loss, { curves: [training, validation] }, () => live.losses(), score),
    make(
      curves.accuracy,
      { curves: [training, validation, auc], y: [0, 1] },
      () => live.accuracies(),
      score,
    ),
    make(curves.rate, one(curves.rate, 3), () => live.rates(), (value) => formats.rate(value)),
    make(
      curves.speed,
      one(curves.speed, 4),
      () => live.speeds(),
      (v) => formats.count(Math.round(v)),
    ),
  ];
}

/** The table of epochs, which grows by rows: there may be a thousand. */
function epochsPart({ texts, formats }: View, live: LiveRun): Required<Omit<Screen, "close">> {
  const { curves, training } = texts;
  const head = [
    curves.epoch,
    `${curves.loss}, ${curves.training}`,
    `${curves.loss}, ${curves.validation}`,
    training.accuracy,
    curves.auc,
  ];
  const score = (value: number | undefined) => formats.score(value) ?? "–";
  const cells = (row: EpochRow) => [
    formats.count(row.epoch),
    score(row["train_loss"]),
    score(row.loss),
    formats.percent(row.accuracy),
    score(row.auc),
  ];
  const element = make("div", { "data-epochs": true }, table(training.epochs, head, []));
  let shown: readonly EpochRow[] = [];
  const update = () => {
    const { epochs } = live;
    // What a lost device goes over again is replaced.
    const body = element.querySelector("tbody")!;
    const kept = epochs[shown.length - 1] === shown.at(-1) ? shown.length : 0;
    if (kept < shown.length) body.replaceChildren();
    body.append(...epochs.slice(kept).map((row) => tableRow(cells(row))));
    shown = epochs;
  };
  return { element, update };
}

function planText({ texts, formats }: View, { plan }: LiveRun): string {
  return plan === undefined ? "" : `${plan.model} · ${
    texts.training.planned(
      formats.short(plan.parameters),
      String(plan.size),
      formats.count(plan.batch),
      formats.bytes(plan["buffer_bytes"]),
    )
  }`;
}

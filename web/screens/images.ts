/** The first screen: where images come from, and what was understood of them. Reads no file. */
/// <reference lib="dom" />

import { advance, button, make, picture, say, table } from "../dom.ts";
import { chooseFiles, chooseFolder, dropArea } from "../dropping.ts";
import type { DataSummary, Source } from "../messages.ts";
import type { Screen, View } from "../view.ts";
import { cameraScreen } from "./camera.ts";
import { savedRuns } from "./runs.ts";

/** Files that were left out and are listed. */
const LISTED = 200;

/** Makes the screen. */
export function imagesScreen(view: View): Screen {
  const { data, camera } = view.app;
  if (data) return openedImages(view, data);
  return camera ? cameraScreen(view, camera) : chooseImages(view);
}

function chooseImages(view: View): Screen {
  const { app, texts } = view;
  const { images } = texts;
  const element = make("div", {});
  const doing = make("p", { class: "note", "data-reading": true });
  const waiting = make("progress", { "aria-label": images.reading });
  const take = (source: Source | undefined) => {
    if (source) void app.take(source);
    else say(doing, images.empty);
  };
  const choose = async (what: Promise<Source | undefined>) => {
    const source = await what;
    if (source) take(source);
  };
  const withCamera = () => app.useCamera(["1", "2"].map(texts.cameraClass));
  const { waiting: run } = app;
  const parts = [
    make("h1", {}, images.title),
    make("p", { class: "lead" }, images.lead),
    ...run
      ? [make(
        "div",
        { class: "notice", role: "status", "data-notice": "waiting" },
        make("p", {}, texts.runs.needsImages(run.source)),
        make("div", { class: "actions" }, button(texts.runs.giveUp, () => app.giveUp())),
      )]
      : [],
    ...run ? [] : savedRuns(view, { unfinished: true }),
    dropArea(
      take,
      make("strong", {}, images.drop),
      make("p", { class: "note" }, images.layouts),
      make(
        "div",
        { class: "actions" },
        button(images.folder, () => choose(chooseFolder()), { class: "main", id: "folder" }),
        button(images.archive, () => choose(chooseFiles("archive")), { id: "archive" }),
      ),
      waiting,
      doing,
    ),
    ...run ? [] : [make(
      "div",
      { class: "choices" },
      make(
        "section",
        {},
        make("h2", {}, images.demo.label),
        make("p", {}, images.demo.help),
        button(images.demo.use, () => take({ kind: "demo" }), { id: "demo" }),
      ),
      make(
        "section",
        {},
        make("h2", {}, images.camera.label),
        make("p", {}, images.camera.help),
        button(images.camera.use, withCamera, { id: "camera" }),
      ),
    )],
    ...run ? [] : savedRuns(view, { unfinished: false }),
  ];
  element.append(...parts);
  const update = () => {
    const reading = app.state.doing === "reading";
    waiting.hidden = !reading;
    advance(waiting, app.progress);
    if (reading) say(doing, images.reading);
    else if (doing.textContent === images.reading) say(doing, "");
    for (const one of element.querySelectorAll("button")) one.disabled = app.busy;
  };
  return { element, update };
}

function openedImages(view: View, data: DataSummary): Screen {
  const { app, texts } = view;
  const { images } = texts;
  return {
    element: make(
      "div",
      {},
      make("h1", {}, images.opened),
      make("p", { class: "lead" }, data.source),
      make("h2", {}, images.classes),
      classList(view, data),
      ...data.notes.length > 0
        ? [
          make("h2", {}, images.notes),
          make("ul", { lang: "en" }, ...data.notes.map((note) => make("li", {}, note))),
        ]
        : [],
      ...leftOut(view, images.leftOut, data.leftOut),
      make(
        "div",
        { class: "actions" },
        button(images.next, () => app.go("choices"), { class: "main", id: "next" }),
        button(images.again, () => app.forgetData(), { id: "again", disabled: app.running }),
      ),
    ),
  };
}

function classList({ texts, formats }: View, data: DataSummary): HTMLElement {
  const { images } = texts;
  const all = data.classes.reduce((sum, { train }) => sum + train, 0);
  const items = data.classes.map(({ name, train, validation }, k) => {
    const share = all > 0 ? train / all : 0;
    return make(
      "li",
      { "data-class": name },
      make(
        "div",
        { class: "name" },
        make("b", {}, name),
        make(
          "span",
          { class: "count" },
          images.counts(formats.count(train), formats.count(validation)),
        ),
      ),
      make("progress", {
        ...{ value: train, max: Math.max(1, all) },
        "aria-label": images.share(formats.percent(share)),
      }),
      make(
        "div",
        { class: "strip" },
        ...(data.pictures?.[k] ?? []).map((blob) => picture(blob, images.thumbnail(name))),
      ),
    );
  });
  return make("ul", { class: "classes" }, ...items);
}

/** Images that were left out, folded away; nothing where there are none. */
export function leftOut(
  { texts, formats }: View,
  title: (count: string) => string,
  all: DataSummary["leftOut"],
): HTMLElement[] {
  if (all.length === 0) return [];
  const { file, reason } = texts.images;
  const rows = all.slice(0, LISTED).map((
    one,
  ) => [one.name, make("span", { lang: "en" }, one.reason)]);
  const summary = title(formats.count(all.length));
  return [make(
    "details",
    { "data-left-out": all.length },
    make("summary", {}, summary),
    table(summary, [file, reason], rows, { numbers: 2, tall: true }),
  )];
}

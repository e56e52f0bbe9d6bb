/** What stands above every screen: faults in words, and what a person should know of this machine. Acts on nothing. */
/// <reference lib="dom" />

import { button, make } from "./dom.ts";
import type { View } from "./view.ts";

/** The notices there are now, the most urgent first; `update` loads a newer version of the page. */
export function notices({ app, texts }: View, update?: () => void): HTMLElement[] {
  const { fault, machine, screen, wasHidden } = app;
  const close = () => button(texts.close, () => app.excuse(), { id: "close-notice" });
  return [
    ...fault
      ? [make(
        "div",
        { class: "notice alarm", role: "alert", "data-fault": fault.kind },
        make("p", {}, texts.faults[fault.kind]),
        fault.kind !== "no-webgpu" && make(
          "details",
          { open: ["data", "weights", "options"].includes(fault.kind) },
          make("summary", {}, texts.details),
          make("p", { lang: "en" }, fault.message),
        ),
        make("div", { class: "actions" }, close()),
      )]
      : [],
    ...update
      ? [make(
        "div",
        { class: "notice", role: "status" },
        make("p", {}, texts.update.ready),
        make("div", { class: "actions" }, button(texts.update.load, update, { id: "update" })),
      )]
      : [],
    ...wasHidden
      ? [make(
        "div",
        { class: "notice", role: "status", "data-notice": "hidden" },
        make("p", {}, texts.hidden),
        make("div", { class: "actions" }, close()),
      )]
      : [],
    ...machine?.adapter !== undefined && machine.software && ["images", "choices"].includes(screen)
      ? [
        make(
          "div",
          { class: "notice quiet", "data-notice": "software" },
          make("p", {}, texts.software),
        ),
      ]
      : [],
    ...machine && !machine.persisted && screen === "results"
      ? [
        make(
          "div",
          { class: "notice quiet", "data-notice": "unkept" },
          make("p", {}, texts.unkept),
        ),
      ]
      : [],
  ];
}

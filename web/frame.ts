/** What stands around every screen: name, steps, notices, switches, footer. Decides nothing about runs. */
/// <reference lib="dom" />

import type { App, Change } from "./app.ts";
import { button, make, say } from "./dom.ts";
import { Formats } from "./formats.ts";
import { notices } from "./notices.ts";
import { preferredLanguage, preferredTheme, remember, TEXTS, type Theme } from "./preferences.ts";
import { choicesScreen } from "./screens/choices.ts";
import { imagesScreen } from "./screens/images.ts";
import { predictScreen } from "./screens/predict.ts";
import { resultsScreen } from "./screens/results.ts";
import { trainingScreen } from "./screens/training.ts";
import type { Language, ScreenName } from "./texts/texts.ts";
import type { Screen, View } from "./view.ts";

const SCREENS: Readonly<Record<ScreenName, (view: View) => Screen>> = {
  images: imagesScreen,
  choices: choicesScreen,
  training: trainingScreen,
  results: resultsScreen,
  predict: predictScreen,
};

/** The page as a person sees it. */
export class Frame {
  readonly #app: App;
  #language: Language = preferredLanguage();
  #theme: Theme = preferredTheme();
  #view: View;
  #screen: Screen | undefined;
  #shown: ScreenName | undefined;
  readonly #main = make("main", { id: "main", tabindex: -1 });
  readonly #notices = make("section", { class: "notices" });
  /** Read aloud when its text changes. */
  readonly #heard = make("p", { class: "heard", role: "status", "aria-live": "polite" });
  readonly #steps = make("ol");
  readonly #footer = make("footer");
  #update: (() => void) | undefined;

  /** Shows `app` in the document's body. */
  constructor(app: App) {
    this.#app = app;
    this.#view = this.#viewed();
    this.draw();
  }

  /** Draws again what a change is about. */
  draw(change?: Change): void {
    if (change === "numbers") return this.#drawNumbers();
    if (change === "notices") return this.#drawNotices();
    if (change === undefined) this.#drawAll();
    this.#drawSteps();
    this.#drawNotices();
    this.#drawScreen();
    this.#drawFooter();
    this.#drawNumbers();
  }

  /** Says that a newer version of the page waits; `load` puts it in place of this one. */
  offer(load: () => void): void {
    this.#update = load;
    this.#drawNotices();
  }

  #viewed(): View {
    const texts = TEXTS[this.#language];
    return { app: this.#app, texts, formats: new Formats(texts.language) };
  }

  #drawAll(): void {
    this.#view = this.#viewed();
    const { texts } = this.#view;
    document.documentElement.lang = texts.language;
    document.documentElement.dataset.theme = this.#theme;
    const other = this.#language === "en" ? "zh" : "en";
    const dark = this.#theme === "dark";
    const header = make(
      "header",
      {},
      make("div", { class: "mark" }, make("img", { src: "icon.svg", alt: "" }), "verity"),
      make(
        "div",
        { class: "switches" },
        button(texts.other, () => this.#speak(other), {
          ...{ class: "plain", id: "language", lang: TEXTS[other].language },
        }),
        button(texts.darkTheme, () => this.#paint(dark ? "light" : "dark"), {
          ...{ class: "plain", id: "theme", "aria-pressed": String(dark) },
        }),
      ),
    );
    this.#notices.setAttribute("aria-label", texts.notices);
    document.body.replaceChildren(
      make(
        "div",
        { class: "frame" },
        make("a", { class: "skip", href: "#main" }, texts.skip),
        header,
        make("nav", { "aria-label": texts.steps }, this.#steps),
        this.#notices,
        this.#main,
        this.#footer,
        this.#heard,
      ),
    );
  }

  #speak(language: Language): void {
    this.#language = language;
    remember("language", language);
    this.draw();
    document.getElementById("language")?.focus();
  }

  #paint(theme: Theme): void {
    this.#theme = theme;
    remember("theme", theme);
    this.draw();
    document.getElementById("theme")?.focus();
  }

  #drawSteps(): void {
    const { open, screen } = this.#app;
    const items = Object.entries(this.#view.texts.screens).map(([name, text]) =>
      make(
        "li",
        {},
        button(text, () => this.#app.go(name as ScreenName), {
          "aria-current": screen === name && "step",
          disabled: !open.has(name as ScreenName),
          id: `step-${name}`,
        }),
      )
    );
    const focused = document.activeElement?.id;
    this.#steps.replaceChildren(...items);
    if (focused?.startsWith("step-")) document.getElementById(focused)?.focus();
  }

  #drawScreen(): void {
    const { screen } = this.#app;
    const focused = document.activeElement;
    const within = focused !== null && this.#main.contains(focused);
    this.#screen?.close?.();
    this.#screen = SCREENS[screen](this.#view);
    this.#main.replaceChildren(this.#screen.element);
    document.title = `${this.#view.texts.screens[screen]} · verity`;
    const heading = this.#main.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    if (this.#shown !== undefined && this.#shown !== screen) {
      heading?.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    } else if (within) {
      // What had the focus may be gone: then the next thing to read is the heading.
      const again = focused.id && document.getElementById(focused.id);
      (again || heading)?.focus({ preventScroll: true });
    }
    this.#shown = screen;
  }

  #drawNumbers(): void {
    const { texts } = this.#view;
    const { doing } = this.#app.state;
    say(this.#heard, doing === "nothing" ? "" : texts.doing[doing]);
    document.body.dataset.doing = doing;
    this.#screen?.update?.();
  }

  #drawNotices(): void {
    this.#notices.replaceChildren(...notices(this.#view, this.#update));
  }

  #drawFooter(): void {
    const { texts, formats } = this.#view;
    const { machine } = this.#app;
    const { adapter, usedBytes, quotaBytes } = machine ?? {};
    if (machine) document.body.dataset.machine = adapter === undefined ? "none" : "ready";
    this.#footer.replaceChildren(
      make("span", {}, texts.footer.privacy),
      ...adapter === undefined ? [] : [make("span", {}, texts.footer.machine(adapter))],
      ...usedBytes === undefined || quotaBytes === undefined ? [] : [make(
        "span",
        {},
        texts.footer.storage(formats.bytes(usedBytes), formats.bytes(quotaBytes)),
      )],
      make("a", { href: "licences.txt" }, texts.footer.licences),
    );
  }
}

/** The second screen: how to train, with words for every choice. Decides what suits this machine and these images. */
/// <reference lib="dom" />

import type { App } from "../app.ts";
import { button, make, say } from "../dom.ts";
import { chooseFile } from "../dropping.ts";
import type { TrainOptions } from "../messages.ts";
import type { ChoiceName } from "../texts/texts.ts";
import type { Screen, View } from "../view.ts";

/** A choice that is a number: its bounds, and whether it is whole. */
interface NumberRange {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

const NUMBERS = {
  epochs: { least: 1, most: 1000, whole: true },
  size: { least: 16, most: 1024, whole: true },
  batch: { least: 1, most: 1024, whole: true },
  lr: { least: 0.0000001, most: 10 },
  weightDecay: { least: 0, most: 1 },
  labelSmoothing: { least: 0, most: 0.9 },
  patience: { least: 0, most: 1000, whole: true },
  seed: { least: 0, most: 2 ** 31 - 1, whole: true },
} as const satisfies Partial<Record<ChoiceName, NumberRange>>;

const OPTIMIZERS = ["adam", "adamw", "sgd", "lion", "lamb", "rmsprop"];
const ENDINGS = ".safetensors,.pth,.pt,.bin";

/** Makes the screen. */
export function choicesScreen(view: View): Screen {
  const { app, texts } = view;
  const { choices } = texts;
  suit(app);
  const word = (name: ChoiceName, words: Readonly<Record<string, string>>) =>
    wordField(view, name as keyof TrainOptions & ChoiceName, words);
  const number = (name: keyof typeof NUMBERS) => numberField(view, name);
  const auto = { "": choices.auto };
  const same = (words: readonly string[]) => Object.fromEntries(words.map((one) => [one, one]));
  const start = button(choices.start, () => void app.train(), { class: "main", id: "start" });
  const form = make(
    "form",
    { novalidate: true, on: { submit: (event) => event.preventDefault() } },
    make("h1", {}, choices.title),
    make("p", { class: "lead" }, choices.lead),
    make(
      "fieldset",
      { class: "fields" },
      make("legend", { class: "heard" }, choices.main),
      word("recipe", choices.recipes),
      word("model", same(app.machine?.models ?? [app.choices.model ?? "resnet18"])),
      weightsField(view),
      number("epochs"),
      number("size"),
      number("batch"),
      number("lr"),
      word("augment", { ...auto, ...choices.augments }),
    ),
    make(
      "details",
      {},
      make("summary", {}, choices.more),
      make(
        "fieldset",
        { class: "fields" },
        make("legend", { class: "heard" }, choices.more),
        word("optimizer", { ...auto, ...same(OPTIMIZERS) }),
        word("schedule", { ...auto, ...choices.schedules }),
        number("weightDecay"),
        number("labelSmoothing"),
        number("patience"),
        word("precision", choices.precisions),
        number("seed"),
        nameField(view),
      ),
    ),
    make("div", { class: "actions" }, start),
  );
  const update = () => {
    start.disabled = app.busy || form.querySelector("[aria-invalid=true]") !== null;
  };
  form.addEventListener("input", update);
  return { element: form, update };
}

/** Fills in what nobody has chosen: small where the processor computes, as large as weights were made for. */
function suit(app: App): void {
  const { weights, machine, source } = app;
  const demo = source?.kind === "demo";
  const slow = machine?.software === true && !demo;
  const suited: TrainOptions = {
    recipe: "auto",
    model: weights?.model ?? "resnet18",
    size: weights?.size ?? (demo ? 48 : slow ? 64 : 128),
    ...slow && { epochs: 5, batch: 16 },
  };
  for (const name of Object.keys(suited) as (keyof TrainOptions)[]) {
    // What a person chose, or emptied, stays as it is.
    if (app.choices[name] === app.suited[name]) choose(app, name, suited[name]);
  }
  if (weights) choose(app, "model", weights.model);
  app.suited = suited;
}

/** Keeps a choice, or leaves it to the recipe. */
function choose(app: App, name: keyof TrainOptions, value: string | number | undefined): void {
  const { [name]: _, ...rest } = app.choices;
  app.choices = value === undefined || value === "" ? rest : { ...rest, [name]: value };
}

function field(
  { texts }: View,
  name: ChoiceName,
  control: HTMLElement,
  ...more: readonly HTMLElement[]
): HTMLElement {
  const { label, help } = texts.choices.fields[name];
  control.id = `choice-${name}`;
  control.setAttribute("aria-describedby", `help-${name}`);
  return make(
    "div",
    { class: "field" },
    make("label", { for: control.id }, label),
    control,
    ...more,
    make("span", { class: "help", id: `help-${name}` }, help),
  );
}

function wordField(
  view: View,
  name: keyof TrainOptions & ChoiceName,
  words: Readonly<Record<string, string>>,
): HTMLElement {
  const chosen = view.app.choices[name] ?? "";
  const select = make(
    "select",
    { on: { change: () => choose(view.app, name, select.value) } },
    ...Object.entries(words).map(([value, text]) =>
      make("option", { value, selected: value === chosen }, text)
    ),
  );
  // What follows from weights is not chosen.
  select.disabled = name === "model" && view.app.weights !== undefined;
  return field(view, name, select);
}

function numberField(view: View, name: keyof typeof NUMBERS): HTMLElement {
  const { least, most, whole }: NumberRange = NUMBERS[name];
  const { texts, app } = view;
  const fault = make("span", { class: "fault", role: "alert" });
  const read = () => {
    const value = input.valueAsNumber;
    const empty = input.value === "" && !input.validity.badInput;
    const sound = empty || value >= least && value <= most && (!whole || Number.isInteger(value));
    input.setAttribute("aria-invalid", String(!sound));
    say(fault, sound ? "" : texts.choices.between(String(least), String(most)));
    if (sound) choose(app, name, empty ? undefined : value);
  };
  const input = make("input", {
    ...{ type: "number", min: least, max: most, step: whole ? 1 : "any", inputmode: "decimal" },
    ...{ value: app.choices[name], placeholder: texts.choices.auto },
    on: { input: read },
  });
  return field(view, name, input, fault);
}

function nameField(view: View): HTMLElement {
  const input = make("input", {
    ...{ type: "text", maxlength: 40, value: view.app.choices.name },
    on: { input: () => choose(view.app, "name", input.value.trim()) },
  });
  return field(view, "name", input);
}

function weightsField({ app, texts }: View): HTMLElement {
  const { choices } = texts;
  const { weights } = app;
  const { label, help } = choices.fields.weights;
  const pick = async () => {
    const file = await chooseFile(ENDINGS);
    if (file) await app.takeWeights(file);
  };
  const said = weights === undefined
    ? choices.none
    : weights.checkpoint
    ? choices.checkpoint(weights.name, weights.model, (weights.classes ?? []).join(", "))
    : choices.weights(weights.name, weights.model);
  return make(
    "div",
    { class: "field", role: "group", "aria-labelledby": "label-weights" },
    make("span", { class: "label", id: "label-weights" }, label),
    make(
      "div",
      { class: "picked" },
      button(choices.pick, pick, { id: "choice-weights", "aria-describedby": "help-weights" }),
      weights !== undefined &&
        button(choices.forget, () => app.takeWeights(), { id: "forget-weights" }),
      weights?.continues === true &&
        button(choices.proceed, () => app.proceedWeights(), { id: "continue-weights" }),
      make("span", { "data-weights": true }, said),
    ),
    make("span", { class: "help", id: "help-weights" }, help),
  );
}

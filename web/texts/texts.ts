/** Every text of the page, as one interface that each language fills. Says nothing itself. */

import type { PresetName, ScoreName } from "../../mod.ts";
import type { DownloadKind, FaultKind, State, TrainOptions } from "../messages.ts";

/** The languages there are, by their tags. */
export type Language = "en" | "zh";

/** Name, and what it does in a sentence. */
export interface Explained {
  readonly label: string;
  readonly help: string;
}

/** A choice that a person makes by a number or a word. */
export type ChoiceName =
  | "recipe"
  | "model"
  | "weights"
  | "epochs"
  | "size"
  | "batch"
  | "lr"
  | "augment"
  | "optimizer"
  | "schedule"
  | "weightDecay"
  | "labelSmoothing"
  | "patience"
  | "precision"
  | "seed"
  | "name";

/** The parts of the page, in their order. */
export type ScreenName = "images" | "choices" | "training" | "results" | "predict";

/** Texts in one language. Numbers come formatted. */
export interface Texts extends RunTexts {
  /** For `lang` and for the formats of numbers and dates. */
  readonly language: string;
  /** The other language, in its own words. */
  readonly other: string;
  readonly skip: string;
  readonly steps: string;
  readonly notices: string;
  readonly screens: Readonly<Record<ScreenName, string>>;
  readonly darkTheme: string;
  readonly footer: {
    readonly privacy: string;
    readonly licences: string;
    machine(adapter: string): string;
    storage(used: string, quota: string): string;
  };
  readonly update: { readonly ready: string; readonly load: string };
  readonly doing: Readonly<Record<State["doing"], string>>;
  /** What faults mean and what to do about them. */
  readonly faults: Readonly<Record<FaultKind, string>>;
  readonly details: string;
  readonly close: string;
  readonly software: string;
  readonly hidden: string;
  readonly unkept: string;
  readonly images: {
    readonly title: string;
    readonly lead: string;
    readonly drop: string;
    readonly layouts: string;
    readonly folder: string;
    readonly archive: string;
    readonly demo: Explained & { readonly use: string };
    readonly camera: Explained & { readonly use: string };
    readonly reading: string;
    readonly empty: string;
    readonly opened: string;
    readonly classes: string;
    counts(train: string, validation: string): string;
    share(percent: string): string;
    thumbnail(name: string): string;
    readonly notes: string;
    leftOut(count: string): string;
    readonly file: string;
    readonly reason: string;
    readonly next: string;
    readonly again: string;
  };
  readonly runs: {
    readonly title: string;
    unfinished(model: string, epoch: string, epochs: string, when: string): string;
    finished(model: string, auc: string, when: string): string;
    from(source: string, size: string): string;
    readonly proceed: string;
    readonly look: string;
    readonly remove: string;
    removing(run: string): string;
    needsImages(source: string): string;
    readonly giveUp: string;
  };
  readonly cameraTitle: string;
  readonly cameraLead: string;
  readonly cameraName: string;
  cameraClass(number: string): string;
  readonly cameraTake: string;
  cameraTaken(name: string, count: string): string;
  readonly cameraUse: string;
  readonly cameraNeeds: string;
  readonly cameraRefused: string;
  readonly cameraView: string;
  readonly cancel: string;
  /** A length of time, rounded. */
  duration(seconds: number): string;
}

/** Texts of choices, training, results and predictions. */
export interface RunTexts {
  readonly choices: {
    readonly title: string;
    readonly lead: string;
    readonly main: string;
    readonly more: string;
    readonly auto: string;
    readonly start: string;
    readonly none: string;
    readonly pick: string;
    readonly forget: string;
    readonly proceed: string;
    weights(name: string, model: string): string;
    checkpoint(name: string, model: string, classes: string): string;
    readonly recipes: Readonly<Record<NonNullable<TrainOptions["recipe"]>, string>>;
    readonly augments: Readonly<Record<PresetName, string>>;
    readonly schedules: Readonly<Record<NonNullable<TrainOptions["schedule"]>, string>>;
    readonly precisions: Readonly<Record<NonNullable<TrainOptions["precision"]>, string>>;
    between(least: string, most: string): string;
    readonly fields: Readonly<Record<ChoiceName, Explained>>;
  };
  readonly training: {
    readonly title: string;
    readonly none: string;
    epoch(epoch: string, epochs: string): string;
    step(step: string, steps: string): string;
    left(time: string): string;
    readonly pause: string;
    readonly resume: string;
    readonly stop: string;
    readonly proceed: string;
    readonly results: string;
    readonly progress: string;
    readonly loss: string;
    readonly accuracy: string;
    readonly speed: string;
    readonly perSecond: string;
    readonly best: string;
    readonly plan: string;
    planned(parameters: string, size: string, batch: string, memory: string): string;
    ended(best: string): string;
    stopped(epoch: string, epochs: string): string;
    readonly epochs: string;
    readonly notes: string;
    validated(epoch: string, auc: string, accuracy: string): string;
  };
  readonly curves: {
    readonly epoch: string;
    readonly loss: string;
    readonly training: string;
    readonly validation: string;
    readonly accuracy: string;
    readonly auc: string;
    readonly rate: string;
    readonly speed: string;
    readonly roc: string;
    readonly chance: string;
    readonly falsePositive: string;
    readonly truePositive: string;
    drawn(title: string, latest: string): string;
  };
  readonly results: {
    readonly title: string;
    readonly none: string;
    readonly reading: string;
    at(epoch: string, images: string): string;
    interval(ends: string): string;
    readonly scores: string;
    readonly score: string;
    readonly value: string;
    readonly names: Readonly<Record<ScoreName, string>>;
    readonly classes: string;
    readonly class: string;
    readonly images: string;
    readonly precision: string;
    readonly recall: string;
    readonly confusion: string;
    readonly trueCalled: string;
    readonly undefined: string;
    readonly mistakes: string;
    readonly mistakesLead: string;
    readonly noMistakes: string;
    readonly noImages: string;
    readonly showMistakes: string;
    mistake(label: string, taken: string, probability: string): string;
    readonly seen: string;
    readonly heat: string;
    readonly downloads: string;
    readonly files: Readonly<Record<DownloadKind, Explained>>;
    readonly predict: string;
  };
  readonly predict: {
    readonly title: string;
    readonly lead: string;
    readonly none: string;
    with(run: string): string;
    withWeights(name: string): string;
    readonly drop: string;
    readonly files: string;
    readonly folder: string;
    readonly sample: Explained;
    readonly table: string;
    readonly name: string;
    readonly taken: string;
    probability(name: string): string;
    predicted(count: string): string;
    first(shown: string, count: string): string;
    readonly submission: string;
    readonly doubts: string;
    doubt(name: string, taken: string, probability: string): string;
    leftOut(count: string): string;
  };
}

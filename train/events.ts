/** What a run says while it works, as typed events. How they look is in log.ts. */

import type { Precision } from "../engine/compile/program.ts";
import type { Preprocessing } from "../models/pretrained.ts";
import type { Scores } from "./metrics/scores.ts";
import type { ScoreSheet } from "./score_sheet.ts";
import type { Tasted } from "./soup.ts";
import type { Doubts, ScoreRange } from "./submission.ts";

/** A sentence worth knowing; `"warning"` when a person may want to act on it. */
export interface NoteEvent {
  /** Tells events apart. */
  readonly event: "note" | "warning";
  /** One sentence. */
  readonly text: string;
}

/** Everything a run understood of its data, device and flags, said before the first step. */
export interface PlanEvent {
  /** Tells events apart. */
  readonly event: "plan";
  /** Where the images come from, for people. */
  readonly source: string;
  /** The classes and how many images each has. */
  readonly classes: readonly ClassCount[];
  /** The adapter as it calls itself. */
  readonly adapter: string;
  /** Whether it computes on the processor. */
  readonly software: boolean;
  /** Name of the model. */
  readonly model: string;
  /** Parameters of the model. */
  readonly parameters: number;
  /** Those of them that are trained. */
  readonly trained: number;
  /** Stages of the model that stay as they are, by name. */
  readonly frozen: readonly string[];
  /** Whether all norms keep and use their running statistics. */
  readonly "frozen_norm": boolean;
  /** Whether the backward pass computes activations again instead of keeping them. */
  readonly recompute: boolean;
  /** As what activations and their gradients are kept. */
  readonly precision: Precision;
  /** Side of the square the model sees, in pixels. */
  readonly size: number;
  /** Shorter side an image is resized to before it is cropped to `size`, in pixels. */
  readonly resize: number;
  /** How images are resized and normalised. */
  readonly preprocessing: Preprocessing;
  /** Images in a batch. */
  readonly batch: number;
  /** Epochs of the run. */
  readonly epochs: number;
  /** Steps of an epoch. */
  readonly steps: number;
  /** Images that each epoch leaves out because they do not fill a batch. */
  readonly dropped: number;
  /** In words. */
  readonly optimizer: string;
  /** In words. */
  readonly schedule: string;
  /** What is done to training images. */
  readonly augment: string;
  /** What everything random follows from. */
  readonly seed: number;
  /** GPU dispatches of a training step. */
  readonly dispatches: number;
  /** Bytes a training step moves for one image. */
  readonly "bytes_per_image": number;
  /** Bytes of GPU memory that the programs hold. */
  readonly "buffer_bytes": number;
  /** Bytes of it that the forward pass of a step leaves for the backward pass. */
  readonly "kept_bytes": number;
  /** The run folder. */
  readonly run: string;
}

/** How many images of a class each part of the data holds. */
export interface ClassCount {
  /** Of the class. */
  readonly name: string;
  /** Images to learn from. */
  readonly train: number;
  /** Images to check with. */
  readonly validation: number;
}

/** Progress within an epoch: means over the steps since the last such event. */
export interface StepEvent {
  /** Tells events apart. */
  readonly event: "step";
  /** From 1. */
  readonly epoch: number;
  /** Epochs of the run. */
  readonly epochs: number;
  /** Steps done in this epoch, of `steps`. */
  readonly step: number;
  /** Steps of an epoch. */
  readonly steps: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Share of images that were called right. */
  readonly accuracy: number;
  /** The learning rate. */
  readonly lr: number;
  /** Images a second. */
  readonly "img_per_s": number;
  /** Share of the time that was spent waiting for images, 0 to 1. */
  readonly waiting: number;
  /** Seconds until the whole run is expected to end. */
  readonly "eta_s": number;
}

/** A finished epoch: training means, and the validation set's scores. */
export interface EpochEvent extends Scores {
  /** Tells events apart. */
  readonly event: "epoch";
  /** From 1. */
  readonly epoch: number;
  /** Epochs of the run. */
  readonly epochs: number;
  /** Steps done since the run began. */
  readonly step: number;
  /** The learning rate. */
  readonly lr: number;
  /** Mean loss of its steps. */
  readonly "train_loss": number;
  /** Share of its training images that were called right. */
  readonly "train_accuracy": number;
  /** True for the best epoch so far. */
  readonly best: boolean;
  /** Images a second. */
  readonly "img_per_s": number;
  /** Share of the time that was spent waiting for images, 0 to 1. */
  readonly waiting: number;
  /** Its time, validation included. */
  readonly seconds: number;
}

/** Validation numbers of one epoch: these three, and what was monitored. */
export interface Score extends Partial<Scores> {
  /** From 1. */
  readonly epoch: number;
  /** Share of images that were called right. */
  readonly accuracy: number;
  /** Area under the ROC curve. */
  readonly auc: number;
  /** Mean cross-entropy. */
  readonly loss: number;
}

/** Progress of evaluation or prediction. */
export interface ProgressEvent {
  /** Tells events apart. */
  readonly event: "progress";
  /** Images done, of `total`; each pass counts. */
  readonly done: number;
  /** Images there are; each pass counts. */
  readonly total: number;
  /** Images a second. */
  readonly "img_per_s": number;
  /** Seconds until all are expected to be done. */
  readonly "eta_s": number;
}

/** The end of training; the last line of `train --json`. */
export interface EndEvent {
  /** Tells events apart. */
  readonly event: "end";
  /** Numbers of the best epoch. */
  readonly best: Score;
  /** What validation gave at the best epoch, in full. */
  readonly validation?: ScoreSheet;
  /** The run folder. */
  readonly run: string;
  /** The page that shows the run. */
  readonly report?: string;
  /** Images a second. */
  readonly "img_per_s": number;
  /** Commands that use what was trained. */
  readonly next: readonly string[];
}

/** Numbers of a checkpoint on labelled images; the last line of `eval --json`. */
export interface EvalEvent extends ScoreSheet {
  /** Tells events apart. */
  readonly event: "eval";
}

/** A written submission, read back and checked; the last line of `predict --json`. */
export interface PredictEvent extends ScoreRange {
  /** Tells events apart. */
  readonly event: "predict";
  /** The file. */
  readonly out: string;
  /** The sample whose names the rows have, in its order; absent where images are in the order of theirs. */
  readonly sample?: string;
  /** Rows. */
  readonly n: number;
  /** How many checkpoints were asked. */
  readonly checkpoints: number;
  /** Views of each image that each of them was shown beside the plain one, or in its place; 0 for that alone. */
  readonly passes: number;
  /** Images a second. */
  readonly "img_per_s": number;
}

/** A part of a prediction in its file; the last line of `predict --shard --json`. */
export interface PartEvent {
  /** Tells it from other events. */
  readonly event: "part";
  /** Its file. */
  readonly out: string;
  /** Which part it is, from 0. */
  readonly index: number;
  /** How many parts there are. */
  readonly count: number;
  /** Images of the part. */
  readonly n: number;
  /** Whether it was there already, so that nothing was computed. */
  readonly found: boolean;
  /** Views of images each second, where some were computed. */
  readonly "img_per_s"?: number;
}

/** A submission put together of parts, read back and checked; the last line of `merge --json`. */
export interface MergeEvent extends ScoreRange {
  /** Tells it from other events. */
  readonly event: "merge";
  /** The file. */
  readonly out: string;
  /** How many there were. */
  readonly parts: number;
  /** Rows. */
  readonly n: number;
}

/** The images that a prediction is least sure of. */
export interface DoubtsEvent extends Doubts {
  /** Tells events apart. */
  readonly event: "doubts";
}

/** A written average of weights; the last line of `soup --json`. */
export interface SoupEvent extends Pick<Score, "auc" | "accuracy" | "loss"> {
  /** Tells events apart. */
  readonly event: "soup";
  /** The file. */
  readonly out: string;
  /** Every ingredient, the best alone first. */
  /** Every ingredient, the best alone first. */
  readonly tasted: readonly Tasted[];
}

/** A written model; the only line of `export --json`. */
export interface ExportEvent {
  /** Tells events apart. */
  readonly event: "export";
  /** The file. */
  readonly out: string;
  /** Of the file. */
  readonly format: "safetensors" | "onnx";
  /** Of the weights. */
  readonly precision: "f32" | "f16";
  /** Name of the model. */
  readonly model: string;
  /** Of the file. */
  readonly bytes: number;
  /**
   * What half precision did: the largest change relative to its number, and the largest of numbers below
   * 2⁻¹⁴, which are stored with fewer bits.
   */
  readonly rounding?: { readonly relative: number; readonly absolute: number };
}

/** Anything that a command says. */
export type RunEvent =
  | NoteEvent
  | PlanEvent
  | StepEvent
  | EpochEvent
  | ProgressEvent
  | EndEvent
  | EvalEvent
  | PredictEvent
  | PartEvent
  | MergeEvent
  | DoubtsEvent
  | SoupEvent
  | ExportEvent;

/** Takes what a run says. */
export type Reporter = (event: RunEvent) => void;

/** What a worker answers, as types: data, weights, runs and what came of them. Says nothing of how it is asked. */
/// <reference lib="dom" />

import type { Doubts, ScoreSheet } from "../mod.ts";

/** What was understood of data. */
export interface DataSummary {
  /** For people. */
  readonly source: string;
  readonly classes: readonly {
    readonly name: string;
    readonly train: number;
    readonly validation: number;
  }[];
  /** What was understood and left aside, one sentence each. */
  readonly notes: readonly string[];
  /** Images that cannot be used, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** A few training images of each class, small, to look at; undefined where none were made. */
  readonly pictures?: readonly (readonly Blob[])[];
}

/** What is known of a weights file. */
export interface WeightsSummary {
  readonly name: string;
  readonly model: string;
  /** Whether it is a checkpoint of verity, which knows its classes and how images are prepared. */
  readonly checkpoint: boolean;
  /** Whether a run goes on from it: it holds the state of an optimizer. */
  readonly continues: boolean;
  readonly classes?: readonly string[];
  readonly size?: number;
  /** Epochs done. */
  readonly epoch?: number;
  readonly preprocessing: {
    readonly mean: readonly number[];
    readonly std: readonly number[];
    readonly interpolation: string;
  };
}

/** How a run ended. */
export interface Ended {
  readonly run: string;
  /** Epochs done, of `epochs`. */
  readonly epoch: number;
  readonly epochs: number;
  /** Whether it was stopped before its end: it can be continued. */
  readonly stopped: boolean;
  /** Numbers of the best epoch; undefined where none was finished. */
  readonly best?: {
    readonly epoch: number;
    readonly auc: number;
    readonly accuracy: number;
    readonly loss: number;
  };
}

/** A run of this browser. */
export interface SavedRun {
  /** Its name, which others ask by. */
  readonly run: string;
  readonly model: string;
  readonly size: number;
  readonly classes: readonly string[];
  /** Epochs finished, of `epochs`. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in all. */
  readonly step: number;
  /** The AUC of the best epoch; undefined where none was finished. */
  readonly auc?: number;
  /** Of the last save, in milliseconds since 1970. */
  readonly saved: number;
  /** Whether it has epochs left. */
  readonly unfinished: boolean;
  /** Where its images came from, for people. */
  readonly source: string;
  /** Whether its images can be read without asking for them: made, kept, or of a folder that may still be read. */
  readonly data: boolean;
  readonly bytes: number;
}

/** Points of a curve. */
export interface Curve {
  /** False positive rate, rising. */
  readonly x: Float64Array;
  /** True positive rate. */
  readonly y: Float64Array;
}

/** What validation gave at the best epoch. */
export interface Results {
  readonly run: string;
  readonly epoch: number;
  /** All numbers, the confusion among them. */
  readonly sheet: ScoreSheet;
  /** ROC of class 1, or of each class against the others where there are more than two. */
  readonly roc: readonly (Curve & { readonly name: string })[];
  /** A row for each epoch and each reading within it, for charts of runs that are over. */
  readonly epochs: readonly Readonly<Record<string, number>>[];
  readonly steps: readonly {
    readonly epoch: number;
    readonly step: number;
    readonly loss: number;
    readonly accuracy: number;
    readonly lr: number;
  }[];
}

/** An image that was taken for another class. */
export interface Mistake {
  readonly name: string;
  /** Names of the class it is of and of the one it was taken for, and the probability of the latter. */
  readonly label: string;
  readonly taken: string;
  readonly probability: number;
  /** As the model sees it. */
  readonly image: Blob;
  /** With where the model looks (Grad-CAM) laid over it. */
  readonly heat: Blob;
}

/** Predicted images. */
export interface Predicted {
  readonly classes: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    /** The class it is taken for. */
    readonly taken: string;
    /** One for each class. */
    readonly probabilities: readonly number[];
  }[];
  /** Images that were left out, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  readonly doubts: Doubts;
  /** `submission.csv`. */
  readonly submission: Blob;
}

/** What of a run can be taken away: `best` and `last` are checkpoints, `last` goes on on the command line. */
export type DownloadKind = "best" | "last" | "onnx" | "report" | "metrics";

/** A file to save. */
export interface Download {
  readonly name: string;
  readonly blob: Blob;
}

/** What the page and its worker say to each other, as types. Neither sends nor answers anything. */
/// <reference lib="dom" />

import type { PresetName, RunEvent } from "../mod.ts";
import type {
  DataSummary,
  Download,
  DownloadKind,
  Ended,
  Mistake,
  Predicted,
  Results,
  SavedRun,
  WeightsSummary,
} from "./answers.ts";

export type * from "./answers.ts";

/**
 * What a page may ask, by name: what goes with it and what comes back. One after the other; `pause`, `resume`,
 * `stop`, `machine` and `runs` are answered at any time, all others are refused with a `busy` fault while one is
 * under way.
 */
export interface Requests {
  /** Looks for a device and at the room for runs. Never fails. */
  machine: { with: undefined; gives: Machine };
  /** Reads names and labels, and decodes every image once where `check` is set. Replaces the data that was open. */
  openData: { with: OpenData; gives: DataSummary };
  /** Reads weights: a safetensors file or a PyTorch file of a model, or a checkpoint. Replaces those that were open. */
  openWeights: { with: { readonly file: File; readonly model?: string }; gives: WeightsSummary };
  /** Forgets weights: the next run begins at random. */
  closeWeights: { with: undefined; gives: void };
  /** Trains on the open data, from the open weights where there are some; answered when the run ends or stops. */
  train: { with: TrainOptions; gives: Ended };
  /** Trains a saved run to its end, on the open data, or on its own where {@linkcode SavedRun.data} says `true`. */
  continueRun: { with: { readonly run: string; readonly epochs?: number }; gives: Ended };
  /** Trains the run whose checkpoint is open (`last.safetensors` of the command line) to its end, as a run of this browser. */
  continueWeights: { with: { readonly epochs?: number }; gives: Ended };
  /** Waits after the step under way. */
  pause: { with: undefined; gives: void };
  /** Goes on after {@linkcode Requests.pause}. */
  resume: { with: undefined; gives: void };
  /** Ends the run after the step under way, saved; it can be continued. */
  stop: { with: undefined; gives: void };
  /** The runs of this browser, the newest first. */
  runs: { with: undefined; gives: readonly SavedRun[] };
  /** Removes a run with all its files. */
  removeRun: { with: { readonly run: string }; gives: void };
  /** What validation gave at the best epoch of a run, measured. */
  results: { with: { readonly run: string }; gives: Results };
  /** The worst mistakes of a run, where its images are open, with where the model looks. */
  mistakes: { with: { readonly run: string; readonly count?: number }; gives: readonly Mistake[] };
  /** Predicts images with the best epoch of a run, or with a checkpoint. */
  predict: { with: Predict; gives: Predicted };
  /** A file of a run. */
  download: { with: { readonly run: string; readonly what: DownloadKind }; gives: Download };
}

/** Name of a request. */
export type RequestName = keyof Requests;

/** A message to the worker. */
export type Request = {
  [Name in RequestName]: {
    readonly id: number;
    readonly ask: Name;
    readonly with: Requests[Name]["with"];
  };
}[RequestName];

/** A message from the worker: an answer to a request, or what it has to say. */
export type Message =
  | { readonly id: number; readonly gives: Requests[RequestName]["gives"] }
  | { readonly id: number; readonly fault: Fault }
  /** What a run says while it works. */
  | { readonly event: RunEvent }
  /** What the worker is doing now. */
  | { readonly state: State };

/** What a worker is doing; `run` is the name of the run, where it is about one. */
export interface State {
  readonly doing:
    | "nothing"
    /** Reads data or weights. */
    | "reading"
    /** Compiles programs. */
    | "preparing"
    | "training"
    | "paused"
    /** Writes a checkpoint and ends. */
    | "stopping"
    /** The device was lost: it is opened again, and the run goes on from its last save. */
    | "rebuilding"
    /** Measures or predicts. */
    | "looking";
  readonly run?: string;
}

/** Why something could not be done. Texts for people begin with the kind; the message says what exactly. */
export interface Fault {
  readonly kind: FaultKind;
  /** One sentence, in English: what could not be done, what is, what was needed. */
  readonly message: string;
}

/** What a person can do something about; `program` is a fault of ours. */
export type FaultKind =
  /** This browser has no WebGPU. */
  | "no-webgpu"
  /** WebGPU has no adapter here. */
  | "no-adapter"
  /** The device was lost, and again after it was opened anew. */
  | "device-lost"
  /** Model, size and batch do not fit the device. */
  | "memory"
  /** The browser gives no more room for files. */
  | "quota"
  /** Images or labels cannot be used. */
  | "data"
  /** A weights file or a checkpoint cannot be used. */
  | "weights"
  /** Options contradict each other. */
  | "options"
  /** The loss is no longer a number. */
  | "diverged"
  /** Something else is under way. */
  | "busy"
  | "program";

/** What runs here. */
export interface Machine {
  /** The adapter as it calls itself; undefined where there is none. */
  readonly adapter?: string;
  /** Whether it computes on the processor, slowly. */
  readonly software: boolean;
  /** Why there is no device. */
  readonly fault?: Fault;
  /** Names of the models that may be trained; the page imports no model. */
  readonly models?: readonly string[];
  /** Whether the browser promised to keep runs. */
  readonly persisted: boolean;
  /** Bytes of runs and other files, and those that the browser allows; undefined where it does not say. */
  readonly usedBytes?: number;
  readonly quotaBytes?: number;
}

/** Images as a person gives them. */
export type Source =
  /** Dropped or chosen files with their paths; a folder, an archive (zip, tar), label files beside image folders. */
  | { readonly kind: "files"; readonly files: readonly PlacedFile[] }
  /** A folder of this machine, which a run can be continued on without asking again. */
  | { readonly kind: "folder"; readonly handle: FileSystemDirectoryHandle }
  /** Generated portraits, half of them manipulated. */
  | { readonly kind: "demo" }
  /** Pictures of a camera, class by class. */
  | {
    readonly kind: "camera";
    readonly classes: readonly { readonly name: string; readonly images: readonly Blob[] }[];
  };

/** A file and where it lay in what was dropped. */
export interface PlacedFile {
  /** `faces/real/1.jpg`, the name alone for a single file. */
  readonly path: string;
  readonly file: File;
}

/** Data and how it is divided; as the flags of `train` call it. */
export interface OpenData {
  readonly source: Source;
  /** Share set aside for validation where the data has no such part. Default 0.2. */
  readonly validation?: number;
  /** Of that choice. Default 0. */
  readonly seed?: number;
  /** Decodes every image now, so that bad ones are known and left out. Default true. */
  readonly check?: boolean;
}

/** Options of a run, named as the flags of `train`; what is missing follows from the recipe. */
export interface TrainOptions {
  /** Default `auto`: `demo` on the demo, `fine-tune` from weights, else `scratch`. */
  readonly recipe?: "auto" | "fine-tune" | "scratch" | "reference" | "demo";
  readonly model?: string;
  readonly size?: number;
  readonly batch?: number;
  readonly epochs?: number;
  readonly lr?: number;
  readonly seed?: number;
  readonly optimizer?: "adam" | "adamw" | "sgd" | "lion" | "lamb" | "rmsprop";
  readonly weightDecay?: number;
  readonly schedule?: "cosine" | "one-cycle" | "step" | "constant";
  readonly warmup?: number;
  readonly labelSmoothing?: number;
  readonly augment?: PresetName;
  readonly ema?: number;
  readonly patience?: number;
  readonly precision?: "f32" | "f16";
  readonly logEvery?: number;
  /** What the run is called beside its date; default the model. */
  readonly name?: string;
  /** Seconds between two saves within an epoch; each epoch is saved too. Default 60. */
  readonly saveEvery?: number;
}

/** What to predict, with what. */
export interface Predict {
  /** A run of this browser, or the weights that are open where they are a checkpoint. */
  readonly run?: string;
  readonly source: Source;
  /** A sample submission, whose names and columns are taken. */
  readonly sample?: File;
}

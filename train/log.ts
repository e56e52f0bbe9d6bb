/** What a run says while it works: typed events, as lines for people or as JSON. Knows no terminal. */

/** A sentence worth knowing; `"warning"` when a person may want to act on it. */
export interface NoteEvent {
  readonly event: "note" | "warning";
  readonly text: string;
}

/** Everything a run understood of its data, device and flags, said before the first step. */
export interface PlanEvent {
  readonly event: "plan";
  /** Where the images come from, for people. */
  readonly source: string;
  readonly classes: readonly ClassCount[];
  readonly adapter: string;
  readonly software: boolean;
  readonly model: string;
  /** Trainable numbers of the model. */
  readonly parameters: number;
  /** Side of the square the model sees, in pixels. */
  readonly size: number;
  /** Shorter side an image is resized to before it is cropped to `size`, in pixels. */
  readonly resize: number;
  readonly batch: number;
  readonly epochs: number;
  readonly steps: number;
  /** Images that each epoch leaves out because they do not fill a batch. */
  readonly dropped: number;
  readonly optimizer: string;
  readonly schedule: string;
  readonly seed: number;
  /** GPU dispatches of a training step. */
  readonly dispatches: number;
  /** Bytes a training step moves for one image. */
  readonly "bytes_per_image": number;
  /** Bytes of GPU memory that the programs hold. */
  readonly "buffer_bytes": number;
  /** The run folder. */
  readonly run: string;
}

/** How many images of a class each part of the data holds. */
export interface ClassCount {
  readonly name: string;
  readonly train: number;
  readonly validation: number;
}

/** Progress within an epoch: means over the steps since the last such event. */
export interface StepEvent {
  readonly event: "step";
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly lr: number;
  readonly "img_per_s": number;
  /** Share of the time that was spent waiting for images, 0 to 1. */
  readonly waiting: number;
  /** Seconds until the whole run is expected to end. */
  readonly "eta_s": number;
}

/** A finished epoch: training means, then the validation set's numbers. */
export interface EpochEvent {
  readonly event: "epoch";
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done since the run began. */
  readonly step: number;
  readonly lr: number;
  readonly "train_loss": number;
  readonly "train_accuracy": number;
  /** Validation. */
  readonly loss: number;
  readonly accuracy: number;
  /** NaN where the validation set holds one class only. */
  readonly auc: number;
  /** True for the best epoch so far. */
  readonly best: boolean;
  readonly "img_per_s": number;
  readonly waiting: number;
  readonly seconds: number;
}

/** Validation numbers of one epoch. */
export interface Score {
  readonly epoch: number;
  readonly accuracy: number;
  readonly auc: number;
  readonly loss: number;
}

/** The end of training; the last line of `train --json`. */
export interface EndEvent {
  readonly event: "end";
  readonly best: Score;
  readonly run: string;
  readonly "img_per_s": number;
}

/** Numbers of a checkpoint on labelled images; the last line of `eval --json`. */
export interface EvalEvent {
  readonly event: "eval";
  readonly loss: number;
  readonly accuracy: number;
  readonly auc: number;
  /** Images. */
  readonly n: number;
}

/** A written submission; the last line of `predict --json`. */
export interface PredictEvent {
  readonly event: "predict";
  readonly out: string;
  /** Rows. */
  readonly n: number;
  readonly passes: number;
  readonly "img_per_s": number;
}

/** Anything that a command says. */
export type RunEvent =
  | NoteEvent
  | PlanEvent
  | StepEvent
  | EpochEvent
  | EndEvent
  | EvalEvent
  | PredictEvent;

/** Takes what a run says. */
export type Reporter = (event: RunEvent) => void;

/** Where a reporter writes. */
export interface ReporterOptions {
  /** Writes text for the machine or, without `json`, for people: standard output. */
  readonly out: (text: string) => void;
  /** Writes people's text when `out` carries JSON, and warnings always: standard error. */
  readonly err: (text: string) => void;
  /** One JSON object a line on `out`, people's text on `err`. */
  readonly json: boolean;
  /** Columns of the terminal that shows people's text; progress then overwrites its own line. */
  readonly columns?: number | undefined;
}

/**
 * A reporter that writes lines: progress overwrites itself on a terminal and is a line of its own
 * elsewhere, so that a log file is never flooded with control characters.
 */
export function lineReporter(options: ReporterOptions): Reporter {
  const people = options.json ? options.err : options.out;
  const scores: EpochEvent[] = [];
  let open = false; // A progress line stands unfinished on the terminal.
  return (event) => {
    if (options.json) options.out(`${jsonLine(event)}\n`);
    if (event.event === "epoch") scores.push(event);
    const text = event.event === "end" ? `${scoreTable(scores)}\n${textOf(event)}` : textOf(event);
    if (event.event === "step" && options.columns !== undefined) {
      people(`\r\x1b[2K${text.slice(0, Math.max(1, options.columns - 1))}`);
      open = true;
      return;
    }
    if (open) people("\r\x1b[2K");
    open = false;
    (event.event === "warning" ? options.err : people)(`${text}\n`);
  };
}

/** The event as one line of JSON, without its line end; numbers that JSON lacks become `null`. */
export function jsonLine(event: RunEvent): string {
  return JSON.stringify(event);
}

/** The event as text for people, without its last line end. */
export function textOf(event: RunEvent): string {
  switch (event.event) {
    case "note":
      return event.text;
    case "warning":
      return `Warning: ${event.text}`;
    case "plan":
      return planText(event);
    case "step":
      return [
        `epoch ${event.epoch}/${event.epochs}`,
        `step ${String(event.step).padStart(String(event.steps).length)}/${event.steps}`,
        `loss ${event.loss.toFixed(4)}`,
        `accuracy ${percent(event.accuracy)}`,
        `lr ${event.lr.toPrecision(3)}`,
        `${event["img_per_s"].toFixed(1)} img/s`,
        `waiting for data ${percent(event.waiting)}`,
        `ETA ${duration(event["eta_s"])}`,
      ].join("  ");
    case "epoch":
      return `epoch ${event.epoch}/${event.epochs}  training: loss ${
        event["train_loss"].toFixed(4)
      }, accuracy ${percent(event["train_accuracy"])}  validation: loss ${
        event.loss.toFixed(4)
      }, accuracy ${percent(event.accuracy)}, AUC ${decimal(event.auc)}${
        event.best ? " (best so far)" : ""
      }  ${duration(event.seconds)}`;
    case "end":
      return `Best epoch ${event.best.epoch}: AUC ${decimal(event.best.auc)}, accuracy ${
        percent(event.best.accuracy)
      }, loss ${event.best.loss.toFixed(4)}; ${event["img_per_s"].toFixed(1)} img/s in training\n` +
        `Run folder: ${event.run}`;
    case "eval":
      return `loss ${event.loss.toFixed(4)}  accuracy ${percent(event.accuracy)}  AUC ${
        decimal(event.auc)
      }  on ${event.n} images`;
    case "predict":
      return `Wrote ${event.n} rows to ${event.out} (${
        event.passes === 1 ? "one pass" : `mean of ${event.passes} augmented passes`
      }, ${event["img_per_s"].toFixed(1)} img/s)`;
    default:
      return event satisfies never;
  }
}

/** Seconds as `m:ss` or `h:mm:ss`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const tail = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

function planText(plan: PlanEvent): string {
  const count = (part: "train" | "validation") => {
    const total = plan.classes.reduce((sum, c) => sum + c[part], 0);
    return `${total} images: ${
      plan.classes.map((c, k) => `${k} = ${c.name} ${c[part]}`).join(", ")
    }`;
  };
  const drops = plan.dropped === 0
    ? ""
    : `; the last, smaller batch (${plan.dropped} images) is dropped`;
  const rows = [
    ["data", plan.source],
    ["training", count("train")],
    ["validation", count("validation")],
    ["adapter", plan.adapter],
    [
      "model",
      `${plan.model}, ${
        millions(plan.parameters)
      } parameters, ${plan.size} × ${plan.size} pixels ` +
      `(cut from ${plan.resize})`,
    ],
    ["plan", `${plan.epochs} epochs of ${plan.steps} steps of ${plan.batch} images${drops}`],
    [
      "",
      `${plan.dispatches} dispatches a step, ${
        millions(plan["bytes_per_image"])
      }B moved an image, ` +
      `${millions(plan["buffer_bytes"])}B of buffers`,
    ],
    ["optimizer", `${plan.optimizer}, ${plan.schedule}, seed ${plan.seed}`],
    ["run", plan.run],
  ];
  return rows.map(([name = "", text]) => `${name.padEnd(11)}${text}`).join("\n");
}

function scoreTable(epochs: readonly EpochEvent[]): string {
  const rows = epochs.map((e) =>
    `${String(e.epoch).padStart(5)}  ${e["train_loss"].toFixed(4).padStart(13)}  ` +
    `${e.loss.toFixed(4).padStart(15)}  ${percent(e.accuracy).padStart(8)}  ${
      decimal(e.auc).padStart(6)
    }`
  );
  return ["epoch  training loss  validation loss  accuracy     AUC", ...rows].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function decimal(value: number): string {
  return Number.isNaN(value) ? "undefined" : value.toFixed(4);
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(1)} M`;
}

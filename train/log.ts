/** What a run says, as lines for people and as JSON. Knows no terminal. */

import type { EndEvent, EpochEvent, ExportEvent, PlanEvent, Reporter, RunEvent } from "./events.ts";
import { doubtsText, mergeText, partText, predictText, soupText } from "./answer_texts.ts";
import { scoreLines, scoreText } from "./score_tables.ts";

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
  const terminal = options.columns !== undefined;
  let open = false; // A progress line stands unfinished on the terminal.
  let rows = false; // What was written last is a row of the table of epochs.
  const shown = (event: RunEvent) => {
    // On a terminal each epoch is a row of one table; elsewhere lines of progress stand between them.
    if (event.event === "epoch" && terminal) {
      return [...rows ? [] : [EPOCH_HEAD], epochRow(event)].join("\n");
    }
    if (event.event === "end" && !terminal) return `${scoreTable(scores)}\n\n${textOf(event)}`;
    return event.event === "end" ? `\n${textOf(event)}` : textOf(event);
  };
  return (event) => {
    // Numbers that JSON lacks become null.
    if (options.json) options.out(`${JSON.stringify(event)}\n`);
    if (event.event === "epoch") scores.push(event);
    const text = shown(event);
    if (options.columns !== undefined && (event.event === "step" || event.event === "progress")) {
      people(`\r\x1b[2K${text.slice(0, Math.max(1, options.columns - 1))}`);
      open = true;
      return;
    }
    if (open) people("\r\x1b[2K");
    open = false;
    rows = event.event === "epoch";
    (event.event === "warning" ? options.err : people)(`${text}\n`);
  };
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
      // Short words: it has to fit 80 columns.
      return [
        `epoch ${event.epoch}/${event.epochs}`,
        `${String(event.step).padStart(String(event.steps).length)}/${event.steps}`,
        `loss ${event.loss.toFixed(4)}`,
        `acc ${(100 * event.accuracy).toFixed(1)}%`,
        `lr ${event.lr.toPrecision(3)}`,
        `${event["img_per_s"].toFixed(1)} img/s`,
        `wait ${(100 * event.waiting).toFixed(0)}%`,
        `ETA ${duration(event["eta_s"])}`,
      ].join(" ");
    case "epoch":
      return `epoch ${event.epoch}/${event.epochs}  training: loss ${
        event["train_loss"].toFixed(4)
      }, accuracy ${scoreText("accuracy", event["train_accuracy"])}  validation: loss ${
        event.loss.toFixed(4)
      }, accuracy ${scoreText("accuracy", event.accuracy)}, AUC ${scoreText("auc", event.auc)}${
        event.best ? " (best so far)" : ""
      }  ${duration(event.seconds)}`;
    case "progress":
      return `${event.done}/${event.total} images  ${event["img_per_s"].toFixed(1)} img/s  ETA ${
        duration(event["eta_s"])
      }`;
    case "end":
      return endText(event);
    case "eval":
      return [`${event.n} images`, ...scoreLines(event)].join("\n");
    case "predict":
      return predictText(event);
    case "part":
      return partText(event);
    case "merge":
      return mergeText(event);
    case "doubts":
      return doubtsText(event);
    case "soup":
      return soupText(event);
    case "export":
      return `Wrote ${event.model} to ${event.out} (${event.format}, ${event.precision}, ${
        millions(event.bytes)
      }B)${event.rounding ? `\n${roundingText(event.rounding)}` : ""}`;
    default:
      return event satisfies never;
  }
}

/** The best epoch in full, and what to do with it. */
function endText({ best, validation, run, report, next, "img_per_s": rate }: EndEvent): string {
  return [
    ...validation ? [`Validation at epoch ${best.epoch}:`, ...scoreLines(validation), ""] : [],
    `Best epoch ${best.epoch}: AUC ${scoreText("auc", best.auc)}, accuracy ${
      scoreText("accuracy", best.accuracy)
    }, loss ${best.loss.toFixed(4)}; ${rate.toFixed(1)} img/s in training`,
    `Run folder: ${run}`,
    ...report === undefined ? [] : [`Report: ${report}`],
    "Next:",
    ...next.map((command) => `  ${command}`),
  ].join("\n");
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
    const named = (name: string, k: number) =>
      name === `${k}` ? `class ${k}` : `class ${k} (${name})`;
    return `${total} images: ${
      plan.classes.map((c, k) => `${c[part]} of ${named(c.name, k)}`).join(", ")
    }`;
  };
  const drops = plan.dropped === 0
    ? ""
    : `; the last, smaller batch of an epoch (${plan.dropped} images) is dropped`;
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
    [
      "images",
      `${plan.preprocessing.interpolation}, minus ${plan.preprocessing.mean.join(" ")}, ` +
      `divided by ${plan.preprocessing.std.join(" ")}` +
      (plan.preprocessing.tag === undefined ? "" : `, as ${plan.preprocessing.tag} has it`),
    ],
    ...tuningText(plan).map((text, i) => [i === 0 ? "tuning" : "", text]),
    ["plan", `epochs: ${plan.epochs}, each ${plan.steps} steps of ${plan.batch} images${drops}`],
    [
      "",
      `${plan.dispatches} dispatches a step, ${
        millions(plan["bytes_per_image"])
      }B moved an image, ` +
      `${millions(plan["buffer_bytes"])}B of buffers, ${
        millions(plan["kept_bytes"])
      }B kept for the backward pass${plan.precision === "f16" ? ", as halves" : ""}`,
    ],
    ["augment", plan.augment],
    ["optimizer", `${plan.optimizer}, ${plan.schedule}, seed ${plan.seed}`],
    ["run", plan.run],
  ];
  return rows.map(([name = "", text]) => `${name.padEnd(11)}${text}`).join("\n");
}

function roundingText({ relative, absolute }: NonNullable<ExportEvent["rounding"]>): string {
  return `Half precision changes numbers by at most ${(100 * relative).toFixed(3)} %, ` +
    `those below ${(2 ** -14).toExponential(1)} by at most ${absolute.toExponential(1)}`;
}

/** What of the model is trained, and how; nothing where all of it is, in the plain way. */
function tuningText(plan: PlanEvent): string[] {
  const { frozen, trained, parameters } = plan;
  const stages = frozen.length > 1
    ? `${frozen[0]} to ${frozen.at(-1)}, ${frozen.length} stages`
    : `${frozen[0]}, 1 stage`;
  const share = `${count(trained)} of ${count(parameters)} parameters`;
  return [
    ...frozen.length > 0 ? [`frozen: ${stages}; trained: ${share}`] : [],
    ...plan["frozen_norm"] ? ["frozen norms: running statistics are used and kept"] : [],
    ...plan.recompute ? ["blocks are computed again in the backward pass"] : [],
  ];
}

const EPOCH_HEAD =
  "epoch  training loss  accuracy  validation loss  accuracy     AUC  average precision   time";

function epochRow(e: EpochEvent): string {
  const cells = [
    String(e.epoch).padStart(5),
    e["train_loss"].toFixed(4).padStart(13),
    scoreText("accuracy", e["train_accuracy"]).padStart(8),
    e.loss.toFixed(4).padStart(15),
    scoreText("accuracy", e.accuracy).padStart(8),
    scoreText("auc", e.auc).padStart(6),
    scoreText("average_precision", e["average_precision"]).padStart(17),
    duration(e.seconds).padStart(5),
  ];
  return cells.join("  ") + (e.best ? "  best so far" : "");
}

function scoreTable(epochs: readonly EpochEvent[]): string {
  return [EPOCH_HEAD, ...epochs.map(epochRow)].join("\n");
}

function count(value: number): string {
  return value < 1e5 ? String(value) : millions(value);
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(1)} M`;
}

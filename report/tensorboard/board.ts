/** A run's events as a file for TensorBoard, record by record. Knows no format. */

import { encodePng } from "../../data/encode.ts";
import { type Files, join } from "../../data/files.ts";
import type { Image } from "../../data/image.ts";
import type { Outputs } from "../../train/evaluate.ts";
import type { EpochEvent, RunEvent, StepEvent } from "../../train/events.ts";
import { SCORE_NAMES } from "../../train/metrics/scores.ts";
import { softmax } from "../../train/metrics/probabilities.ts";
import {
  fileVersion,
  formatEvent,
  prCurve,
  scalar,
  SESSION_START,
  type SummaryValue,
} from "./events.ts";

/** Classes up to which each has a PR curve. */
const CURVES = 10;

/** Where a run goes on. */
export interface BoardOptions {
  /** Steps done; what files before have of later ones is forgotten. Default 0. */
  readonly step?: number;
  /** Milliseconds since 1970. Default now. */
  readonly now?: number;
}

/** Writes the event file of one session of a run; calls must not overlap. */
export class Board {
  readonly #files: Files;
  readonly #path: string;

  private constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Begins a file `events.out.tfevents.…` in a folder. */
  static async open(files: Files, folder: string, options: BoardOptions = {}): Promise<Board> {
    const { step = 0, now = Date.now() } = options;
    const name = `events.out.tfevents.${String(Math.floor(now / 1000)).padStart(10, "0")}.verity.` +
      String(now % 1000).padStart(3, "0");
    const board = new Board(files, join(folder, name));
    const wallTime = now / 1000;
    const start = { wallTime, step, sessionLog: { status: SESSION_START } };
    await board.#append(...[fileVersion(wallTime), start].map(formatEvent));
    return board;
  }

  /** Keeps the numbers of an event; most kinds have none. */
  async add(event: RunEvent): Promise<void> {
    if (event.event === "step") await this.#write(stepOf(event), stepValues(event));
    else if (event.event === "epoch") await this.#write(event.step, epochValues(event));
  }

  /** Keeps precision-recall curves of validation: of class 1 of two, of each of a few. */
  async addCurves(
    { logits, labels, classes: count }: Outputs,
    { classes, step }: { readonly classes: readonly string[]; readonly step: number },
  ): Promise<void> {
    const probabilities = softmax(logits, count);
    const measured = count === 2 ? [1] : [...classes.keys()].slice(0, CURVES);
    const values = measured.map((k) =>
      prCurve(`validation/${tagOf(`${k} ${classes[k]}`)}`, {
        scores: Float64Array.from(labels, (_, i) => probabilities[i * count + k]!),
        labels: Uint8Array.from(labels, (label) => label === k ? 1 : 0),
      })
    );
    await this.#write(step, values);
  }

  /** Keeps a picture among those of a group. */
  async addImage(
    image: Image,
    { group, name, step }: { readonly group: string; readonly name: string; readonly step: number },
  ): Promise<void> {
    const { width, height } = image;
    const tag = `${group}/${tagOf(name)}`;
    const encodedImageString = await encodePng(image);
    await this.#write(step, [{ tag, image: { width, height, colorspace: 3, encodedImageString } }]);
  }

  #write(step: number, value: readonly SummaryValue[]): Promise<void> {
    return this.#append(formatEvent({ wallTime: Date.now() / 1000, step, summary: { value } }));
  }

  /** One write for all: a reader sees whole records, but for the last one of a run that was killed. */
  async #append(...records: Uint8Array[]): Promise<void> {
    await this.#files.append(
      this.#path,
      new Uint8Array(await new Blob(records as BlobPart[]).arrayBuffer()),
    );
  }
}

/** A name as part of a tag, without signs that TensorBoard's requests cannot carry or its pages might take for HTML. */
function tagOf(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}.\- ]+/gu, "_");
}

/** Steps of the whole run. */
function stepOf({ epoch, steps, step }: StepEvent): number {
  return (epoch - 1) * steps + step;
}

function stepValues(event: StepEvent): SummaryValue[] {
  return [
    scalar("training/loss", event.loss),
    scalar("training/accuracy", event.accuracy),
    scalar("training/learning_rate", event.lr),
    scalar("speed/images_per_second", event["img_per_s"]),
    scalar("speed/waiting", event.waiting),
  ];
}

function epochValues(event: EpochEvent): SummaryValue[] {
  return [
    scalar("epoch/training_loss", event["train_loss"]),
    scalar("epoch/training_accuracy", event["train_accuracy"]),
    ...SCORE_NAMES.filter((name) => Number.isFinite(event[name]))
      .map((name) => scalar(`validation/${name}`, event[name])),
  ];
}

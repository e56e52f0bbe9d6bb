/** What a run has said so far, and the points of its curves. Asks nothing and draws nothing. */

import type { RunEvent } from "../mod.ts";
import type { Ended, Results } from "./messages.ts";

type Of<Name extends RunEvent["event"]> = Extract<RunEvent, { event: Name }>;

/** Numbers within an epoch. */
export type Reading = Pick<Of<"step">, "epoch" | "step" | "steps" | "loss" | "accuracy" | "lr"> & {
  readonly "img_per_s"?: number;
};

/** Numbers of a finished epoch. */
export type EpochRow =
  & Pick<Of<"epoch">, "epoch" | "loss" | "accuracy" | "auc" | "lr">
  & Partial<Pick<Of<"epoch">, "train_loss" | "train_accuracy" | "best" | "seconds">>;

/** Curves over one axis, epochs; null where one has no point. */
export interface Points {
  readonly x: readonly number[];
  readonly y: readonly (readonly (number | null)[])[];
}

/** Readings kept: of more, every other is dropped. */
const MOST = 2000;

/** A run as the page sees it. */
export class LiveRun {
  /** What the run is about to do; undefined before it says so. */
  plan: Of<"plan"> | undefined;
  /** The latest step. */
  step: Of<"step"> | undefined;
  /** Sentences, in English. */
  readonly notes: string[] = [];
  /** How it ended. */
  ended: Ended | undefined;
  #readings: Reading[] = [];
  #epochs: EpochRow[] = [];

  /** Begins with what a saved run knows of itself. */
  static of({ epochs, steps }: Pick<Results, "epochs" | "steps">): LiveRun {
    const run = new LiveRun();
    const last = new Map<number, number>([[0, 0]]);
    for (const { epoch, step } of steps) last.set(epoch, Math.max(step, last.get(epoch) ?? 0));
    // Steps are counted from the beginning of the run: those of an epoch begin behind the last of the one before.
    const before = (epoch: number) => last.get(epoch - 1) ?? 0;
    // The last epoch may be broken off: the longest is a whole one.
    const whole = Math.max(...[...last].map(([epoch, step]) => step - before(epoch)));
    run.#readings = steps.map((row) => ({
      ...row,
      step: row.step - before(row.epoch),
      steps: whole,
    }));
    run.#epochs = epochs.map((row) => row as unknown as EpochRow);
    return run;
  }

  /** Finished epochs, the first first. */
  get epochs(): readonly EpochRow[] {
    return this.#epochs;
  }

  /** Epochs of the whole run; 0 while that is not known. */
  get total(): number {
    return this.step?.epochs ?? this.plan?.epochs ?? this.ended?.epochs ?? 0;
  }

  /** Share of the run that is done, 0 to 1; undefined while that is not known. */
  get share(): number | undefined {
    if (this.ended && !this.ended.stopped) return 1;
    const done = Math.max(this.#epochs.at(-1)?.epoch ?? 0, this.step ? placeOf(this.step) : 0);
    return this.total > 0 ? Math.min(1, done / this.total) : undefined;
  }

  /** The highest AUC of validation so far. */
  get best(): number | undefined {
    const all = this.#epochs.map(({ auc }) => auc).filter(Number.isFinite);
    return all.length > 0 ? Math.max(...all) : undefined;
  }

  /** Takes what a run says. */
  hear(event: RunEvent): void {
    switch (event.event) {
      case "plan":
        this.plan = event;
        break;
      case "step":
        this.step = event;
        this.#goBackTo(placeOf(event));
        this.#readings.push(event);
        if (this.#readings.length > MOST) {
          this.#readings = this.#readings.filter((_, i) => i % 2 === 1);
        }
        break;
      case "epoch":
        this.#epochs = [...this.#epochs.filter(({ epoch }) => epoch < event.epoch), event];
        break;
      case "note":
      case "warning":
        this.notes.push(event.text);
    }
  }

  /** Loss of training and validation. */
  losses(): Points {
    return this.#merged(({ loss }) => loss, [({ loss }) => loss]);
  }

  /** Accuracy of training and validation, and AUC. */
  accuracies(): Points {
    return this.#merged(({ accuracy }) => accuracy, [({ accuracy }) => accuracy, ({ auc }) => auc]);
  }

  /** Learning rate. */
  rates(): Points {
    return this.#merged(({ lr }) => lr, []);
  }

  /** Images a second. */
  speeds(): Points {
    return this.#merged((reading) => reading["img_per_s"] ?? NaN, []);
  }

  /** A device that was lost, or a run that is continued, goes over steps again: what was read there is replaced. */
  #goBackTo(place: number): void {
    const last = this.#readings.at(-1);
    if (!last || placeOf(last) < place) return;
    this.#readings = this.#readings.filter((reading) => placeOf(reading) < place);
    this.#epochs = this.#epochs.filter(({ epoch }) => epoch < place);
  }

  #merged(
    ofReading: (reading: Reading) => number,
    ofEpoch: readonly ((row: EpochRow) => number)[],
  ): Points {
    const rows = new Map<number, (number | null)[]>();
    const at = (x: number) => {
      const row = rows.get(x) ?? new Array<number | null>(1 + ofEpoch.length).fill(null);
      rows.set(x, row);
      return row;
    };
    for (const reading of this.#readings) at(placeOf(reading))[0] = finite(ofReading(reading));
    if (ofEpoch.length > 0) {
      for (const row of this.#epochs) {
        ofEpoch.forEach((value, i) => at(row.epoch)[1 + i] = finite(value(row)));
      }
    }
    const x = [...rows.keys()].sort((a, b) => a - b);
    return {
      x,
      y: Array.from(
        { length: 1 + ofEpoch.length },
        (_, i) => x.map((place) => rows.get(place)![i]!),
      ),
    };
  }
}

/** Where in a run a reading lies, in epochs. */
function placeOf({ epoch, step, steps }: Pick<Reading, "epoch" | "step" | "steps">): number {
  return epoch - 1 + step / steps;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

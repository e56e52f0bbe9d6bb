/** An epoch of steps, what is said of them and what they amount to. Validates nothing. */

import type { ImageSet } from "./evaluate.ts";
import type { Reporter } from "./events.ts";
import type { FitOptions, Trainable } from "./fit.ts";
import type { Measured } from "./measured.ts";
import { trainingBatches } from "./training_batches.ts";
import { firstLossWarning } from "./warnings.ts";

/** The loss is no longer a finite number: the message names the epoch, the step and a remedy. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** How to train for an epoch. */
export interface EpochOptions extends Omit<FitOptions, "saving"> {
  /** From 0. */
  readonly epoch: number;
  /** How far it is already. */
  readonly begun?: EpochPoint | undefined;
  /** Keeps how far it is, where `ask` says so. */
  readonly saving: (point: EpochPoint) => Promise<void>;
  /** Steps of an epoch. */
  readonly steps: number;
  /** Seconds that a validation takes, for what is said of the time left. */
  readonly validationSeconds: number;
}

/** What an epoch amounts to. */
export interface Epoch {
  /** Its time, which goes on. */
  readonly clock: Clock;
  /** Means over its steps. */
  readonly mean: Mean;
  /** Steps that were taken. */
  readonly step: number;
  /** Of the last one. */
  readonly learningRate: number;
  /** Whether `ask` ended it. */
  readonly interrupted: boolean;
}

/** How far an epoch is, and what its steps so far amount to: with a session's states, all that going on needs. */
export interface EpochPoint {
  /** Steps taken. */
  readonly step: number;
  /** Steps taken when loss and accuracy were last read; those since are summed up in the session. */
  readonly read: number;
  /** Of the events so far. */
  readonly mean: Sums;
  /** Of the readings since the last event. */
  readonly now: Sums;
}

/** Sums over images. */
export interface Sums {
  readonly count: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** What `ask` may answer: to go on, to save first, or to save and then end. */
export type Answer = "go on" | "save" | "stop";

/** Takes the steps of an epoch. Throws {@linkcode DivergedError} when a loss is not finite. */
export async function trainEpoch(
  session: Trainable,
  images: ImageSet,
  options: EpochOptions,
  report: Reporter,
): Promise<Epoch> {
  const { epoch, epochs, steps, batch, accumulate = 1, schedule, logEvery, resume } = options;
  const { begun, ranks, ask = () => "go on" } = options;
  // The classes of a classifier that knows nothing yet.
  const fresh = resume === undefined && epoch === 0 ? options.fresh : undefined;
  const clock = new Clock();
  const mean = new Mean(begun?.mean);
  let now = new Mean(begun?.now); // Since the last event.
  const from = begun?.step ?? 0;
  let [step, read, added] = [from, begun?.read ?? 0, 0];
  let learningRate = from === 0 ? 0 : schedule.learningRate(epoch, from - 1);
  let interrupted = false;

  /** Reads what the steps since the last reading amount to, and says it where it is time. */
  const look = async (first: boolean) => {
    const logs = step % logEvery === 0 || step === steps;
    if (!first && !logs) return;
    const measured = await session.metrics();
    now.add(measured);
    const skipped = skippedText(measured, step - read, { epoch, step });
    if (skipped !== undefined) report({ event: "note", text: skipped });
    read = step;
    if (now.sums.count === 0) return; // no step was taken
    if (!Number.isFinite(now.loss)) throw diverged("training", now.loss, { epoch, step });
    const doubt = first && fresh !== undefined ? firstLossWarning(now.loss, fresh) : undefined;
    if (doubt !== undefined) report({ event: "warning", text: doubt });
    if (!logs) return;
    mean.add({ ...now.sums, loss: now.loss, accuracy: now.accuracy });
    const left = (epochs - epoch) * steps - step;
    report({
      event: "step",
      epoch: epoch + 1,
      epochs,
      step,
      steps,
      loss: now.loss,
      accuracy: now.accuracy,
      lr: learningRate,
      "img_per_s": clock.images / clock.seconds,
      waiting: Math.min(1, clock.waited / clock.seconds),
      "eta_s": left * clock.seconds / (step - from) +
        (epochs - epoch) * options.validationSeconds,
    });
    now = new Mean();
  };

  if (from === steps) return { clock, mean, step, learningRate, interrupted };
  for await (const examples of trainingBatches(images, options, epoch, from * accumulate)) {
    if (step === steps) break; // what is left fills no step
    clock.waited += examples.waited;
    if (accumulate > 1) {
      await session.accumulate(examples);
      if (++added % accumulate !== 0) continue;
    }
    learningRate = schedule.learningRate(epoch, step);
    const beta1 = schedule.beta1?.(epoch, step);
    const rates = beta1 === undefined ? { learningRate } : { learningRate, beta1 };
    if (accumulate > 1) await session.update(rates);
    else await session.step(examples, rates);
    step++;
    clock.images = batch * (ranks?.size ?? 1) * accumulate * (step - from);
    await look(step === 1 && fresh !== undefined);
    const answer = await ask({ after: "step", step: epoch * steps + step });
    interrupted = answer === "stop";
    // An epoch whose steps are done is kept with what validation says of it.
    if (interrupted || answer === "save" && step < steps) {
      await options.saving({ step, read, mean: mean.sums, now: now.sums });
    }
    if (interrupted) break;
  }
  return { clock, mean, step, learningRate, interrupted };
}

/** Time and images of an epoch, or of what was left of it. */
class Clock {
  readonly #start = performance.now();
  images = 0;
  waited = 0;

  /** Seconds since the epoch began. */
  get seconds(): number {
    return Math.max(1e-9, (performance.now() - this.#start) / 1000);
  }
}

/** Means over an epoch of the readings between its steps, each weighted by its images. */
class Mean {
  #count: number;
  #loss: number;
  #accuracy: number;

  constructor({ count, loss, accuracy }: Sums = { count: 0, loss: 0, accuracy: 0 }) {
    this.#count = count;
    this.#loss = loss;
    this.#accuracy = accuracy;
  }

  add({ loss, accuracy, count }: { loss: number; accuracy: number; count: number }): void {
    if (count === 0) return; // the mean of nothing
    this.#count += count;
    this.#loss += loss * count;
    this.#accuracy += accuracy * count;
  }

  get sums(): Sums {
    return { count: this.#count, loss: this.#loss, accuracy: this.#accuracy };
  }

  get loss(): number {
    return this.#loss / this.#count;
  }

  get accuracy(): number {
    return this.#accuracy / this.#count;
  }
}

/** Steps in a row that may be left out: more are no accident of a batch. */
const MOST_IN_A_ROW = 2;

/**
 * What to say of steps that were left out among `steps`, if any were. Throws DivergedError where too many followed
 * each other.
 */
function skippedText(
  { skipped, longest, scaling }: Measured,
  steps: number,
  at: { readonly epoch: number; readonly step: number },
): string | undefined {
  if (longest > MOST_IN_A_ROW) {
    throw new DivergedError(
      `Cannot go on training: ${longest} steps in a row were not finite by step ${at.step} of epoch ` +
        `${at.epoch + 1}, finite ones were needed; try a lower --lr${
          scaling ? " or --precision f32" : ""
        }`,
    );
  }
  if (skipped === 0) return undefined;
  const text = `${skipped} of ${steps} steps changed nothing: loss or gradients were `;
  return scaling
    ? `${text}beyond what halves hold; the loss is now scaled by ${scaling.lossScale}`
    : `${text}not finite`;
}

/** What ends a run whose loss is not finite. */
export function diverged(
  what: "training" | "validation",
  loss: number,
  { epoch, step }: { readonly epoch: number; readonly step: number },
): DivergedError {
  return new DivergedError(
    `Cannot go on training: the ${what} loss is ${loss} by step ${step} of epoch ${epoch + 1}, ` +
      "a finite one was needed; try a lower --lr",
  );
}

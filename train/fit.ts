/** The training loop: epochs of steps, validation after each. Opens no file and no device. */

import type { HasKernel } from "../data/divide.ts";
import type { Pipeline } from "../data/pipeline.ts";
import type { Schedule } from "../engine/optim/schedules.ts";
import {
  type Evaluable,
  evaluate,
  type EvaluateOptions,
  type ImageSet,
  type Outputs,
} from "./evaluate.ts";
import type { EpochEvent, Reporter, Score } from "./events.ts";
import { type ScoreName, SCORES } from "./metrics/scores.ts";
import { isBetter, MONITOR } from "./selection.ts";
import { LEAST_FACTOR } from "./scaling.ts";
import type { Session } from "./session.ts";
import type { Measured } from "./trainer.ts";
import { trainingBatches } from "./training_batches.ts";
import { constantWarning, firstLossWarning, rehearse } from "./warnings.ts";

/** The loss is no longer a finite number: the message names the epoch, the step and a remedy. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** The part of a session that training needs. */
export type Trainable = Evaluable & Pick<Session, "step" | "accumulate" | "update" | "metrics">;

/** The images of a run. */
export interface FitData {
  readonly train: ImageSet;
  readonly validation: ImageSet;
}

/** How to train. */
export interface FitOptions extends EvaluateOptions {
  /** Epochs of the whole run, those done before a resume included. */
  readonly epochs: number;
  /** Stops after this many of them, as if the run were to be resumed later. Default all. */
  readonly until?: number | undefined;
  /** Stops after so many epochs without a better one. Default 0: never. */
  readonly patience?: number;
  /** Which score says what is better. Default the AUC. */
  readonly monitor?: ScoreName;
  /** Batches of validation that a run which begins is rehearsed with before its first step. Default 0. */
  readonly rehearsal?: number;
  /** Classes of a classifier that begins at random: its first loss is looked at. Default unknown. */
  readonly fresh?: number | undefined;
  readonly schedule: Schedule;
  /** Batches of a step; the session's. Default 1. */
  readonly accumulate?: number;
  /** What is done to training images; the reference preset if not given. */
  readonly augment?: Pipeline;
  /** Which operations the session does in place of workers; none if not given. */
  readonly hasKernel?: HasKernel | undefined;
  /** Number of classes, where batches are mixed. */
  readonly classes?: number;
  /** Steps between two readings of loss and accuracy, each of which waits for the device. */
  readonly logEvery: number;
  /** Where an earlier part of the run stopped. */
  readonly resume?: {
    /** Epochs done. */
    readonly epoch: number;
    readonly best: Score | undefined;
    /** The epoch from which patience counts at the earliest. Default 0. */
    readonly since?: number;
  } | undefined;
  /** Called before each validation with the epoch, from 0. */
  readonly validating?: ((epoch: number) => Promise<void>) | undefined;
  /** Called after each epoch with what validation gave, before the next begins: the place to save. */
  readonly finished?: (epoch: EpochEvent, best: Score, outputs: Outputs) => Promise<void>;
}

/** What came of it. */
export interface FitResult {
  readonly best: Score;
  /** Epochs done. */
  readonly epoch: number;
  /** Whether patience ended it. */
  readonly stopped: boolean;
  /** Training images a second, waiting for data included, validation not. */
  readonly imagesPerSecond: number;
}

/** Whole steps of `accumulate` batches in an epoch: images that fill none are dropped. */
export function stepsPerEpoch(images: number, batch: number, accumulate = 1): number {
  return Math.floor(images / (batch * accumulate));
}

/**
 * Trains until `options.epochs` epochs are done. Everything random is a function of the seed, the
 * epoch and the step, so that a run that resumes sees what it would have seen. Throws
 * {@linkcode DivergedError} when a loss is not finite, RangeError when no batch can be filled or no
 * epoch was asked for.
 */
export async function fit(
  session: Trainable,
  data: FitData,
  options: FitOptions,
  report: Reporter = () => {},
): Promise<FitResult> {
  const { batch, epochs, accumulate = 1 } = options;
  const steps = stepsPerEpoch(data.train.count, batch, accumulate);
  if (steps === 0) {
    const times = accumulate === 1 ? "" : `${accumulate} × `;
    throw new RangeError(
      `Cannot train with batches of ${times}${batch}: there are ${data.train.count} training images, ` +
        `at least ${batch * accumulate} were needed`,
    );
  }
  const { until = epochs, patience = 0, monitor = MONITOR, rehearsal = 0, fresh, resume } = options;
  const begins = resume === undefined;
  if (begins && rehearsal > 0) {
    const wrong = await rehearse(session, data.validation, { ...options, batches: rehearsal });
    if (wrong !== undefined) {
      throw new DivergedError(
        `Cannot validate before the first step: an output is ${wrong}, finite ones were needed; ` +
          "look at the weights",
      );
    }
  }
  let best = resume?.best;
  let stopped = false;
  let alike: string | undefined; // What was last said of predictions that are all the same.
  const warn = (text: string | undefined) => {
    if (text !== undefined) report({ event: "warning", text });
  };
  let epoch = resume?.epoch ?? 0;
  const total = { images: 0, seconds: 0 };
  let validating = 0; // Seconds that the last validation took.
  for (; epoch < Math.min(until, epochs); epoch++) {
    const since = Math.max(best?.epoch ?? epoch, resume?.since ?? 0);
    stopped = patience > 0 && epoch - since >= patience;
    if (stopped) {
      const text = `Stopped: no better ${SCORES[monitor].title} for ${epoch - since} epochs`;
      report({ event: "note", text });
      break;
    }
    const clock = new Clock();
    const mean = new Mean();
    let now = new Mean(); // Since the last event.
    let [step, read, learningRate, added] = [0, 0, 0, 0];
    for await (const images of trainingBatches(data.train, options, epoch)) {
      if (step === steps) break; // what is left fills no step
      clock.waited += images.waited;
      if (accumulate > 1) {
        session.accumulate(images);
        if (++added % accumulate !== 0) continue;
      }
      learningRate = options.schedule.learningRate(epoch, step);
      const beta1 = options.schedule.beta1?.(epoch, step);
      const rates = beta1 === undefined ? { learningRate } : { learningRate, beta1 };
      if (accumulate > 1) session.update(rates);
      else session.step(images, rates);
      step++;
      const first = begins && fresh !== undefined && epoch === 0 && step === 1;
      const logs = step % options.logEvery === 0 || step === steps;
      if (!first && !logs) continue;
      const measured = await session.metrics();
      now.add(measured);
      const text = skippedText(measured.scaling, step - read, { epoch, step });
      if (text !== undefined) report({ event: "note", text });
      read = step;
      if (!Number.isFinite(now.loss)) throw diverged("training", now.loss, epoch, step);
      if (first) warn(firstLossWarning(now.loss, fresh));
      if (!logs) continue;
      mean.add(now);
      clock.images += batch * accumulate * (step - clock.steps);
      clock.steps = step;
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
        "eta_s": left * clock.seconds / step + (epochs - epoch) * validating,
      });
      now = new Mean();
    }
    const { seconds, waited, images } = clock;
    total.images += images;
    total.seconds += seconds;
    await options.validating?.(epoch);
    const { scores, outputs } = await evaluate(session, data.validation, options);
    const { loss, accuracy, auc } = scores;
    if (!Number.isFinite(loss)) throw diverged("validation", loss, epoch, step);
    options.schedule.observe?.(loss);
    validating = clock.seconds - seconds;
    const score = { epoch: epoch + 1, accuracy, auc, loss, [monitor]: scores[monitor] };
    const better = isBetter(score, best, monitor);
    if (better || best === undefined) best = score;
    const event: EpochEvent = {
      event: "epoch",
      epochs,
      step: (epoch + 1) * steps,
      lr: learningRate,
      "train_loss": mean.loss,
      "train_accuracy": mean.accuracy,
      epoch: epoch + 1,
      ...scores,
      best: better,
      "img_per_s": images / seconds,
      waiting: Math.min(1, waited / seconds),
      seconds: clock.seconds,
    };
    await options.finished?.(event, best, outputs);
    report(event);
    const constant = constantWarning(outputs);
    if (constant !== alike) warn(constant);
    alike = constant;
  }
  if (best === undefined) {
    throw new RangeError(`Cannot train for ${epochs} epochs: at least 1 was needed`);
  }
  const imagesPerSecond = total.seconds === 0 ? 0 : total.images / total.seconds;
  return { best, epoch, stopped, imagesPerSecond };
}

/** Time and images of an epoch. */
class Clock {
  readonly #start = performance.now();
  images = 0;
  steps = 0;
  waited = 0;

  /** Seconds since the epoch began. */
  get seconds(): number {
    return Math.max(1e-9, (performance.now() - this.#start) / 1000);
  }
}

/** Means over an epoch of the readings between its steps, each weighted by its images. */
class Mean {
  count = 0;
  #loss = 0;
  #accuracy = 0;

  add({ loss, accuracy, count }: { loss: number; accuracy: number; count: number }): void {
    this.count += count;
    this.#loss += loss * count;
    this.#accuracy += accuracy * count;
  }

  get loss(): number {
    return this.#loss / this.count;
  }

  get accuracy(): number {
    return this.#accuracy / this.count;
  }
}

/**
 * What to say of steps that were left out among `steps`, if any were. Throws DivergedError where no step was
 * taken and the loss cannot be scaled any less.
 */
function skippedText(
  scaling: Measured["scaling"],
  steps: number,
  at: { readonly epoch: number; readonly step: number },
): string | undefined {
  if (!scaling?.skipped) return undefined;
  const { skipped, lossScale } = scaling;
  if (skipped === steps && lossScale <= LEAST_FACTOR) {
    throw new DivergedError(
      `Cannot go on training: gradients are beyond what halves hold by step ${at.step} of epoch ` +
        `${at.epoch + 1}, smaller ones were needed; try a lower --lr or --precision f32`,
    );
  }
  return `${skipped} of ${steps} steps changed nothing: gradients were beyond what halves hold; the ` +
    `loss is now scaled by ${lossScale}`;
}

function diverged(what: string, loss: number, epoch: number, step: number): DivergedError {
  return new DivergedError(
    `Cannot go on training: the ${what} loss is ${loss} by step ${step} of epoch ${epoch + 1}, ` +
      "a finite one was needed; try a lower --lr",
  );
}

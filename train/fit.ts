/** The training loop: epochs, validation after each, and when to stop. Opens no file and no device. */

import type { HasKernel } from "../data/divide.ts";
import type { Pipeline } from "../data/pipeline.ts";
import type { Schedule } from "../engine/optim/schedules.ts";
import { type Answer, diverged, DivergedError, type EpochPoint, trainEpoch } from "./epoch.ts";
import {
  type Evaluable,
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  type ImageSet,
  type Outputs,
} from "./evaluate.ts";
import type { EpochEvent, Reporter, Score } from "./events.ts";
import { type ScoreName, SCORES } from "./metrics/scores.ts";
import { isBetter, MONITOR } from "./selection.ts";
import type { Session } from "./session.ts";
import { constantWarning, rehearse } from "./warnings.ts";

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
  readonly resume?:
    | RunPoint & {
      /** The epoch from which patience counts at the earliest. Default 0. */
      readonly since?: number;
    }
    | undefined;
  /** Asked after each step, each batch of validation and each epoch whether to go on. Default to go on. */
  readonly ask?: ((at: Asked) => Answer | Promise<Answer>) | undefined;
  /** Called in the middle of an epoch where `ask` says to save, between two steps: the place to save. */
  readonly saving?: ((point: RunPoint) => Promise<void>) | undefined;
  /** Called before each validation with the epoch, from 0. */
  readonly validating?: ((epoch: number) => Promise<void>) | undefined;
  /** Called after each epoch with what validation gave, before the next begins: the place to save. */
  readonly finished?: (epoch: EpochEvent, best: Score, outputs: Outputs) => Promise<void>;
}

/** How far a run is: with a session's weights and states, all that going on needs. */
export interface RunPoint {
  /** Epochs done. */
  readonly epoch: number;
  /** The best of them. */
  readonly best: Score | undefined;
  /** How far the epoch after them is; not begun if not given. */
  readonly within?: EpochPoint | undefined;
}

/** What was just done when a run is asked whether to go on. */
export interface Asked {
  /** A save is made after a step alone; an answer of "stop" counts after all of them. */
  readonly after: "step" | "validation batch" | "epoch";
  /** Steps of the whole run. */
  readonly step: number;
}

/** What came of it. */
export interface FitResult {
  /** Undefined where it was interrupted before any epoch was done. */
  readonly best: Score | undefined;
  /** Epochs done. */
  readonly epoch: number;
  /** Whether patience ended it. */
  readonly stopped: boolean;
  /** Whether `ask` ended it: it is saved as far as it is. */
  readonly interrupted: boolean;
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
  const { epochs, accumulate = 1, ranks } = options;
  const batch = options.batch * (ranks?.size ?? 1);
  const steps = stepsPerEpoch(data.train.count, batch, accumulate);
  if (steps === 0) {
    const times = accumulate === 1 ? "" : `${accumulate} × `;
    throw new RangeError(
      `Cannot train with batches of ${times}${batch}: there are ${data.train.count} training images, ` +
        `at least ${batch * accumulate} were needed`,
    );
  }
  const { until = epochs, patience = 0, monitor = MONITOR, rehearsal = 0, resume } = options;
  if (!resume && rehearsal > 0) {
    const alone = { ...options, ranks: undefined, batches: rehearsal };
    const wrong = await rehearse(session, data.validation, alone);
    if (wrong !== undefined) {
      throw new DivergedError(
        `Cannot validate before the first step: an output is ${wrong}, finite ones were needed; ` +
          "look at the weights",
      );
    }
  }
  let best = resume?.best;
  let stopped = false;
  let interrupted = false;
  let within = resume?.within;
  let alike: string | undefined; // What was last said of predictions that are all the same.
  const first = resume?.epoch ?? 0;
  let epoch = first;
  const total = { images: 0, seconds: 0 };
  let validationSeconds = 0; // Of the last one.
  for (; epoch < Math.min(until, epochs); epoch++) {
    const since = Math.max(best?.epoch ?? epoch, resume?.since ?? 0);
    stopped = patience > 0 && epoch - since >= patience;
    if (stopped) {
      const text = `Stopped: no better ${SCORES[monitor].title} for ${epoch - since} epochs`;
      report({ event: "note", text });
      break;
    }
    if (
      epoch !== first && await options.ask?.({ after: "epoch", step: epoch * steps }) === "stop"
    ) {
      interrupted = true;
      break;
    }
    const [here, before] = [epoch, best];
    const saving = async (point: EpochPoint) =>
      await options.saving?.({ epoch: here, best: before, within: point });
    const how = { ...options, epoch, steps, begun: within, saving, validationSeconds };
    within = undefined;
    const done = await trainEpoch(session, data.train, how, report);
    const { clock, mean, learningRate, step } = done;
    const { seconds, waited, images } = clock;
    total.images += images;
    total.seconds += seconds;
    interrupted = done.interrupted;
    if (interrupted) break;
    await options.validating?.(epoch);
    const measured = await unlessStopped(session, data.validation, options, (epoch + 1) * steps);
    if (!measured) {
      const nothing = { count: 0, loss: 0, accuracy: 0 };
      await saving({ step, read: step, mean: mean.sums, now: nothing });
      interrupted = true;
      break;
    }
    const { scores, outputs } = measured;
    const { loss, accuracy, auc } = scores;
    if (!Number.isFinite(loss)) throw diverged("validation", loss, { epoch, step });
    options.schedule.observe?.(loss);
    validationSeconds = clock.seconds - seconds;
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
    if (constant !== alike && constant !== undefined) report({ event: "warning", text: constant });
    alike = constant;
  }
  if (best === undefined && !interrupted) {
    throw new RangeError(`Cannot train for ${epochs} epochs: at least 1 was needed`);
  }
  const imagesPerSecond = total.seconds === 0 ? 0 : total.images / total.seconds;
  return { best, epoch, stopped, interrupted, imagesPerSecond };
}

/** Ends a validation. */
class Stopped extends Error {}

/** What validation gives; undefined where it was told to stop. */
async function unlessStopped(
  session: Trainable,
  images: ImageSet,
  options: FitOptions,
  step: number,
): Promise<Evaluation | undefined> {
  const measured = async (count: number) => {
    await options.measured?.(count);
    if (await options.ask?.({ after: "validation batch", step }) === "stop") throw new Stopped();
  };
  try {
    return await evaluate(session, images, { ...options, measured });
  } catch (error) {
    if (error instanceof Stopped) return undefined;
    throw error;
  }
}

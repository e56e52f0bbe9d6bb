/** A run stage by stage: steps, validation, checkpoints. Opens no device and writes no report. */

import type { Device } from "../../engine/gpu/device.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { EpochEvent, PlanEvent, Reporter } from "../events.ts";
import type { Outputs } from "../evaluate.ts";
import { fit, type FitData, type FitOptions, type FitResult } from "../fit.ts";
import { kernelsOf } from "../recipe/augment.ts";
import { scheduleOf } from "../recipe/schedule.ts";
import type { Stage } from "../recipe/stages.ts";
import type { RunFolder } from "../run_folder.ts";
import { afterValidation, averagedScore, beforeValidation } from "./averages.ts";
import type { RunJob } from "./job.ts";
import { rollBack } from "./roll_back.ts";
import { Apart } from "./apart.ts";
import { nextStage, type OpenStage } from "./stage.ts";
import { askTogether, leads, ownBatch, requireAlike } from "./together.ts";

/** Batches of validation that a run is rehearsed with before its first step. */
const REHEARSAL = 2;

/** What a run trains with. */
export interface TrainingMeans {
  /** Where it computes. */
  readonly device: Device;
  /** What it began with. */
  readonly plan: PlanEvent;
  /** The stages that are left. */
  readonly stages: readonly Stage[];
  /** Where its checkpoints go. */
  readonly folder: RunFolder;
  /** Its images. */
  readonly images: FitData;
  /** Asked whether to go on, as `fit` does. */
  readonly ask?: FitOptions["ask"];
  /** Takes what it says, and what validation gave. */
  readonly record: {
    /** Takes events. */
    readonly report: Reporter;
    /** Takes the outputs of an epoch. */
    readonly finished: (epoch: EpochEvent, outputs: Outputs) => Promise<void>;
    /** Waits until all is written that it was given, and says how far each file of it is. */
    readonly sizes?: () => Promise<Readonly<Record<string, number>>>;
    /** Forgets the steps after `step`, which are taken again; where not given, they stay. */
    readonly goBack?: (step: number) => Promise<void>;
  };
}

/**
 * Trains stage by stage; `opened` always holds the session that is open, also where this throws. A run that diverges
 * goes back to its last checkpoint, once, and on at half the learning rate. Throws as `fit` and `openStage` do.
 */
export async function trainStages(
  opened: { stage: OpenStage },
  job: RunJob,
  { device, plan, stages, folder, images, ask, record }: TrainingMeans,
): Promise<FitResult> {
  const { flags, resumed, ranks } = job;
  const { report, finished } = record;
  let result: FitResult | undefined;
  let point = resumePoint(job);
  const scheduleAt = (checkpoint: Checkpoint | undefined) =>
    scheduleOf(flags, { stepsPerEpoch: plan.steps, state: checkpoint?.schedule });
  let schedule = scheduleAt(resumed?.checkpoint);
  let outer = resumed?.checkpoint.optimizer;
  for (const stage of stages.length === 0 ? [opened.stage.stage] : stages) {
    if (stage !== opened.stage.stage) {
      report({ event: "note", text: `From here on ${stage.size} × ${stage.size} pixels` });
      opened.stage = await nextStage(opened.stage.session, { device, job, stage });
    }
    const { session, pipeline } = opened.stage;
    const apart = await Apart.begin(session, job, outer);
    if (apart) report({ event: "note", text: apart.describe(mebibytes) });
    const optionsNow = () => ({ ...fitOptions(job, stage), schedule, augment: pipeline });
    const current = async (at: Parameters<typeof checkpointOf>[2]): Promise<Checkpoint> => ({
      ...withStates(await checkpointOf(opened.stage, job, at), apart?.states),
      schedule: schedule.state?.(),
      logs: await record.sizes?.(),
    });
    const trained = async (): Promise<FitResult> => {
      const options = optionsNow();
      try {
        return await fit(apart ?? session, images, {
          ...options,
          ask: ask && ranks ? askTogether(ask, ranks) : ask,
          resume: point && { ...point, since: stage.from },
          validating: async (epoch) => {
            await apart?.settle();
            await beforeValidation(session, { flags, images, options, epoch });
          },
          saving: async (point) => {
            await apart?.settle();
            const checkpoint = await current({ ...point, step: session.stepsDone });
            if (leads(job)) await folder.saveMidway(checkpoint);
          },
          finished: async (epoch, best, outputs) => {
            await afterValidation(session, { flags, epoch });
            // The checkpoint comes last: a run that is killed before does again what it is of.
            await finished(epoch, outputs);
            const checkpoint = await current({ ...epoch, best });
            if (ranks) await requireAlike(checkpoint.weights, ranks, epoch.epoch);
            if (leads(job)) await folder.save(epoch, checkpoint, flags);
          },
        }, report);
      } catch (error) {
        const { checkpoint, text } = await rollBack(error, { session, folder, schedule });
        await apart?.restart(checkpoint.optimizer);
        await record.goBack?.(checkpoint.step);
        report({ event: "warning", text });
        schedule = scheduleAt(checkpoint);
        const { epoch, best, within } = checkpoint;
        point = { epoch, best, within };
        return await trained();
      }
    };
    result = await trained();
    outer = apart?.states;
    point = result;
    const { best, epoch, interrupted } = result;
    if (!interrupted && best && epoch === flags.epochs && session.averaged > 0) {
      const text = await averagedScore(session, { images, options: optionsNow(), best });
      const end = { epoch, best, step: session.stepsDone };
      const averaged = await checkpointOf(opened.stage, job, end);
      if (leads(job)) await folder.keepAverage(averaged);
      report({ event: "note", text });
    }
    if (interrupted || result.stopped || epoch === flags.until) break;
  }
  return result!;
}

function resumePoint({ resumed, flags, report }: RunJob): FitOptions["resume"] {
  if (!resumed) return undefined;
  const { epoch, best, within } = resumed.checkpoint;
  if (epoch >= flags.epochs) {
    report({
      event: "note",
      text: `The run has all its ${flags.epochs} epochs; a larger --epochs adds some`,
    });
  }
  return { epoch, best, within };
}

/** How a stage is trained, apart from what is done to its images. */
function fitOptions(job: RunJob, { size, resize, until }: Stage): Omit<FitOptions, "schedule"> {
  const { flags, preprocessing, initial, distill, ranks, data: { dataset } } = job;
  const { seed, epochs, logEvery, accumulate, patience, monitor, augmentOn } = flags;
  const classes = dataset.classes.length;
  // A classifier that comes with the weights may know its task; other losses have other beginnings.
  const fresh = (initial === undefined || initial.headDrawn === true) &&
    flags.loss === "cross-entropy" && distill === undefined;
  return {
    ...{ batch: ownBatch(job), ranks, seed },
    ...{ size, resize, interpolation: preprocessing.interpolation },
    ...{ epochs, logEvery, accumulate, monitor, classes, hasKernel: kernelsOf(augmentOn) },
    until: Math.min(until, flags.until ?? until),
    // The mean of the last epochs is made of all of them.
    patience: until === epochs && flags.swa === undefined ? patience : 0,
    rehearsal: REHEARSAL,
    fresh: fresh ? classes : undefined,
  };
}

/** A checkpoint with the states of outer steps beside those of the optimizer. */
function withStates(checkpoint: Checkpoint, states: Checkpoint["optimizer"]): Checkpoint {
  const { optimizer } = checkpoint;
  return states && optimizer
    ? { ...checkpoint, optimizer: new Map([...optimizer, ...states]) }
    : checkpoint;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

async function checkpointOf(
  { session, stage: { size, resize } }: OpenStage,
  { flags: { model, seed }, data, recipe, preprocessing }: RunJob,
  { epoch, step, best, within }: Pick<Checkpoint, "epoch" | "step" | "best" | "within">,
): Promise<Checkpoint> {
  return {
    model,
    classes: data.dataset.classes,
    size,
    resize,
    preprocessing,
    epoch,
    step,
    seed,
    best,
    within,
    configuration: recipe,
    weights: await session.readWeights(),
    optimizer: await session.readOptimizer(),
  };
}

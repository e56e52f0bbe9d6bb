/** `train`: from flags to a run folder. The loop itself is in train/fit.ts. */

import { formatCsv } from "../data/csv.ts";
import { join } from "../data/files.ts";
import { sharedImages } from "../data/overlap.ts";
import { requireRoom } from "../data/storage.ts";
import type { Device } from "../engine/gpu/device.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import type { EpochEvent, PlanEvent, Score } from "../train/events.ts";
import { fit, type FitOptions, type FitResult } from "../train/fit.ts";
import { RunFolder } from "../train/run_folder.ts";
import { kernelsOf } from "../train/recipe/augment.ts";
import type { Session } from "../train/session.ts";
import { averagedScore, beforeValidation } from "./averages.ts";
import { openWithBatch } from "./batch.ts";
import { endOf } from "./ending.ts";
import { denoFiles as files } from "./files.ts";
import { openImages } from "./images.ts";
import { settledOn } from "../train/run/job.ts";
import { type Job, prepareJob } from "./job.ts";
import { openReportedDevice } from "./machine.ts";
import { learnByHeart } from "./overfit.ts";
import { planOf } from "../train/run/plan.ts";
import { RECIPES } from "../train/recipe/recipes.ts";
import { documentsOf, openRecord, type Recorder } from "./record.ts";
import { initialize, nextStage, type OpenStage, openStage } from "../train/run/stage.ts";
import { type Stage, stagesOf } from "../train/recipe/stages.ts";
import { classCounts, imbalanceWarning } from "../train/run/data.ts";
import { scheduleOf } from "../train/recipe/schedule.ts";
import { readTrainFlags } from "./train_flags.ts";
import { tuningWarning } from "../train/recipe/tuning.ts";

/** Batches of validation that a run is rehearsed with before its first step. */
const REHEARSAL = 2;

/** Trains as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = readTrainFlags(args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  await trainJob(await prepareJob(parsed.flags, args));
  return 0;
}

/**
 * Does what a job asks for: a run, or a part of one, or only a look at it. Undefined where no epoch was asked for.
 * Throws whatever makes a run impossible.
 */
export async function trainJob(prepared: Job): Promise<FitResult | undefined> {
  await announce(prepared);
  const device = await openReportedDevice(prepared.flags.power, prepared.report);
  const done = prepared.resumed?.checkpoint.epoch ?? 0;
  const all = stagesOf(prepared.flags);
  const stages = all.filter(({ until }) => until > done);
  const first = stages[0] ?? all.at(-1)!;
  const { job, opened: stage } = await openWithBatch(device, settledOn(device, prepared), {
    open: (job) => openStage(device, job, first),
  });
  const { flags, report } = job;
  const opened = { stage };
  try {
    const { session } = opened.stage;
    await initialize(session, job);
    const plan = planOf(job, { device, session, stage: first });
    report(plan);
    if (flags.dryRun) {
      report({ event: "note", text: "Dry run: every image was read, no step was taken" });
      return undefined;
    }
    if (flags.overfit !== undefined) {
      await learnByHeart(opened.stage, job);
      return undefined;
    }
    return await train(opened, job, { device, plan, stages });
  } finally {
    opened.stage.session.destroy();
  }
}

/** Says what a person should know of data, recipe and flags before the device is opened. */
async function announce(job: Job): Promise<void> {
  const { flags, report, data: { dataset, files } } = job;
  for (const text of dataset.notes) report({ event: "note", text });
  if (flags.recipe !== "auto") {
    report({
      event: "note",
      text: `Recipe ${flags.recipe}: ${RECIPES[flags.recipe].about}`,
    });
  }
  if (flags.sampler !== "shuffle") {
    const text = `sampler ${flags.sampler}: ${dataset.train.length} draws an epoch, ` +
      "with replacement";
    report({ event: "note", text });
  }
  const uneven = flags.classWeights || flags.sampler !== "shuffle"
    ? undefined
    : imbalanceWarning(dataset, classCounts(dataset, "train"));
  if (uneven !== undefined) report({ event: "warning", text: uneven });
  const overlooked = tuningWarning(flags, (job.initial ?? job.resumed) !== undefined);
  if (overlooked !== undefined) report({ event: "warning", text: overlooked });
  if (job.resumed) return;
  const { train: first, validation: second } = dataset;
  const shared = await sharedImages(files, { first, second });
  if (shared.length === 0) return;
  const [pair] = shared;
  report({
    event: "warning",
    text: `${shared.length} of ${second.length} validation images stand in training too, ` +
      `${pair!.second.name} as ${
        pair!.first.name
      }: scores will be too good; verity data lists them`,
  });
}

/** Trains stage by stage; `opened` always holds the session that is open. */
async function train(
  opened: { stage: OpenStage },
  job: Job,
  { device, plan, stages }: {
    readonly device: Device;
    readonly plan: PlanEvent;
    readonly stages: readonly Stage[];
  },
): Promise<FitResult> {
  const { flags, path, resumed } = job;
  await requireRoom(files, path, {
    bytes: 2 * checkpointBytes(opened.stage.session),
    what: "two checkpoints",
  });
  const folder = resumed?.folder ??
    await RunFolder.create(files, path, job.recipe, documentsOf(device, job));
  const images = await openImages(job);
  let record: Recorder | undefined;
  try {
    await listLeftOut(job);
    const { report, finished, close } = record = await openRecord(job, folder, plan);
    let result: FitResult | undefined;
    let point = resumePoint(job);
    const schedule = scheduleOf(flags, {
      stepsPerEpoch: plan.steps,
      state: resumed?.checkpoint.schedule,
    });
    for (const stage of stages.length === 0 ? [opened.stage.stage] : stages) {
      if (stage !== opened.stage.stage) {
        report({ event: "note", text: `From here on ${stage.size} × ${stage.size} pixels` });
        opened.stage = await nextStage(opened.stage.session, { device, job, stage });
      }
      const { session, pipeline } = opened.stage;
      const options = { ...fitOptions(job, stage), schedule, augment: pipeline };
      result = await fit(session, images, {
        ...options,
        resume: point && { ...point, since: stage.from },
        validating: async (epoch) =>
          await beforeValidation(session, { flags, images, options, epoch }),
        finished: async (epoch, best, outputs) => {
          // The checkpoint comes last: a run that is killed before does all of the epoch again.
          await finished(epoch, outputs);
          const saved = await checkpointOf(opened.stage, job, epoch, best);
          const checkpoint = { ...saved, schedule: schedule.state?.() };
          await folder.save(epoch, checkpoint, flags);
        },
      }, report);
      point = result;
      if (result.epoch === flags.epochs && session.averaged > 0) {
        const { best, epoch } = result;
        const text = await averagedScore(session, { images, options, best });
        const end = { epoch, step: session.stepsDone };
        await folder.keepAverage(await checkpointOf(opened.stage, job, end, best));
        report({ event: "note", text });
      }
      if (result.stopped || result.epoch === flags.until) break;
    }
    await close();
    report(await endOf(job, result!, { device, record }));
    await close();
    return result!;
  } finally {
    images.close();
    // What made the run fail is worth more than what a last write may say.
    await record?.close().catch(() => {});
    await folder.discardUnfinished();
  }
}

/** About what a checkpoint takes: all that steps keep, which is all that lies in no slot. */
function checkpointBytes({ plan: { bufferBytes, slotBytes } }: Session): number {
  return bufferBytes - slotBytes;
}

/** Says in the run folder which images were left out and why. */
async function listLeftOut({ leftOut, path }: Job): Promise<void> {
  if (leftOut.length === 0) return;
  const rows = leftOut.map(({ sample: { name, path }, reason }) => [name, path, reason]);
  const text = formatCsv({ columns: ["img_name", "path", "reason"], rows });
  await files.writeAtomic(join(path, "skipped.csv"), new TextEncoder().encode(text));
}

function resumePoint({ resumed, flags, report }: Job): FitOptions["resume"] {
  if (!resumed) return undefined;
  const { epoch, best } = resumed.checkpoint;
  if (epoch >= flags.epochs) {
    report({
      event: "note",
      text: `The run has all its ${flags.epochs} epochs; a larger --epochs adds some`,
    });
  }
  return { epoch, best };
}

/** How a stage is trained, apart from what is done to its images. */
function fitOptions(
  { flags, preprocessing, initial, data: { dataset } }: Job,
  { size, resize, until }: Stage,
): Omit<FitOptions, "schedule"> {
  const { batch, seed, epochs, logEvery, accumulate, patience, monitor, augmentOn } = flags;
  const classes = dataset.classes.length;
  // A classifier that comes with the weights may know its task; other losses have other beginnings.
  const fresh = (initial === undefined || initial.headDrawn === true) &&
    flags.loss === "cross-entropy" && flags.distill === undefined;
  return {
    ...{ batch, size, resize, interpolation: preprocessing.interpolation, seed },
    ...{ epochs, logEvery, accumulate, monitor, classes, hasKernel: kernelsOf(augmentOn) },
    until: Math.min(until, flags.until ?? until),
    // The mean of the last epochs is made of all of them.
    patience: until === epochs && flags.swa === undefined ? patience : 0,
    rehearsal: REHEARSAL,
    fresh: fresh ? classes : undefined,
  };
}

async function checkpointOf(
  { session, stage: { size, resize } }: OpenStage,
  { flags: { model, seed }, data, recipe, preprocessing }: Job,
  { epoch, step }: Pick<EpochEvent, "epoch" | "step">,
  best: Score,
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
    configuration: recipe,
    weights: await session.readWeights(),
    optimizer: await session.readOptimizer(),
  };
}

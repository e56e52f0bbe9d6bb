/** `train`: from flags to a run folder. The loop itself is in train/fit.ts. */

import { formatCsv } from "../data/csv.ts";
import { join } from "../data/files.ts";
import { sharedImages } from "../data/overlap.ts";
import { requireRoom } from "../data/storage.ts";
import type { Device } from "../engine/gpu/device.ts";
import type { PlanEvent } from "../train/events.ts";
import type { FitResult } from "../train/fit.ts";
import { gatherNumbers } from "../train/ranks.ts";
import { RunFolder } from "../train/run_folder.ts";
import type { Session } from "../train/session.ts";
import { openWithBatch } from "./batch.ts";
import { endOf } from "./ending.ts";
import { type Interrupts, listenForSignals } from "./interrupts.ts";
import { lockRun } from "./run_lock.ts";
import { superviseTraining } from "./supervise.ts";
import { shell } from "../report/model_card.ts";
import { denoFiles as files } from "./files.ts";
import { openImages } from "../train/run/images.ts";
import { leads } from "../train/run/together.ts";
import { trainStages } from "../train/run/train.ts";
import { settledOn } from "../train/run/job.ts";
import type { Job } from "./job.ts";
import type { OpenRanks } from "./mpi/ranks.ts";
import { asRanks } from "./mpi/together.ts";
import { begin, prepareTogether, recordOf, requireShared } from "./mpi/train.ts";
import { openReportedDevice } from "./machine.ts";
import { learnByHeart } from "./overfit.ts";
import { planOf } from "../train/run/plan.ts";
import { RECIPES } from "../train/recipe/recipes.ts";
import { documentsOf, type Recorder } from "./record.ts";
import { initialize, type OpenStage, openStage } from "../train/run/stage.ts";
import { type Stage, stagesOf } from "../train/recipe/stages.ts";
import { classCounts, imbalanceWarning } from "../train/run/data.ts";
import { readTrainFlags } from "./train_flags.ts";
import { tuningWarning } from "../train/recipe/tuning.ts";

/** Trains as the flags say, as one of several ranks where a launcher started them, and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  return await asRanks("train", (ranks) => runAs(ranks, args));
}

async function runAs(ranks: OpenRanks, args: readonly string[]): Promise<number> {
  const parsed = readTrainFlags(args);
  if ("help" in parsed) {
    if (ranks.rank === 0) console.log(parsed.help);
    return 0;
  }
  const { supervise, saveEvery } = parsed.flags;
  if (ranks.size > 1) requireShared(parsed.flags);
  if (supervise !== undefined) {
    return await superviseTraining(
      parsed.flags,
      args,
      supervise === true ? {} : { times: supervise },
    );
  }
  const job = await prepareTogether(ranks, parsed.flags, { args });
  let interrupts: Interrupts | undefined;
  const listen = (say: (text: string) => void) => interrupts = listenForSignals({ saveEvery, say });
  const result = await trainJob(job, { listen });
  if (!result?.interrupted) return 0;
  // Not every rank has heard the signal.
  const codes = await gatherNumbers(ranks, [interrupts?.exitCode() ?? 0]);
  return Math.max(...codes.map(([code]) => code!));
}

/** How a job is done. */
export interface TrainJobOptions {
  /** Begins to listen to those who want it to end, which a run does once it can be saved; says a line with `say`. */
  readonly listen?: (say: (text: string) => void) => Interrupts;
}

/**
 * Does what a job asks for: a run, or a part of one, or only a look at it. Undefined where no epoch was asked for.
 * Throws whatever makes a run impossible.
 */
export async function trainJob(
  prepared: Job,
  options: TrainJobOptions = {},
): Promise<FitResult | undefined> {
  if (leads(prepared)) await announce(prepared);
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
    if (job.ranks) await begin(session, job, job.ranks);
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
    return await train(opened, job, { device, plan, stages, ...options });
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
  { device, plan, stages, listen }: TrainJobOptions & {
    readonly device: Device;
    readonly plan: PlanEvent;
    readonly stages: readonly Stage[];
  },
): Promise<FitResult> {
  const { path } = job;
  await using _lock = leads(job) ? await lockRun(path) : undefined;
  const folder = leads(job)
    ? await openFolder(opened.stage.session, job, device)
    : RunFolder.follow(files, path);
  const images = await openImages(job);
  let record: Recorder | undefined;
  let interrupts: Interrupts | undefined;
  try {
    if (leads(job)) await listLeftOut(job);
    const { report, close } = record = await recordOf(job, folder, plan);
    interrupts = listen?.((text) => report({ event: "note", text }));
    const result = await trainStages(opened, job, {
      ...{ device, plan, stages, folder, images, record },
      ...(interrupts && { ask: interrupts.ask }),
    });
    interrupts?.close();
    const { best, interrupted } = result;
    if (interrupted || best === undefined) {
      const { session } = opened.stage;
      const text = `Saved after step ${session.stepsDone}; deno task train --resume ${
        shell(path)
      } goes on`;
      report({ event: "note", text });
    } else {
      await close();
      if (leads(job)) report(await endOf(job, { ...result, best }, { device, record }));
    }
    await close();
    return result;
  } finally {
    interrupts?.close();
    images.close();
    // What made the run fail is worth more than what a last write may say.
    await record?.close().catch(() => {});
    await folder.discardUnfinished();
  }
}

/** The folder of a run that begins or goes on. Throws StorageError where two checkpoints find no room. */
async function openFolder(session: Session, job: Job, device: Device): Promise<RunFolder> {
  const { path, resumed, recipe } = job;
  const bytes = 2 * checkpointBytes(session);
  await requireRoom(files, path, { bytes, what: "two checkpoints" });
  return resumed?.folder ?? await RunFolder.create(files, path, recipe, documentsOf(device, job));
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

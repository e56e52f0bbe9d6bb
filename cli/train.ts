/** `train`: from flags to a run folder. The loop itself is in train/fit.ts. */

import { formatCsv } from "../data/csv.ts";
import { join } from "../data/files.ts";
import { Loader } from "../data/loader.ts";
import type { Device } from "../engine/gpu/device.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { deviceAugmentation } from "../train/augmentation.ts";
import { fit, type FitOptions, stepsPerEpoch } from "../train/fit.ts";
import type { EpochEvent, PlanEvent, Score } from "../train/events.ts";
import { restoreRun, startFrom } from "../train/restore.ts";
import { RunFolder } from "../train/run_folder.ts";
import type { Session } from "../train/session.ts";
import { describeDivision, kernelsOf } from "./augment_flags.ts";
import { describeRecipe } from "./describe.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type Job, lastOf, prepareJob } from "./job.ts";
import { openReportedDevice } from "./machine.ts";
import { documentsOf, openRecord, type Recorder } from "./record.ts";
import { createSession } from "./sessions.ts";
import { RECIPES } from "./recipes.ts";
import { classCounts, classesOf } from "./train_data.ts";
import { readTrainFlags, scheduleOf, sessionOptions } from "./train_flags.ts";
import { frozenNames, tuningWarning } from "./tuning_flags.ts";

/** Trains as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = readTrainFlags(args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const job = await prepareJob(parsed.flags, args);
  for (const text of job.data.dataset.notes) job.report({ event: "note", text });
  const { recipe } = job.flags;
  if (recipe !== "auto") {
    job.report({ event: "note", text: `Recipe ${recipe}: ${RECIPES[recipe].about}` });
  }
  if (job.flags.sampler !== "shuffle") {
    const text = `sampler ${job.flags.sampler}: ${job.data.dataset.train.length} draws an epoch, ` +
      "with replacement";
    job.report({ event: "note", text });
  }
  const overlooked = tuningWarning(job.flags, (job.initial ?? job.resumed) !== undefined);
  if (overlooked !== undefined) job.report({ event: "warning", text: overlooked });
  const device = await openReportedDevice(job.flags.power, job.report);
  const counts = classCounts(job.data.dataset, "train");
  const { preprocessing, division } = job;
  const options = {
    ...sessionOptions(job.flags, counts),
    preprocessing,
    augment: deviceAugmentation(division),
  };
  const session = await createSession(device, options);
  try {
    await initialize(session, job);
    const plan = planOf(job, device, session);
    job.report(plan);
    await train(session, job, { device, plan });
  } finally {
    session.destroy();
  }
  return 0;
}

/** The weights a run begins or goes on with. */
async function initialize(session: Session, { resumed, initial }: Job): Promise<void> {
  if (resumed) await restoreRun(session, resumed.checkpoint, lastOf(resumed.folder));
  else if (initial) await startFrom(session, initial);
}

async function train(
  session: Session,
  job: Job,
  { device, plan }: { readonly device: Device; readonly plan: PlanEvent },
): Promise<void> {
  const { flags, path, resumed, settings } = job;
  const { train, validation } = job.data.dataset;
  const folder = resumed?.folder ??
    await RunFolder.create(files, path, job.recipe, documentsOf(device, job));
  const loaders: Loader[] = [];
  let record: Recorder | undefined;
  try {
    await listLeftOut(job);
    const { report, finished, close } = record = await openRecord(job, folder, plan);
    for (const samples of [train, validation]) {
      loaders.push(await Loader.open(samples, job.data.files, settings));
    }
    const [forTraining, forValidation] = loaders.map((loader) => ({
      loader,
      count: loader.samples.length,
    }));
    if (!forTraining || !forValidation) return;
    const data = { train: forTraining, validation: forValidation };
    const { best, imagesPerSecond } = await fit(session, data, {
      batch: flags.batch,
      size: flags.size,
      resize: flags.resize,
      interpolation: job.preprocessing.interpolation,
      seed: flags.seed,
      epochs: flags.epochs,
      logEvery: flags.logEvery,
      accumulate: flags.accumulate,
      augment: job.pipeline,
      hasKernel: kernelsOf(flags.augmentOn),
      classes: job.data.dataset.classes.length,
      schedule: scheduleOf(flags, stepsPerEpoch(train.length, flags.batch, flags.accumulate)),
      resume: resumePoint(job),
      finished: async (epoch, best, outputs) => {
        await folder.save(epoch, await checkpointOf(session, job, epoch, best));
        await finished(epoch, outputs);
      },
    }, report);
    report({ event: "end", best, run: path, "img_per_s": imagesPerSecond });
    await close();
  } finally {
    for (const loader of loaders) loader.close();
    // What made the run fail is worth more than what a last write may say.
    await record?.close().catch(() => {});
    await folder.discardUnfinished();
  }
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

async function checkpointOf(
  session: Session,
  { flags, data, recipe, preprocessing }: Job,
  { epoch, step }: EpochEvent,
  best: Score,
): Promise<Checkpoint> {
  const { model, size, resize, seed } = flags;
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

/** What was understood. Throws UsageError when the images do not fill one batch. */
function planOf(job: Job, device: Device, session: Session): PlanEvent {
  const { flags, data: { dataset, source } } = job;
  const images = dataset.train.length;
  const { batch, accumulate } = flags;
  const steps = stepsPerEpoch(images, batch, accumulate);
  if (steps === 0) {
    const times = accumulate === 1 ? "" : ` and --accumulate ${accumulate}`;
    throw new UsageError(
      `Cannot train with --batch ${batch}${times}: there are ${images} training images, ` +
        `a step of at most ${images} was needed`,
    );
  }
  const { parameters, trained, dispatches, bytesPerImage, bufferBytes, keptBytes } = session.plan;
  return {
    event: "plan",
    source,
    classes: classesOf(dataset),
    adapter: device.name,
    software: device.software,
    model: flags.model,
    parameters,
    trained,
    frozen: frozenNames(flags.model, flags.freeze),
    "frozen_norm": flags.frozenNorm === true,
    recompute: flags.recompute === true,
    size: flags.size,
    resize: flags.resize,
    preprocessing: job.preprocessing,
    batch: flags.batch,
    epochs: flags.epochs,
    steps,
    dropped: images - steps * batch * accumulate,
    ...describeRecipe(flags),
    augment: `${flags.augment}: ${describeDivision(job.division)}`,
    seed: flags.seed,
    dispatches,
    "bytes_per_image": bytesPerImage,
    "buffer_bytes": bufferBytes,
    "kept_bytes": keptBytes,
    run: job.path,
  };
}

/** `train`: from flags to a run folder. The loop itself is in train/fit.ts. */

import { formatCsv } from "../data/csv.ts";
import { type Files, join } from "../data/files.ts";
import { Loader, type LoaderSettings } from "../data/loader.ts";
import type { Pipeline } from "../data/pipeline.ts";
import type { Device } from "../engine/gpu/device.ts";
import { weightShapes } from "../models/compare.ts";
import type { Preprocessing } from "../models/mod.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { fit, type FitOptions, stepsPerEpoch } from "../train/fit.ts";
import type { EpochEvent, PlanEvent, Reporter, Score } from "../train/events.ts";
import {
  fitInitialWeights,
  type InitialWeights,
  readInitialWeights,
  restoreRun,
  startFrom,
} from "../train/restore.ts";
import { defaultFolder, requireFree, RunFolder } from "../train/run_folder.ts";
import type { Session } from "../train/session.ts";
import { describePipeline, pipelineOfRun } from "./augment_flags.ts";
import { placesOf, placeText } from "./data_flags.ts";
import { describeRecipe } from "./describe.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { findBad, type LeftOut, openCache } from "./loading_flags.ts";
import { openReportedDevice, terminalReporter } from "./machine.ts";
import { pretrainedFile } from "./pretrained.ts";
import { createSession } from "./sessions.ts";
import { preprocessingOf, withSizes } from "./start.ts";
import {
  classCounts,
  classesOf,
  type OpenData,
  openData,
  requireSameData,
  withoutSamples,
} from "./train_data.ts";
import {
  type AskedFlags,
  readTrainFlags,
  recipeOf,
  resumeFlags,
  scheduleOf,
  sessionOptions,
  type TrainFlags,
} from "./train_flags.ts";
import { frozenNames, tuningWarning } from "./tuning_flags.ts";

/** A run folder and, for a run that goes on, where it stopped. */
interface Run {
  readonly path: string;
  readonly resumed?: { readonly folder: RunFolder; readonly checkpoint: Checkpoint };
}

/** What all stages of a run know. */
interface Job extends Run {
  readonly flags: TrainFlags;
  readonly data: OpenData;
  /** The weights a new run begins with, where they are not random. */
  readonly initial?: InitialWeights;
  readonly preprocessing: Preprocessing;
  /** The resolved configuration, as it is saved. */
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly report: Reporter;
  /** What is done to training images. */
  readonly pipeline: Pipeline;
  /** How images are read; one cache for all of them. */
  readonly settings: LoaderSettings;
  readonly leftOut: readonly LeftOut[];
}

/** Trains as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = readTrainFlags(args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const job = await prepare(parsed.flags, args);
  for (const text of job.data.dataset.notes) job.report({ event: "note", text });
  if (job.flags.sampler !== "shuffle") {
    const text = `sampler ${job.flags.sampler}: ${job.data.dataset.train.length} draws an epoch, ` +
      "with replacement";
    job.report({ event: "note", text });
  }
  const overlooked = tuningWarning(job.flags, (job.initial ?? job.resumed) !== undefined);
  if (overlooked !== undefined) job.report({ event: "warning", text: overlooked });
  const device = await openReportedDevice(job.flags.power, job.report);
  const counts = classCounts(job.data.dataset, "train");
  const { preprocessing } = job;
  const options = { ...sessionOptions(job.flags, counts), preprocessing };
  const session = await createSession(device, options);
  try {
    await initialize(session, job);
    job.report(planOf(job, device, session));
    await train(session, job);
  } finally {
    session.destroy();
  }
  return 0;
}

/** Everything that can be refused without a device. */
async function prepare(asked: AskedFlags, args: readonly string[]): Promise<Job> {
  const resumed = asked.resume === undefined
    ? undefined
    : await RunFolder.open(files, asked.resume);
  const given = resumed
    ? resumeFlags(resumed.checkpoint, { path: lastOf(resumed.folder), args })
    : asked;
  const report = terminalReporter(given.json === true);
  const path = resumed?.folder.path ?? given.run ?? defaultFolder(given.name ?? given.model);
  if (!resumed) await requireFree(files, path);
  const opened = await openData(given);
  const start = resumed
    ? { resumed, preprocessing: resumed.checkpoint.preprocessing }
    : await beginning(given, { classes: opened.dataset.classes.length, report });
  return await jobOf(given, opened, { ...start, path, report });
}

/** The weights that flags name, and how images are prepared for them. */
async function beginning(
  asked: AskedFlags,
  { classes, report }: { readonly classes: number; readonly report: Reporter },
): Promise<Pick<Job, "initial" | "preprocessing">> {
  const { model, pretrained } = asked;
  const weights = pretrained === undefined
    ? asked.weights
    : await pretrainedFile(model, pretrained, { report });
  if (weights === undefined) return { preprocessing: preprocessingOf(asked) };
  const stored = await readInitialWeights(files, weights, model);
  const start = { ...asked, weights, ...(pretrained !== undefined && { tag: pretrained }) };
  const preprocessing = preprocessingOf(start, stored.preprocessing);
  const shapes = weightShapes(model, classes);
  const initial = await fitInitialWeights(stored, { model, shapes });
  const text = [`Begins with the weights of ${weights}`, ...initial.notes].join("; ");
  report({ event: "note", text });
  return { initial, preprocessing };
}

/** How the images of a run are read: sizes, cache, what is left out, the pipeline. */
async function jobOf(
  asked: AskedFlags,
  opened: OpenData,
  start: Pick<Job, "initial" | "preprocessing" | "resumed" | "path" | "report">,
): Promise<Job> {
  const { resumed, path, report } = start;
  const flags = withSizes(asked, start.preprocessing);
  const { workers, sampler, size, resize } = flags;
  const cache = openCache(flags, { files: opened.files, report });
  const settings: LoaderSettings = { cache, sampler, ...(workers !== undefined && { workers }) };
  const { train, validation } = opened.dataset;
  const { interpolation } = start.preprocessing;
  const reading = { files: opened.files, settings, report, size, resize, interpolation };
  const leftOut = await findBad([...train, ...validation], flags, reading);
  const data = leftOut.length === 0
    ? opened
    : await withoutSamples(opened, new Set(leftOut.map(({ sample }) => sample)));
  if (resumed) requireSameData(data, resumed.checkpoint.configuration, path);
  const run = { size, resize, interpolation, classes: data.dataset.classes };
  const { pipeline, note } = await pipelineOfRun(files, flags.augment, { run, resumed });
  if (note !== undefined) report({ event: "warning", text: note });
  const recipe = {
    ...recipeOf(flags),
    ...await places(flags, opened.files),
    pipeline,
    fingerprint: data.fingerprint,
  };
  return { ...start, pipeline, flags, data, recipe, settings, leftOut };
}

/** The flags that name files, as absolute paths, so that a run resumes from any folder. */
async function places(
  flags: TrainFlags,
  files: Files,
): Promise<Record<string, string | string[]>> {
  const found: Record<string, string | string[]> = {};
  for (const name of ["labels", "images", "weights"] as const) {
    const path = flags[name];
    if (path !== undefined && await files.kind(path) !== "none") {
      found[name] = await files.realPath(path);
    }
  }
  if (flags.data === undefined) return found;
  const data: string[] = [];
  for (const { path, ...rest } of placesOf(flags.data)) {
    data.push(placeText({ path: await files.realPath(path), ...rest }));
  }
  return { ...found, data };
}

/** The weights a run begins or goes on with. */
async function initialize(session: Session, { resumed, initial }: Job): Promise<void> {
  if (resumed) await restoreRun(session, resumed.checkpoint, lastOf(resumed.folder));
  else if (initial) await startFrom(session, initial);
}

async function train(session: Session, job: Job): Promise<void> {
  const { flags, report, path, resumed, settings } = job;
  const { train, validation } = job.data.dataset;
  const folder = resumed?.folder ?? await RunFolder.create(files, path, job.recipe);
  await listLeftOut(job);
  const loaders: Loader[] = [];
  try {
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
      augment: job.pipeline,
      classes: job.data.dataset.classes.length,
      schedule: scheduleOf(flags, stepsPerEpoch(train.length, flags.batch)),
      resume: resumePoint(job),
      finished: async (epoch, best) =>
        await folder.save(epoch, await checkpointOf(session, job, epoch, best)),
    }, report);
    report({ event: "end", best, run: path, "img_per_s": imagesPerSecond });
  } finally {
    for (const loader of loaders) loader.close();
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
  const steps = stepsPerEpoch(images, flags.batch);
  if (steps === 0) {
    throw new UsageError(
      `Cannot train with --batch ${flags.batch}: there are ${images} training images, ` +
        `a batch of at most ${images} was needed`,
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
    dropped: images - steps * flags.batch,
    ...describeRecipe(flags),
    augment: `${flags.augment} (${describePipeline(job.pipeline)})`,
    seed: flags.seed,
    dispatches,
    "bytes_per_image": bytesPerImage,
    "buffer_bytes": bufferBytes,
    "kept_bytes": keptBytes,
    run: job.path,
  };
}

function lastOf(folder: RunFolder): string {
  return `${folder.path}/last.safetensors`;
}

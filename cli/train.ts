/** `train`: from flags to a run folder. The loop itself is in train/fit.ts. */

import { Loader } from "../data/loader.ts";
import type { Dataset } from "../data/sources.ts";
import type { Device } from "../engine/gpu/device.ts";
import type { Preprocessing } from "../models/mod.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import { fit, type FitOptions, stepsPerEpoch } from "../train/fit.ts";
import type { EpochEvent, PlanEvent, Reporter, Score } from "../train/events.ts";
import {
  type InitialWeights,
  loadInitialWeights,
  readInitialWeights,
  restoreRun,
} from "../train/restore.ts";
import { defaultFolder, requireFree, RunFolder } from "../train/run_folder.ts";
import type { Session } from "../train/session.ts";
import { describeRecipe } from "./describe.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { openReportedDevice, terminalReporter } from "./machine.ts";
import { createSession } from "./sessions.ts";
import { preprocessingOf, withSizes } from "./start.ts";
import { classCounts, type OpenData, openData, requireSameData } from "./train_data.ts";
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
  const overlooked = tuningWarning(job.flags, job.flags.weights !== undefined);
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
  if (asked.resume === undefined) return await jobOf(asked, await beginning(asked));
  const resumed = await RunFolder.open(files, asked.resume);
  const flags = resumeFlags(resumed.checkpoint, { path: lastOf(resumed.folder), args });
  return await jobOf(flags, { preprocessing: resumed.checkpoint.preprocessing, resumed });
}

/** The weights that flags name, and how images are prepared for them. */
async function beginning(
  asked: AskedFlags,
): Promise<Pick<Job, "initial" | "preprocessing">> {
  const { weights, model } = asked;
  if (weights === undefined) return { preprocessing: preprocessingOf(asked) };
  const initial = await readInitialWeights(files, weights, model);
  return { initial, preprocessing: preprocessingOf(asked, initial.preprocessing) };
}

async function jobOf(
  asked: AskedFlags,
  start: Pick<Job, "initial" | "preprocessing" | "resumed">,
): Promise<Job> {
  const { resumed } = start;
  const flags = withSizes(asked, start.preprocessing);
  const report = terminalReporter(flags.json === true);
  const path = resumed?.folder.path ?? flags.run ?? defaultFolder(flags.name ?? flags.model);
  if (!resumed) await requireFree(files, path);
  const data = await openData(flags);
  if (resumed) requireSameData(data, resumed.checkpoint.configuration, path);
  const recipe = { ...recipeOf(flags), ...await places(flags), fingerprint: data.fingerprint };
  return { ...start, flags, data, recipe, report, path };
}

/** The flags that name files, as absolute paths, so that a run resumes from any folder. */
async function places(flags: TrainFlags): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of ["data", "labels", "images", "weights"] as const) {
    const path = flags[name];
    if (path !== undefined && await files.kind(path) !== "none") {
      found[name] = await files.realPath(path);
    }
  }
  return found;
}

/** The weights a run begins or goes on with. */
async function initialize(session: Session, job: Job): Promise<void> {
  const { flags, report, initial, resumed } = job;
  if (resumed) return await restoreRun(session, resumed.checkpoint, lastOf(resumed.folder));
  if (initial === undefined) return;
  for (const text of await loadInitialWeights(session, initial, flags.model)) {
    report({ event: "note", text });
  }
}

async function train(session: Session, job: Job): Promise<void> {
  const { flags, report, path, resumed } = job;
  const { train, validation } = job.data.dataset;
  const settings = flags.workers === undefined ? {} : { workers: flags.workers };
  const folder = resumed?.folder ?? await RunFolder.create(files, path, job.recipe);
  const loaders: Loader[] = [];
  try {
    for (const samples of [train, validation]) {
      loaders.push(await Loader.open(samples, files, settings));
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
    seed: flags.seed,
    dispatches,
    "bytes_per_image": bytesPerImage,
    "buffer_bytes": bufferBytes,
    "kept_bytes": keptBytes,
    run: job.path,
  };
}

function classesOf(dataset: Dataset): PlanEvent["classes"] {
  const [train, validation] = [classCounts(dataset, "train"), classCounts(dataset, "validation")];
  return dataset.classes.map((name, k) => ({
    name,
    train: train[k] ?? 0,
    validation: validation[k] ?? 0,
  }));
}

function lastOf(folder: RunFolder): string {
  return `${folder.path}/last.safetensors`;
}

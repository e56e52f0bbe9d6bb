/** The job of `train`: flags, data, weights and pipeline put together before any device is opened. */

import type { Files } from "../data/files.ts";
import { divide, type Division } from "../data/divide.ts";
import type { LoaderSettings } from "../data/loader.ts";
import type { Pipeline } from "../data/pipeline.ts";
import { PRESETS } from "../data/presets.ts";
import type { Device } from "../engine/gpu/device.ts";
import { weightShapes } from "../models/compare.ts";
import type { Preprocessing } from "../models/mod.ts";
import type { Checkpoint } from "../train/checkpoint.ts";
import type { Reporter } from "../train/events.ts";
import { fitInitialWeights, type InitialWeights, readInitialWeights } from "../train/restore.ts";
import { defaultFolder, requireFree, RunFolder } from "../train/run_folder.ts";
import { augmentedOn, kernelsOf, pipelineOfRun, writtenPipeline } from "../train/recipe/augment.ts";
import { placesOf, placeText } from "./data_flags.ts";
import { describeTeacher, openTeacher, type Teacher } from "./distill_flags.ts";
import { denoFiles as files } from "./files.ts";
import { findBad, type LeftOut, openCache } from "./loading_flags.ts";
import { terminalReporter } from "./machine.ts";
import { pretrainedFile } from "./pretrained.ts";
import { preprocessingOf, withSizes } from "../train/recipe/start.ts";
import { type OpenData, openData, requireSameData, withoutSamples } from "./train_data.ts";
import { recipeOf, resumeFlags } from "./resume_flags.ts";
import type { AskedFlags, TrainFlags } from "./train_flags.ts";

/** A run folder and, for a run that goes on, where it stopped. */
interface Run {
  readonly path: string;
  readonly resumed?: { readonly folder: RunFolder; readonly checkpoint: Checkpoint };
}

/** What all stages of a run know. */
export interface Job extends Run {
  readonly flags: TrainFlags;
  readonly data: OpenData;
  /** The weights a new run begins with, where they are not random. */
  readonly initial?: InitialWeights;
  /** Whom it learns from beside its labels. */
  readonly teacher?: Teacher | undefined;
  readonly preprocessing: Preprocessing;
  /** The resolved configuration, as it is saved. */
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly report: Reporter;
  /** What is done to training images. */
  readonly pipeline: Pipeline;
  /** Where its steps run. */
  readonly division: Division;
  /** Why not on the device, where that is so of all of them. */
  readonly placed?: string;
  /** How images are read; one cache for all of them. */
  readonly settings: LoaderSettings;
  readonly leftOut: readonly LeftOut[];
}

/** Everything that can be refused without a device; said to the terminal unless there is a reporter. */
export async function prepareJob(
  asked: AskedFlags,
  args: readonly string[],
  reporter?: Reporter,
): Promise<Job> {
  const resumed = asked.resume === undefined
    ? undefined
    : await RunFolder.open(files, asked.resume);
  const given = resumed
    ? resumeFlags(resumed.checkpoint, { path: lastOf(resumed.folder), args })
    : asked;
  const report = reporter ?? terminalReporter(given.json === true);
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
  const { model } = asked;
  const pretrained = asked.pretrained || undefined;
  const weights = pretrained === undefined
    ? asked.weights
    : await pretrainedFile(model, pretrained, { report });
  if (weights === undefined) {
    const text = `Begins at random: no weights of ${model} were named or downloaded earlier; ` +
      "--weights FILE or --pretrained does better";
    if (asked.recipe !== "demo") report({ event: "note", text });
    return { preprocessing: preprocessingOf(asked) };
  }
  const stored = await readInitialWeights(files, weights, model);
  const start = { ...asked, weights, ...(pretrained !== undefined && { tag: pretrained }) };
  const preprocessing = preprocessingOf(start, stored.preprocessing);
  const shapes = weightShapes(model, classes);
  const initial = await fitInitialWeights(stored, { model, shapes, seed: asked.seed });
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
  const onBad = flags.dryRun && flags.onBad === "error" ? "list" : flags.onBad;
  const leftOut = await findBad([...train, ...validation], { onBad }, reading);
  const data = leftOut.length === 0
    ? opened
    : await withoutSamples(opened, new Set(leftOut.map(({ sample }) => sample)));
  if (resumed) requireSameData(data, resumed.checkpoint.configuration, path);
  const { classes } = data.dataset;
  const teacher = await openTeacher(files, flags, { classes, resumed });
  if (teacher) report({ event: "note", text: describeTeacher(teacher, flags) });
  const run = { size, resize, interpolation, classes };
  const { pipeline, note } = await pipelineOfRun(files, flags.augment, { run, resumed });
  if (note !== undefined) report({ event: "warning", text: note });
  const { augment } = flags;
  const named = typeof augment === "string" && Object.hasOwn(PRESETS, augment);
  const recipe = {
    ...recipeOf(flags),
    ...await places(flags, opened.files),
    // A file may change; what the run took from it does not.
    ...(!named &&
      {
        augment: resumed
          ? augment
          : await writtenPipeline(files, { flag: "augment", value: augment }),
      }),
    pipeline,
    fingerprint: data.fingerprint,
    ...(teacher && { teacher: teacher.sha256 }),
  };
  const division = divide(pipeline, kernelsOf(flags.augmentOn));
  return { ...start, teacher, pipeline, division, flags, data, recipe, settings, leftOut };
}

/**
 * The job on a device that has been opened: `--augment-on auto` becomes what it means there, in what is saved too, so
 * that the run goes on alike on any other one.
 */
export function settledOn(device: Pick<Device, "software">, job: Job): Job {
  if (job.flags.augmentOn !== "auto") return job;
  const augmentOn = augmentedOn(job.flags.augmentOn, device);
  const settled: Job = {
    ...job,
    flags: { ...job.flags, augmentOn },
    recipe: { ...job.recipe, augmentOn },
  };
  const { device: possible, mixed } = job.division;
  if (augmentOn === "device" || possible.length === 0 && mixed === "loader") return settled;
  return {
    ...settled,
    division: divide(job.pipeline, kernelsOf(augmentOn)),
    placed: "nothing on the device, which is software (--augment-on device changes that)",
  };
}

/** The flags that name files, as absolute paths, so that a run resumes from any folder. */
async function places(
  flags: TrainFlags,
  files: Files,
): Promise<Record<string, string | string[]>> {
  const found: Record<string, string | string[]> = {};
  for (const name of ["labels", "images", "weights", "distill"] as const) {
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

/** The checkpoint of the last finished epoch. */
export function lastOf(folder: RunFolder): string {
  return `${folder.path}/last.safetensors`;
}

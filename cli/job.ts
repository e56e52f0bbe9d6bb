/** The job of `train`: flags, data, weights and pipeline put together before any device is opened. */

import { baseName, directoryName, type Files, join } from "../data/files.ts";
import { DataError } from "../data/errors.ts";
import { divide } from "../data/divide.ts";
import type { LoaderSettings } from "../data/loader.ts";
import { PRESETS } from "../data/presets.ts";
import { weightShapes } from "../models/compare.ts";
import { readCheckpoint } from "../train/checkpoint.ts";
import type { Reporter } from "../train/events.ts";
import { fitInitialWeights, readInitialWeights } from "../train/restore.ts";
import { defaultFolder, requireFree, RunFolder } from "../train/run_folder.ts";
import { kernelsOf, pipelineOfRun, writtenPipeline } from "../train/recipe/augment.ts";
import { startDecoder } from "./decoder.ts";
import { placesOf, placeText } from "./data_flags.ts";
import { describeTeacher, distillOptions, openTeacher, type Teacher } from "./distill_flags.ts";
import { denoFiles as files } from "./files.ts";
import { findBad, type LeftOut, openCache } from "./loading_flags.ts";
import { terminalReporter } from "./machine.ts";
import { pretrainedFile } from "./pretrained.ts";
import { preprocessingOf, withSizes } from "../train/recipe/start.ts";
import { type OpenData, requireSameData, sizesOf, withoutSamples } from "../train/run/data.ts";
import { openData } from "./train_data.ts";
import { lastOf, type RunJob } from "../train/run/job.ts";
import { recipeOf, resumeFlags } from "./resume_flags.ts";
import type { AskedFlags, TrainFlags } from "./train_flags.ts";

/** A job of `train`. */
export interface Job extends RunJob {
  readonly flags: TrainFlags;
  /** Whom it learns from beside its labels, and where that is. */
  readonly teacher?: Teacher | undefined;
  /** Images that cannot be used. */
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
    : await openResumed(asked.resume, asked.run);
  const given = resumed
    ? resumeFlags(resumed.checkpoint, { path: lastOf(resumed.folder), args })
    : asked;
  const report = reporter ?? terminalReporter(given.json === true);
  const path = resumed?.folder.path ?? given.run ?? defaultFolder(given.name ?? given.model);
  if (!resumed) await requireFree(files, path);
  if (resumed?.warning !== undefined) report({ event: "warning", text: resumed.warning });
  return await jobIn(path, given, { resumed, report });
}

/**
 * The same job on a rank that follows rank 0, which has prepared it: in its folder, without a word. What is to be
 * downloaded or made is there already.
 */
export async function followJob(
  asked: AskedFlags,
  args: readonly string[],
  path: string,
): Promise<Job> {
  const report = () => {};
  if (asked.resume === undefined) return await jobIn(path, asked, { report });
  const resumed = await RunFolder.open(files, path);
  const given = resumeFlags(resumed.checkpoint, { path: lastOf(resumed.folder), args });
  return await jobIn(path, given, { resumed, report });
}

async function jobIn(
  path: string,
  given: AskedFlags,
  { resumed, report }: { readonly resumed?: Job["resumed"] | undefined; readonly report: Reporter },
): Promise<Job> {
  const opened = await openData(given);
  const start = resumed
    ? { resumed, preprocessing: resumed.checkpoint.preprocessing }
    : await beginning(given, { classes: opened.dataset.classes.length, report });
  return await jobOf(given, opened, { ...start, path, report });
}

/** The run of a folder, or of a checkpoint that came alone: that gets a folder of its own, `run` if given. */
async function openResumed(resume: string, run: string | undefined) {
  const [kind, dir] = [await files.kind(resume), directoryName(resume)];
  if (kind !== "file") return await RunFolder.open(files, resume);
  const inFolder = baseName(resume) === "last.safetensors" &&
    await files.kind(join(dir, "config.json")) === "file";
  if (inFolder) return await RunFolder.open(files, dir);
  const checkpoint = await readCheckpoint(files, resume);
  const path = run ?? defaultFolder(checkpoint.model);
  return await RunFolder.adopt(files, path, { checkpoint, where: resume });
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
  const { workers, decodeTimeout, sampler, size, resize } = flags;
  const cache = openCache(flags, { files: opened.files, report });
  const settings: LoaderSettings = {
    ...{ cache, sampler, workers, decodeTimeout },
    startWorker: startDecoder,
  };
  const { train, validation } = opened.dataset;
  const { interpolation } = start.preprocessing;
  const reading = { files: opened.files, settings, report, size, resize, interpolation };
  const onBad = flags.dryRun && flags.onBad === "error" ? "list" : flags.onBad;
  const leftOut = await findBad([...train, ...validation], { ...flags, onBad }, reading);
  const data = leftOut.length === 0
    ? opened
    : await withoutSamples(opened, new Set(leftOut.map(({ sample }) => sample)));
  const sizes = await sizesOf(data);
  const checked = resumed && sameData(resumed, { ...{ data, sizes, path, report }, flags });
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
    sizesOfFiles: sizes,
    ...(teacher && { teacher: teacher.sha256 }),
  };
  const division = divide(pipeline, kernelsOf(flags.augmentOn));
  // What a teacher says is not learned by heart.
  const distill = flags.overfit === undefined ? distillOptions(teacher, flags) : {};
  return {
    ...start,
    ...(checked && { resumed: checked }),
    ...distill,
    teacher,
    pipeline,
    division,
    flags,
    data,
    recipe,
    settings,
    leftOut,
  };
}

/**
 * Where a run goes on. On data that is not what it began with, where that is allowed, the epoch under way begins anew:
 * its images are not those it had. Throws DataError where it is not allowed.
 */
function sameData(
  resumed: NonNullable<Job["resumed"]>,
  { data, sizes, path, report, flags }: {
    readonly data: OpenData;
    readonly sizes: string;
    readonly path: string;
    readonly report: Reporter;
    readonly flags: Pick<TrainFlags, "allowDataChange">;
  },
): NonNullable<Job["resumed"]> {
  const { checkpoint } = resumed;
  try {
    requireSameData(data, checkpoint.configuration, { run: path, sizes });
    return resumed;
  } catch (error) {
    if (!(error instanceof DataError) || !flags.allowDataChange) throw error;
    const text = `the images of ${data.source} are others than the run began with`;
    report({ event: "warning", text });
    return { ...resumed, checkpoint: { ...checkpoint, within: undefined } };
  }
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

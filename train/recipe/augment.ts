/** Pipelines that options name: a preset or a file of one's own, and where they run. Applies none. */

import type { Division, HasKernel, Part } from "../../data/divide.ts";
import type { Files } from "../../data/files.ts";
import {
  type Pipeline,
  PipelineError,
  readPipeline,
  type RunImages,
  type Step,
  stepsIn,
} from "../../data/pipeline.ts";
import { type PresetName, PRESETS } from "../../data/presets.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { nearest } from "../../models/nearest.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { hasKernel } from "../retouches.ts";
import { UsageError } from "./usage_error.ts";

/** The presets in one line of help. */
export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];

/** A value of `--augment-on`. */
export type AugmentOn = "auto" | "device" | "workers";

/** Where images are augmented on a device: software takes longer for it than workers, which use the same processors. */
export function augmentedOn(
  augmentOn: AugmentOn,
  { software }: Pick<Device, "software">,
): Exclude<AugmentOn, "auto"> {
  return augmentOn !== "auto" ? augmentOn : software ? "workers" : "device";
}

/** The kernels that a value of `--augment-on` allows: all until {@linkcode augmentedOn} has settled `auto`. */
export function kernelsOf(augmentOn: AugmentOn): HasKernel | undefined {
  return augmentOn === "workers" ? undefined : hasKernel;
}

/** A flag and its value. */
export interface PipelineFlag {
  /** Such as `augment`; mistakes in a file are said to be at `augment[2]`. */
  readonly flag: string;
  /** Name of a preset, path of a JSON file, or steps out of a configuration. */
  readonly value: string | readonly Step[];
}

/**
 * The pipeline that a flag names. Throws UsageError when there is neither such a preset nor such a file,
 * PipelineError with the place of a mistake in it.
 */
export async function openPipeline(
  files: Files,
  { flag, value }: PipelineFlag,
  run: RunImages,
): Promise<Pipeline> {
  return readPipeline(await writtenPipeline(files, { flag, value }), run, flag);
}

/** The steps that a flag names, as a person wrote them. Throws as {@linkcode openPipeline} does. */
export async function writtenPipeline(
  files: Files,
  { flag, value }: PipelineFlag,
): Promise<unknown> {
  if (typeof value !== "string") return value;
  if (Object.hasOwn(PRESETS, value)) return PRESETS[value as PresetName].pipeline;
  if (await files.kind(value) !== "file") {
    const near = nearest(value, PRESET_NAMES);
    throw new UsageError(
      `Cannot use --${flag} ${value}: ` +
        (near === undefined ? "" : `did you mean ${near}? `) +
        `One of ${PRESET_NAMES.join(", ")}, or a JSON file, was needed`,
    );
  }
  const text = await files.readText(value);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PipelineError(
      `Cannot read --${flag} "${value}": ${(error as Error).message}, JSON was needed`,
    );
  }
}

/** The pipeline a run was trained with; the reference preset for runs from before there were others. */
export function trainedPipeline(
  configuration: Readonly<Record<string, unknown>>,
  run: RunImages,
): Pipeline {
  return readPipeline(configuration.pipeline ?? PRESETS.reference.pipeline, run, "pipeline");
}

/**
 * The pipeline of a run that begins, or of one that goes on: that keeps its own, whatever became of the file
 * that its `--augment` names. The note says when that holds another one now.
 */
export async function pipelineOfRun(
  files: Files,
  value: PipelineFlag["value"],
  { run, resumed }: {
    readonly run: RunImages;
    readonly resumed: { readonly checkpoint: Checkpoint } | undefined;
  },
): Promise<{ readonly pipeline: Pipeline; readonly note?: string }> {
  const named = openPipeline(files, { flag: "augment", value }, run);
  if (!resumed) return { pipeline: await named };
  const pipeline = trainedPipeline(resumed.checkpoint.configuration, run);
  // The file may be gone or wrong by now, which does not matter.
  const now = await named.catch(() => pipeline);
  if (JSON.stringify(now) === JSON.stringify(pipeline)) return { pipeline };
  return { pipeline, note: `${value} has changed since the run began, which keeps its own` };
}

function nameOf(step: Step): string {
  const inner = stepsIn(step).map(nameOf);
  return inner.length === 0 ? step.name : `${step.name}(${inner.join(", ")})`;
}

/** Where its steps run, in one line for people; and what the device lacks a kernel for. */
export function describeDivision(division: Division): string {
  const { prefix, workers, device, batch, mixed } = division;
  const places: readonly (readonly [readonly Part[], string])[] = [
    [prefix, "once"],
    [workers, "in workers"],
    [mixed === "device" ? [...device, ...batch] : device, "on the device"],
    [mixed === "device" ? [] : batch, "on whole batches"],
  ];
  return places.filter(([parts]) => parts.length > 0).map(([parts, place]) => {
    const lacks = new Set(parts.map(({ why }) => why).filter((why) => /no kernel$/.test(why)));
    const names = parts.map(({ step }) => nameOf(step)).join(", ");
    return `${names} ${place}${lacks.size > 0 ? `: ${[...lacks].join(", ")}` : ""}`;
  }).join("; ");
}

/** What a run is made of, put together before any device is opened. Reads no file and trains nothing. */

import { divide, type Division } from "../../data/divide.ts";
import type { LoaderSettings } from "../../data/loader.ts";
import type { Pipeline } from "../../data/pipeline.ts";
import type { Device } from "../../engine/gpu/device.ts";
import type { Preprocessing } from "../../models/mod.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { Reporter } from "../events.ts";
import type { Ranks } from "../ranks.ts";
import { augmentedOn, kernelsOf } from "../recipe/augment.ts";
import type { RunRecipe } from "../recipe/recipe.ts";
import type { InitialWeights } from "../restore.ts";
import type { RunFolder } from "../run_folder.ts";
import type { DistillOptions } from "../teacher.ts";
import type { OpenData } from "./data.ts";

/** What all stages of a run know. */
export interface RunJob {
  /** The run folder. */
  readonly path: string;
  /** For a run that goes on: where it stopped. */
  readonly resumed?: { readonly folder: RunFolder; readonly checkpoint: Checkpoint };
  /** Those who train it together, this process one of them; alone if not given. */
  readonly ranks?: Ranks | undefined;
  /** Its options. */
  readonly flags: RunRecipe;
  /** Its images. */
  readonly data: OpenData;
  /** The weights a new run begins with, where they are not random. */
  readonly initial?: InitialWeights;
  /** Whom it learns from beside its labels. */
  readonly distill?: DistillOptions;
  /** How its images are resized and normalised. */
  readonly preprocessing: Preprocessing;
  /** The resolved configuration, as it is saved. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** Takes what it says. */
  readonly report: Reporter;
  /** What is done to training images. */
  readonly pipeline: Pipeline;
  /** Where its steps run. */
  readonly division: Division;
  /** Why not on the device, where that is so of all of them. */
  readonly placed?: string;
  /** How images are read; one cache for all of them. */
  readonly settings: LoaderSettings;
}

/**
 * The job on a device that has been opened: `--augment-on auto` becomes what it means there, in what is saved too, so
 * that the run goes on alike on any other one.
 */
export function settledOn<J extends RunJob>(device: Pick<Device, "software">, job: J): J {
  if (job.flags.augmentOn !== "auto") return job;
  const augmentOn = augmentedOn(job.flags.augmentOn, device);
  const settled: J = {
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

/** The checkpoint of the last finished epoch. */
export function lastOf(folder: RunFolder): string {
  return `${folder.path}/last.safetensors`;
}

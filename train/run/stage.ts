/** The session of a stage: compiled for its size, and given all that the one before it had learned. Takes no step. */

import { divide } from "../../data/divide.ts";
import type { Pipeline } from "../../data/pipeline.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { deviceAugmentation } from "../augmentation.ts";
import { restoreRun, startFrom } from "../restore.ts";
import type { Session } from "../session.ts";
import { readSnapshot, writeSnapshot } from "../snapshot.ts";
import { kernelsOf, openPipeline } from "../recipe/augment.ts";
import { lastOf, type RunJob } from "./job.ts";
import { createSession } from "./sessions.ts";
import type { Stage } from "../recipe/stages.ts";
import { classCounts } from "./data.ts";
import { ownBatch } from "./together.ts";
import { sessionOptions } from "../recipe/recipe.ts";

/** A stage that can be trained. */
export interface OpenStage {
  readonly stage: Stage;
  readonly session: Session;
  /** What is done to its training images. */
  readonly pipeline: Pipeline;
}

/** What the session of a stage is compiled for, with the run's own pipeline where there is none of the stage. */
export function stageOptions(job: RunJob, { size }: Stage, pipeline: Pipeline = job.pipeline) {
  const { flags, preprocessing } = job;
  return {
    ...sessionOptions(flags, classCounts(job.data.dataset, "train")),
    ...(job.distill && { distill: job.distill }),
    size,
    batch: ownBatch(job),
    // Where steps are taken apart, a session knows nothing of the others.
    ranks: flags.syncEvery === undefined ? job.ranks : undefined,
    wire: flags.wire,
    preprocessing,
    augment: deviceAugmentation(divide(pipeline, kernelsOf(flags.augmentOn))),
  };
}

/** Compiles the session of a stage, with weights as they are drawn. Throws as `createSession` does. */
export async function openStage(device: Device, job: RunJob, stage: Stage): Promise<OpenStage> {
  const pipeline = await pipelineAt(job, stage);
  const session = await createSession(device, stageOptions(job, stage, pipeline));
  return { stage, session, pipeline };
}

/** The weights a run begins or goes on with. */
export async function initialize(session: Session, { resumed, initial }: RunJob): Promise<void> {
  if (resumed) await restoreRun(session, resumed.checkpoint, lastOf(resumed.folder));
  else if (initial) await startFrom(session, initial);
}

/** Closes the session of a stage and opens that of the next one in the same state, to the bit. */
export async function nextStage(
  before: Session,
  { device, job, stage }: {
    readonly device: Device;
    readonly job: RunJob;
    readonly stage: Stage;
  },
): Promise<OpenStage> {
  const learned = await readSnapshot(before);
  before.destroy(); // a device may have no room for both
  const opened = await openStage(device, job, stage);
  writeSnapshot(opened.session, learned);
  return opened;
}

/** The pipeline of the run for the size of a stage. */
async function pipelineAt(job: RunJob, { size, resize }: Stage): Promise<Pipeline> {
  if (size === job.flags.size) return job.pipeline;
  const { interpolation } = job.preprocessing;
  const value = job.recipe.augment as RunJob["flags"]["augment"];
  const run = { size, resize, interpolation, classes: job.data.dataset.classes };
  return await openPipeline(job.data.files, { flag: "augment", value }, run);
}

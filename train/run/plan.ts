/** What a run understood, as the event that is said before its first step. Decides nothing. */

import type { Device } from "../../engine/gpu/device.ts";
import { stepsPerEpoch } from "../fit.ts";
import type { PlanEvent } from "../events.ts";
import type { Session } from "../session.ts";
import { describeDivision } from "../recipe/augment.ts";
import { describeRecipe } from "../recipe/describe.ts";
import { UsageError } from "../recipe/usage_error.ts";
import type { RunJob } from "./job.ts";
import type { Stage } from "../recipe/stages.ts";
import { classesOf } from "./data.ts";
import { frozenNames } from "../recipe/tuning.ts";

/** What was understood. Throws UsageError when the images do not fill one batch. */
export function planOf(
  job: RunJob,
  { device, session, stage }: {
    readonly device: Device;
    readonly session: Session;
    /** The first of the run, or of what is left of it. */
    readonly stage: Stage;
  },
): PlanEvent {
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
    precision: flags.precision ?? "f32",
    size: stage.size,
    resize: stage.resize,
    preprocessing: job.preprocessing,
    batch: flags.batch,
    epochs: flags.epochs,
    steps,
    dropped: images - steps * batch * accumulate,
    ...describeRecipe(flags),
    augment: `${typeof flags.augment === "string" ? flags.augment : "as configured"}: ${
      describeDivision(job.division)
    }${job.placed === undefined ? "" : `; ${job.placed}`}`,
    seed: flags.seed,
    dispatches,
    "bytes_per_image": bytesPerImage,
    "buffer_bytes": bufferBytes,
    "kept_bytes": keptBytes,
    run: job.path,
  };
}

/** Decides where each step of a pipeline runs, and why. Runs none. */
import {
  mixesBatch,
  type Pipeline,
  type Placed,
  placed,
  rulesOf,
  sizeAfter,
  stepsIn,
} from "./pipeline.ts";
import { horizontalFlip } from "./transforms/random_horizontal_flip.ts";
import { verticalFlip } from "./transforms/random_vertical_flip.ts";
import type { Step } from "./transforms/transform.ts";

/** Where a step runs: once and kept, in workers on bytes, in the step program, or on a whole batch. */
export type Place = "prefix" | "workers" | "device" | "batch";

/** A step, its random numbers, and the reason for where it runs, in words. */
export interface Part extends Placed {
  /** The reason, to be read after "because". */
  readonly why: string;
}

/** Whether a device has a kernel for an operation, by its name. */
export type HasKernel = (operation: string) => boolean;

/** The steps of a pipeline by where they run, each list in order. */
export interface Division extends Readonly<Record<Place, readonly Part[]>> {
  /** Who mixes the images of a batch. */
  readonly mixed: "loader" | "device";
}

/** Names of all operations a step may choose. */
export function operationsIn(step: Step): readonly string[] {
  const own = rulesOf(step).operations.map(({ name }) => name);
  return [...own, ...stepsIn(step).flatMap(operationsIn)];
}

/** Whether a step does no more than mirror an image. */
function mirrors(step: Step): boolean {
  return operationsIn(step).every((name) =>
    [horizontalFlip.name, verticalFlip.name].includes(name)
  );
}

/** Why a step must run on bytes; undefined where the device can do it. */
function bytesOnly(step: Step, hasKernel: HasKernel | undefined): string | undefined {
  const probe = { width: 7, height: 5 };
  const after = sizeAfter(step, probe);
  if (after?.width !== probe.width || after.height !== probe.height) return "it changes the size";
  if (!hasKernel) return "workers do all of it";
  const without = operationsIn(step).find((name) => !hasKernel(name));
  return without === undefined ? undefined : `${without} has no kernel`;
}

/**
 * Divides a pipeline: what is not random at its start is done once; from there to the last step that
 * changes sizes or has an operation without a kernel, workers do it on bytes; what follows is done by the
 * device, then batches are mixed. Workers do all of it where no kernels are named; where the device cannot
 * mix batches it does nothing before either.
 */
export function divide(pipeline: Pipeline, hasKernel?: HasKernel): Division {
  const all = placed(pipeline);
  const single = all.filter(({ step }) => !mixesBatch(step));
  const batch = all.slice(single.length);
  const mixes = hasKernel && batch.every(({ step }) => operationsIn(step).every(hasKernel));
  const random = single.findIndex(({ step }) => rulesOf(step).random);
  const fixed = random < 0 ? single : single.slice(0, random);
  // A crop costs nothing, and without it what is kept serves other pipelines too.
  const prefix = fixed.slice(0, fixed.findLastIndex(({ step }) => step.name !== "CenterCrop") + 1);
  const rest = single.slice(prefix.length);
  const reasons = rest.map(({ step }) => bytesOnly(step, mixes ? hasKernel : undefined));
  let last = reasons.findLastIndex((reason) => reason !== undefined);
  const copied = rest.slice(last + 1).every(({ step }) => mirrors(step));
  if (copied) {
    reasons.fill("an image is mirrored while it is copied", last + 1);
    last = rest.length - 1;
  }
  const workers = rest.slice(0, last + 1);
  const ending = workers.at(-1)?.step.name;
  return {
    prefix: prefix.map((part) => ({ ...part, why: "it is the same for every epoch" })),
    workers: workers.map((part, i) => ({
      ...part,
      why: reasons[i] ?? `${ending} comes after it and runs on bytes`,
    })),
    device: rest.slice(last + 1).map((part) => ({
      ...part,
      why: "all its operations have kernels",
    })),
    batch: batch.map((part) => ({ ...part, why: "it mixes images of a batch" })),
    mixed: mixes && batch.length > 0 ? "device" : "loader",
  };
}

/** What `--batch auto` comes to on a device. The flag itself is in `batch_flags.ts`. */

import { MemoryError } from "../engine/compile/program.ts";
import type { Device } from "../engine/gpu/device.ts";
import { canAllocate } from "../engine/gpu/memory.ts";
import { bytesText, type FoundBatch, largestBatch } from "../train/batch.ts";
import { planEvaluation, planTraining } from "../train/programs.ts";
import { AUTO_BATCH } from "./batch_flags.ts";
import type { Job } from "./job.ts";
import { freeMemory } from "./machine.ts";
import { stageOptions } from "../train/run/stage.ts";
import { stagesOf } from "../train/recipe/stages.ts";

/** Share of what a machine has free that a software adapter may take: images are decoded there too. */
const SOFTWARE_SHARE = 0.5;

/** Steps that an epoch keeps, a batch of all images would hardly learn; where there are few, a batch has no more. */
const [LEAST_STEPS, FEW] = [10, 8];

/** What a search for a batch may ask of the machine; tests give their own. */
export interface Means {
  /** Bytes that the machine has free. */
  readonly free: () => number;
  /** Whether the device has so many bytes at once. */
  readonly allocate: (bytes: number) => Promise<boolean>;
}

function meansOf(device: Device): Means {
  return { free: freeMemory, allocate: (bytes) => canAllocate(device, bytes) };
}

/**
 * The job as `withBatch` has it, and what `open` makes of it; with `--batch auto`, a batch that the device has no
 * memory for after all is tried again smaller. Throws MemoryError as `withBatch` does, and that of another batch.
 */
export async function openWithBatch<T>(
  device: Device,
  job: Job,
  { open, means = meansOf(device) }: {
    readonly open: (job: Job) => Promise<T>;
    readonly means?: Means;
  },
): Promise<{ readonly job: Job; readonly opened: T }> {
  let missing = Infinity; // Bytes that the device turned out not to have.
  while (true) {
    let asked = 0;
    const allocate = async (bytes: number) =>
      (asked = bytes) < missing && await means.allocate(bytes);
    const fitting = await withBatch(device, job, { ...means, allocate });
    try {
      return { job: fitting, opened: await open(fitting) };
    } catch (error) {
      if (!(error instanceof MemoryError) || job.flags.batch !== AUTO_BATCH) throw error;
      missing = asked;
    }
  }
}

/**
 * The job with `--batch auto` replaced by what it comes to on the device, in what is saved too, so that the run goes
 * on with the same batch anywhere. Throws MemoryError where not even two images fit.
 */
export async function withBatch(
  device: Device,
  job: Job,
  means: Means = meansOf(device),
): Promise<Job> {
  if (job.flags.batch !== AUTO_BATCH) return job;
  const { budget, reason } = budgetOf(device, job.flags.memory, means);
  const images = Math.max(1, Math.floor(job.data.dataset.train.length / job.flags.accumulate));
  const most = Math.max(Math.min(FEW, images), Math.floor(images / LEAST_STEPS));
  const found = await largestBatch({
    bytes: (batch) => bytesOf(device, withImages(job, batch)),
    ...{ budget, most, allocate: means.allocate },
  });
  job.report({ event: "note", text: describe(found, { budget, reason, most }) });
  return withImages(job, found.batch);
}

/** How many bytes a run may take, and why. WebGPU does not say what a device has free. */
function budgetOf(
  { software, limits }: Device,
  memory: number | undefined,
  { free }: Means,
): { readonly budget: number; readonly reason: string } {
  if (memory !== undefined) return { budget: memory, reason: "that --memory allows" };
  if (software) {
    return {
      budget: Math.floor(free() * SOFTWARE_SHARE),
      reason: "that are half of what this machine has free; --memory says otherwise",
    };
  }
  return {
    budget: limits.maxBuffer ?? 2 ** 28,
    reason: "that this device allows a buffer, and surely has; --memory says otherwise",
  };
}

/** Bytes of a run at its largest images: of a step, and of what an evaluation needs beside it. */
function bytesOf({ limits }: Device, job: Job): number {
  const stages = stagesOf(job.flags);
  const largest = stages.reduce((a, b) => b.size > a.size ? b : a);
  const options = stageOptions(job, largest);
  const training = planTraining(options, limits);
  return training.bufferBytes + planEvaluation(options, limits).slotBytes;
}

function withImages(job: Job, batch: number): Job {
  return { ...job, flags: { ...job.flags, batch }, recipe: { ...job.recipe, batch } };
}

function describe(
  { batch, bytes, budget }: FoundBatch,
  asked: { readonly budget: number; readonly reason: string; readonly most: number },
): string {
  const takes = `Batch ${batch} (auto): weights and activations take ${bytesText(bytes)}`;
  if (batch === asked.most) {
    return `${takes}; more would leave an epoch fewer than ${LEAST_STEPS} steps`;
  }
  if (budget < asked.budget) {
    return `${takes}; the device did not have the ${bytesText(asked.budget)} ${asked.reason}`;
  }
  return `${takes} of the ${bytesText(budget)} ${asked.reason}`;
}

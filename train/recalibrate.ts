/** Running statistics and scores of weights that were averaged, from a run's own images. Trains nothing. */

import type { Batch } from "../data/loader.ts";
import { evaluate, type Evaluation, type ImageSet } from "./evaluate.ts";
import type { FitData, FitOptions } from "./fit.ts";
import type { Session } from "./session.ts";

/** The batches of an epoch, as training sees them. */
export function trainingBatches(
  { loader }: ImageSet,
  options: FitOptions,
  epoch: number,
): AsyncIterable<Batch> {
  const { batch, size, resize, interpolation, seed, augment, classes, hasKernel } = options;
  return loader.batches({
    ...{ batch, size, resize, interpolation, seed, train: true, epoch, reuse: true },
    ...(augment && { augment }),
    ...(hasKernel && { hasKernel }),
    ...(classes && { classes }),
  });
}

/** The first `count` of `batches`, or all. */
export async function* firstBatches(
  batches: AsyncIterable<Batch>,
  count: number,
): AsyncGenerator<Batch> {
  let taken = 0;
  for await (const batch of batches) {
    yield batch;
    if (++taken >= count) return;
  }
}

/**
 * Ends a run whose weights were averaged: the session goes on with the mean, its running statistics estimated from
 * an epoch of training images. Gives what validation makes of it. Throws TypeError where nothing was averaged.
 */
export async function finishAverage(
  session: Pick<Session, "useAverage" | "estimateStatistics" | "evaluate">,
  data: FitData,
  options: FitOptions,
): Promise<Evaluation> {
  session.useAverage();
  await session.estimateStatistics(trainingBatches(data.train, options, options.epochs - 1));
  return await evaluate(session, data.validation, options);
}

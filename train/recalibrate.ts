/** Running statistics and scores of weights that were averaged, from a run's own images. Trains nothing. */

import { evaluate, type Evaluation } from "./evaluate.ts";
import type { FitData, FitOptions } from "./fit.ts";
import type { Session } from "./session.ts";
import { trainingBatches } from "./training_batches.ts";

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
  // Each rank sees the same, so that all find the same.
  const alone = { ...options, ranks: undefined };
  await session.estimateStatistics(trainingBatches(data.train, alone, options.epochs - 1));
  return await evaluate(session, data.validation, options);
}

/** Weights averaged over the epochs of a run: what happens before each validation and at the end. Trains nothing. */

import type { EpochEvent, Score } from "../events.ts";
import type { FitData, FitOptions } from "../fit.ts";
import { finishAverage } from "../recalibrate.ts";
import { isBetter } from "../selection.ts";
import type { Session } from "../session.ts";
import { scoreText } from "../score_tables.ts";
import { firstBatches, trainingBatches } from "../training_batches.ts";
import type { OptimizerFlags } from "../recipe/optimizer.ts";

/** Batches from which running statistics of schedule-free weights are estimated before a validation. */
const BATCHES = 50;

/**
 * What precedes the validation of an epoch, from 0: weights of schedule-free optimizers, never trained as they are, get
 * running statistics of their own. Done twice, it changes nothing more.
 */
export async function beforeValidation(
  session: Session,
  { flags: { optimizer }, images, options, epoch }: {
    readonly flags: OptimizerFlags;
    readonly images: FitData;
    readonly options: FitOptions;
    readonly epoch: number;
  },
): Promise<void> {
  if (optimizer !== "schedule-free") return;
  // Each rank sees the same, so that all find the same.
  const batches = trainingBatches(images.train, { ...options, ranks: undefined }, epoch);
  await session.estimateStatistics(firstBatches(batches, BATCHES));
}

/** What follows a validation: the weights of an epoch, if it is one of the last, are added to their mean. */
export async function afterValidation(
  session: Session,
  { flags: { swa }, epoch: { epoch, epochs } }: {
    readonly flags: OptimizerFlags;
    readonly epoch: Pick<EpochEvent, "epoch" | "epochs">;
  },
): Promise<void> {
  if (swa !== undefined && epoch > epochs - swa) await session.addToAverage();
}

/** Leaves a session with the mean of the last weights, and says in one sentence what it is worth beside the best epoch. */
export async function averagedScore(
  session: Session,
  { images, options, best }: {
    readonly images: FitData;
    readonly options: FitOptions;
    readonly best: Score;
  },
): Promise<string> {
  const { scores: { loss, accuracy, auc, ...others } } = await finishAverage(
    ...[session, images, options] as const,
  );
  const { monitor = "auc" } = options;
  const score = { ...others, epoch: options.epochs, loss, accuracy, auc };
  const better = isBetter(score, best, monitor);
  return `Mean of the weights of ${session.averaged} epochs, in averaged.safetensors: AUC ${
    scoreText("auc", auc)
  }, accuracy ${scoreText("accuracy", accuracy)}, loss ${scoreText("loss", loss)}; ` +
    (better ? `better than best.safetensors, epoch ${best.epoch}` : "best.safetensors is better");
}

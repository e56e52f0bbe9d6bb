/** `train --overfit`: a few batches, learned by heart, and a verdict. Leaves no run folder. */

import type { Batch } from "../data/loader.ts";
import { DivergedError } from "../train/epoch.ts";
import { overfit } from "../train/overfit.ts";
import type { Session } from "../train/session.ts";
import { openImages } from "../train/run/images.ts";
import type { Job } from "./job.ts";
import type { OpenStage } from "../train/run/stage.ts";
import type { AskedFlags } from "./train_flags.ts";

/** What keeps a loss from reaching zero, switched off: what is dropped, spread, mixed or decayed. */
export const BY_HEART = {
  ...{ drop: 0, dropPath: 0, labelSmoothing: 0, weightDecay: 0, accumulate: 1 },
  augment: "none",
} as const satisfies Partial<AskedFlags>;

/**
 * Shows the session the first batches of training until it knows them. Throws DivergedError, which is the verdict,
 * where it does not learn them.
 */
export async function learnByHeart(
  { session, stage: { size, resize } }: Omit<OpenStage, "pipeline">,
  job: Job,
): Promise<void> {
  const { flags, report, preprocessing: { interpolation } } = job;
  const { batch, seed, overfit: count = 1, lr } = flags;
  const images = await openImages(job);
  const batches: Batch[] = [];
  try {
    const options = { batch, size, resize, interpolation, seed, train: true, epoch: 0 };
    for await (const one of images.train.loader.batches({ ...options, augment: job.pipeline })) {
      batches.push(one);
      if (batches.length === count) break;
    }
  } finally {
    images.close();
  }
  await judge(session, batches, { lr, report });
}

async function judge(
  session: Pick<Session, "step" | "metrics">,
  batches: readonly Batch[],
  { lr, report }: { readonly lr: number; readonly report: Job["report"] },
): Promise<void> {
  const reached = (round: number, loss: number) => {
    if (round % 10 === 1) {
      report({ event: "note", text: `round ${round}: loss ${loss.toFixed(4)}` });
    }
  };
  const { loss, rounds, learned } = await overfit(session, batches, { learningRate: lr, reached });
  const what = batches.length === 1 ? "1 batch" : `${batches.length} batches`;
  if (learned) {
    const text = `Overfit: loss ${loss.toFixed(4)} on ${what} after ${rounds} rounds: it can learn`;
    report({ event: "note", text });
    return;
  }
  throw new DivergedError(
    `Cannot learn ${what} by heart: the loss is ${loss} after ${rounds} rounds, next to 0 was needed; ` +
      "look at labels and weights, or try another --lr",
  );
}

/** The batches of a training epoch, and the first few of any. Prepares no image. */

import type { Batch } from "../data/loader.ts";
import type { ImageSet } from "./evaluate.ts";
import type { FitOptions } from "./fit.ts";
import { shardOf } from "./shared_outputs.ts";

/** The batches of an epoch, as training sees them, or a rank's rows of them; those after the first `from` of them. */
export function trainingBatches(
  { loader }: ImageSet,
  options: Omit<FitOptions, "saving">,
  epoch: number,
  from = 0,
): AsyncIterable<Batch> {
  const { batch, size, resize, interpolation, seed, augment, classes, hasKernel, ranks } = options;
  return loader.batches({
    ...{ batch, size, resize, interpolation, seed, train: true, epoch, from, reuse: true },
    ...(augment && { augment }),
    ...(hasKernel && { hasKernel }),
    ...(classes && { classes }),
    ...(ranks && { share: shardOf(ranks) }),
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

/** The first test of anything that learns: a few batches, again and again, until their loss is next to nothing. */

import type { Batch } from "../data/loader.ts";
import type { Session } from "./session.ts";

/** How long to try. */
export interface OverfitOptions {
  readonly learningRate: number;
  /** Loss that counts as none. Default 0.02. */
  readonly loss?: number;
  /** Times that each batch is shown at most. Default 200. */
  readonly rounds?: number;
  /** Called after each round. */
  readonly reached?: (round: number, loss: number) => void;
}

/** What came of it. */
export interface OverfitResult {
  /** Mean loss over the batches in the last round. */
  readonly loss: number;
  readonly rounds: number;
  /** Whether the loss is below what was asked. */
  readonly learned: boolean;
}

/** Shows the session the same batches until their mean loss is below `options.loss` or no longer finite. */
export async function overfit(
  session: Pick<Session, "step" | "metrics">,
  batches: readonly Batch[],
  options: OverfitOptions,
): Promise<OverfitResult> {
  const { learningRate, loss: enough = 0.02, rounds: most = 200, reached } = options;
  let loss = NaN;
  for (let round = 1; round <= most; round++) {
    for (const batch of batches) session.step(batch, { learningRate });
    ({ loss } = await session.metrics());
    reached?.(round, loss);
    if (!(loss >= enough)) return { loss, rounds: round, learned: loss < enough };
  }
  return { loss, rounds: most, learned: false };
}

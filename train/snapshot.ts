/** All that steps change in a session, read to be put back, or into a session for another size. No files. */

import type { Weight } from "../models/safetensors.ts";
import type { Session } from "./session.ts";

/** The state of a training session. */
export interface Snapshot {
  readonly weights: ReadonlyMap<string, Weight>;
  readonly optimizer: ReadonlyMap<string, Weight>;
  readonly steps: number;
}

/** Reads the state. */
export async function readSnapshot(
  session: Pick<Session, "readWeights" | "readOptimizer" | "stepsDone">,
): Promise<Snapshot> {
  return {
    weights: await session.readWeights(),
    optimizer: await session.readOptimizer(),
    steps: session.stepsDone,
  };
}

/** Makes the state of a session, of the same model and optimizer, the one that was read, to the bit. */
export function writeSnapshot(
  session: Pick<Session, "writeWeights" | "writeOptimizer">,
  { weights, optimizer, steps }: Snapshot,
): void {
  session.writeWeights(weights);
  session.writeOptimizer(optimizer, steps);
}

/** What becomes of a run that diverged: once, back to its last checkpoint and slower from there. Takes no step. */

import type { Schedule } from "../../engine/optim/schedules.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { DivergedError } from "../epoch.ts";
import { restoreRun } from "../restore.ts";
import type { RunFolder } from "../run_folder.ts";
import type { Session } from "../session.ts";
import { withoutRow } from "../tally.ts";
import { lastOf } from "./job.ts";

/** What the learning rates of a run are multiplied by after it diverged. */
const SLOWER = 0.5;

/** Where a run goes on after it diverged. */
export interface RollBack {
  /** The checkpoint that the session holds again, the schedule's state slower. */
  readonly checkpoint: Checkpoint;
  /** One sentence. */
  readonly text: string;
}

/**
 * Puts a session back to the last checkpoint of its run after `error`. Throws `error`, with what is kept, where it
 * does not say that the run diverged, where no epoch was kept, and where the run had been slowed before.
 */
export async function rollBack(
  error: unknown,
  { session, folder, schedule: { state } }: {
    readonly session: Session;
    readonly folder: RunFolder;
    readonly schedule: Schedule;
  },
): Promise<RollBack> {
  if (!(error instanceof DivergedError)) throw error;
  const checkpoint = await folder.last();
  if (!checkpoint) throw error;
  const { step, schedule, optimizer } = checkpoint;
  const path = lastOf(folder);
  if (state?.().slowed !== undefined) {
    throw new DivergedError(
      `${error.message}; "${path}" has the run as it was after step ${step}`,
    );
  }
  // What came before it was saved is no part of the next row.
  const fresh = { ...checkpoint, ...(optimizer && { optimizer: withoutRow(optimizer) }) };
  await restoreRun(session, fresh, path);
  return {
    checkpoint: { ...checkpoint, schedule: { ...schedule, slowed: SLOWER } },
    text: `${error.message}. The run goes on from step ${step}, at half the learning rate`,
  };
}

/** What `train` does beside training where it is one of several ranks: the job of each, and what all have to begin with. */

import type { Session } from "../../train/session.ts";
import type { Ranks } from "../../train/ranks.ts";
import { broadcastValue } from "../../train/ranks.ts";
import type { RunFolder } from "../../train/run_folder.ts";
import type { PlanEvent, Reporter } from "../../train/events.ts";
import { describeRanks, leads, requireAgreement, shareStart } from "../../train/run/together.ts";
import { bytesText } from "../../train/batch.ts";
import { AUTO_BATCH } from "../batch_flags.ts";
import { UsageError } from "../errors.ts";
import { followJob, type Job, prepareJob } from "../job.ts";
import { openRecord, type Recorder } from "../record.ts";
import type { AskedFlags } from "../train_flags.ts";
import type { OpenRanks } from "./ranks.ts";

/** Throws UsageError for flags that several ranks cannot do anything with. */
export function requireShared({ supervise, overfit, batch }: AskedFlags): void {
  const refuse = (what: string, needed: string) => {
    throw new UsageError(`Cannot use ${what} with several ranks: ${needed} was needed`);
  };
  if (supervise !== undefined) refuse("--supervise", "a launcher that starts all of them again");
  if (overfit !== undefined) refuse("--overfit", "one process");
  if (batch === AUTO_BATCH) refuse("--batch auto", "a number, of images of all of them together,");
}

/** The job of a rank: rank 0 downloads and makes what there is to, then the others find it. */
export async function prepareTogether(
  ranks: OpenRanks,
  asked: AskedFlags,
  { args, reporter }: {
    readonly args: readonly string[];
    /** Takes what rank 0 says in place of the terminal. */
    readonly reporter?: Reporter | undefined;
  },
): Promise<Job> {
  if (ranks.size === 1) return await prepareJob(asked, args, reporter);
  const first = ranks.rank === 0 ? await prepareJob(asked, args, reporter) : undefined;
  const path = await broadcastValue(ranks, first?.path ?? "");
  const job = { ...first ?? await followJob(asked, args, path), ranks };
  job.report({ event: "note", text: describeRanks(job, ranks.library) });
  return job;
}

/** Sees to it that all ranks train the same run from the same weights. Throws UsageError where they would not. */
export async function begin(session: Session, job: Job, ranks: Ranks): Promise<void> {
  await requireAgreement(job, ranks);
  await shareStart(session, ranks);
  if (job.flags.syncEvery !== undefined) return;
  const bytes = 4 * session.plan.trained;
  const text = `Each step adds up ${bytesText(bytes)} of gradients`;
  const halves = job.flags.wire === "f16" ? `, which travel as ${bytesText(bytes / 2)}` : "";
  job.report({ event: "note", text: text + halves });
}

/** The record of a run, which rank 0 keeps. */
export async function recordOf(job: Job, folder: RunFolder, plan: PlanEvent): Promise<Recorder> {
  if (leads(job)) return await openRecord(job, folder, plan);
  const nothing = async () => {};
  return {
    report: job.report,
    finished: nothing,
    sizes: () => Promise.resolve({}),
    goBack: nothing,
    keepPictures: () => {},
    close: nothing,
  };
}

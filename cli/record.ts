/** Everything a run writes beside its checkpoints, kept together while it goes on. Trains nothing. */

import { resolve } from "node:path";
import type { Device } from "../engine/gpu/device.ts";
import { Board } from "../report/tensorboard/board.ts";
import type { Outputs } from "../train/evaluate.ts";
import type { EpochEvent, PlanEvent, Reporter, RunEvent } from "../train/events.ts";
import type { RunFolder } from "../train/run_folder.ts";
import { cutLogs, logSizes, removeParts } from "../train/run_logs.ts";
import { RunRecord } from "../train/run_record.ts";
import { environmentOf } from "./environment.ts";
import { denoFiles as files } from "./files.ts";
import type { Job } from "./job.ts";
import type { WrongImage } from "../report/wrong_images.ts";
import { classesOf } from "../train/run/data.ts";

/** The documents that a run folder begins with: where it ran and on what. */
export function documentsOf(
  device: Device,
  { data: { dataset, source, fingerprint }, leftOut }: Pick<Job, "data" | "leftOut">,
): Record<string, unknown> {
  return {
    "env.json": environmentOf(device),
    "data.json": {
      source,
      classes: classesOf(dataset),
      notes: dataset.notes,
      "left_out": leftOut.length,
      fingerprint,
    },
  };
}

/** The record of a run that goes on. */
export interface Recorder {
  /** Says an event to the person and keeps it. */
  readonly report: Reporter;
  /** Keeps what validation gave, at the best epoch for the report. */
  readonly finished: (epoch: EpochEvent, outputs: Outputs) => Promise<void>;
  /** Waits as `close` does, and says how many bytes each file has that grows. */
  readonly sizes: () => Promise<Readonly<Record<string, number>>>;
  /** Forgets the steps after `step`: they are taken again. */
  readonly goBack: (step: number) => Promise<void>;
  /** Keeps pictures of what went wrong. */
  readonly keepPictures: (images: readonly WrongImage[], step: number) => void;
  /** Waits until everything is written. Throws what the file system refused. */
  readonly close: () => Promise<void>;
}

/** Opens the record of a job whose folder is made; `plan` is what it began with. */
export async function openRecord(
  job: Pick<Job, "data" | "report" | "resumed">,
  folder: RunFolder,
  plan: PlanEvent,
): Promise<Recorder> {
  const { step = 0, logs } = job.resumed?.checkpoint ?? {};
  if (job.resumed) await removeParts(files, folder.path);
  if (logs) await cutLogs(files, folder.path, logs);
  const record = await RunRecord.open(files, folder.path, { step });
  let board = await Board.open(files, folder.path, { step: step + 1 });
  record.report(plan);
  const { classes } = job.data.dataset;
  // A report may be made from any folder.
  const validation = job.data.dataset.validation.map((one) => ({
    ...one,
    path: resolve(one.path),
  }));
  let writing: Promise<void> = Promise.resolve();
  let failure: unknown;
  const queue = (write: () => Promise<void>) => {
    writing = writing.then(write).catch((error) => failure ??= error);
  };
  const flush = async () => {
    await record.flush();
    await writing;
    if (failure !== undefined) throw failure;
  };
  const keep = (event: RunEvent) => {
    record.report(event);
    queue(() => board.add(event));
  };
  return {
    report(event) {
      job.report(event);
      // An epoch is kept before its checkpoint is written, which says how long the files are, and said afterwards.
      if (event.event !== "epoch") keep(event);
    },
    async finished(epoch, outputs) {
      keep(epoch);
      if (epoch.best && !await record.keepOutputs(validation, outputs)) {
        const text = `validation.csv is not written: ${outputs.logits.length} outputs are too many`;
        record.report({ event: "note", text });
      }
      queue(() => board.addCurves(outputs, { classes, step: epoch.step }));
      await flush();
    },
    async sizes() {
      await flush();
      return await logSizes(files, folder.path);
    },
    async goBack(step) {
      await flush();
      await record.goBack(step);
      board = await Board.open(files, folder.path, { step: step + 1 });
    },
    keepPictures(images, step) {
      images.forEach(({ name, image, overlay }, i) =>
        queue(() =>
          board.addImage(overlay ?? image, { group: "most wrong", name: `${i + 1} ${name}`, step })
        )
      );
    },
    close: flush,
  };
}

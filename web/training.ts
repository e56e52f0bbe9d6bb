/** A run in a tab: trained, saved in the browser's own folder, gone on with after a lost device. Draws nothing. */

import type { Device, RunEvent } from "../mod.ts";
import {
  baseName,
  classesOf,
  cutLogs,
  type Files,
  initialize,
  logSizes,
  openImages,
  openStage,
  planOf,
  RunFolder,
  type RunJob,
  RunRecord,
  settledOn,
  stagesOf,
  StorageError,
  trainStages,
} from "../run.ts";
import { tabDevice, wasLost } from "./device.ts";
import { FaultError } from "./faults.ts";
import type { Ended } from "./messages.ts";
import type { Pacing } from "./pacing.ts";
import { keepSource } from "./runs.ts";
import type { TabData } from "./sources.ts";

/** Devices that may be lost without a finished epoch between them. */
const LOSSES = 3;

/** What a run of a tab is done with. */
export interface TabRun {
  /** Where runs are kept. */
  readonly files: Files;
  readonly data: TabData;
  readonly pacing: Pacing;
  readonly report: (event: RunEvent) => void;
  /** Called with what is done now. */
  readonly doing: (doing: "preparing" | "training" | "rebuilding") => void;
  /** The job again from what was saved last, after a device was lost. */
  readonly again: (path: string) => Promise<RunJob>;
}

/** Trains a job to its end, or until it is stopped. Throws what makes it impossible; what is saved stays. */
export async function trainInTab(begun: RunJob, run: TabRun): Promise<Ended> {
  let job = begun;
  let losses = 0;
  while (true) {
    const before = job.resumed?.checkpoint.step ?? 0;
    const device = await tabDevice();
    try {
      return await trainOn(device, job, run);
    } catch (error) {
      if (!await wasLost(device)) throw error;
      run.doing("rebuilding");
      const text = "the device was lost; the run goes on from its last save on a new one";
      run.report({ event: "warning", text });
      job = await restarted(begun, run);
      losses = (job.resumed?.checkpoint.step ?? 0) > before ? 0 : losses + 1;
      if (losses < LOSSES) continue;
      throw new FaultError(
        "device-lost",
        `Cannot go on training: the device was lost ${losses} times without a save between, a smaller ` +
          "batch or image size was needed",
        { cause: error },
      );
    }
  }
}

/** The job from its last save, or from its beginning where there is none. */
async function restarted(begun: RunJob, { files, again }: TabRun): Promise<RunJob> {
  if (await files.kind(`${begun.path}/last.safetensors`) === "file") return await again(begun.path);
  await files.remove(begun.path);
  return begun;
}

async function trainOn(device: Device, prepared: RunJob, run: TabRun): Promise<Ended> {
  run.doing("preparing");
  const job = settledOn(device, prepared);
  // Before anything that takes time: a browser may give no room.
  const folder = job.resumed?.folder ?? await createFolder(device, job, run);
  try {
    await keepSource(run.files, job.path, run.data.kind);
    return await trainIn(folder, job, { device, run });
  } finally {
    await folder.discardUnfinished();
  }
}

async function trainIn(
  folder: RunFolder,
  job: RunJob,
  { device, run }: { readonly device: Device; readonly run: TabRun },
): Promise<Ended> {
  const done = job.resumed?.checkpoint.epoch ?? 0;
  const all = stagesOf(job.flags);
  const stages = all.filter(({ until }) => until > done);
  const first = stages[0] ?? all.at(-1)!;
  const opened = { stage: await openStage(device, job, first) };
  let images: Awaited<ReturnType<typeof openImages>> | undefined;
  let record: RunRecord | undefined;
  try {
    const { session } = opened.stage;
    await initialize(session, job);
    const plan = planOf(job, { device, session, stage: first });
    const { bufferBytes, slotBytes } = session.plan;
    // All that steps keep, twice: a checkpoint takes the place of another one that is still there.
    await requireRoom(run.files, 2 * (bufferBytes - slotBytes));
    images = await openImages(job);
    const { step = 0, logs } = job.resumed?.checkpoint ?? {};
    if (logs) await cutLogs(run.files, job.path, logs);
    const { report: keep } = record = await RunRecord.open(run.files, job.path, { step });
    keep(plan);
    run.report(plan);
    run.doing("training");
    const { validation } = job.data.dataset;
    const result = await trainStages(opened, job, {
      ...{ device, plan, stages, folder, images, ask: run.pacing.ask },
      record: {
        report(event) {
          run.report(event);
          // An epoch is kept before its checkpoint is written, which says how long the files are.
          if (event.event !== "epoch") keep(event);
        },
        async finished(epoch, outputs) {
          keep(epoch);
          if (epoch.best) await record!.keepOutputs(validation, outputs);
          await record!.flush();
        },
        async sizes() {
          await record!.flush();
          return await logSizes(run.files, job.path);
        },
        goBack: (step) => record!.goBack(step),
      },
    });
    const { epoch, interrupted, best } = result;
    return {
      run: baseName(job.path),
      ...{ epoch, epochs: job.flags.epochs, stopped: interrupted },
      ...(best && { best }),
    };
  } finally {
    images?.close();
    // What made the run fail is worth more than what a last write may say.
    await record?.flush().catch(() => {});
    opened.stage.session.destroy();
  }
}

/** Throws StorageError where the browser gives a run less room than it needs. */
async function requireRoom(files: Files, bytes: number): Promise<void> {
  const free = await files.freeBytes?.("");
  if (free === undefined || free >= bytes) return;
  const megabytes = (count: number) => `${Math.ceil(count / 1e6)} MB`;
  throw new StorageError(
    `Cannot keep a run: its checkpoints take ${megabytes(bytes)}, this browser gives ` +
      `${
        megabytes(Math.max(0, free))
      }, more were needed; remove saved runs or make room on the disk`,
  );
}

/** The folder of a new run, with the documents that reports read. */
async function createFolder(
  device: Device,
  job: RunJob,
  { files, data }: TabRun,
): Promise<RunFolder> {
  const { dataset, source, fingerprint } = data;
  return await RunFolder.create(files, job.path, { ...job.recipe }, {
    "env.json": {
      adapter: { name: device.name, software: device.software },
      browser: navigator.userAgent,
      processors: navigator.hardwareConcurrency,
      started: new Date().toISOString(),
    },
    "data.json": {
      ...{ source, classes: classesOf(dataset), notes: dataset.notes, fingerprint },
      "left_out": data.leftOut.length,
    },
  });
}

/**
 * A trainer as `verity train` is one, but for its network, which is small enough to be killed often: `tiny_run.ts` and
 * the flags of `train`. Asserts nothing.
 */
import type { Device } from "../../engine/gpu/device.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { failureOf } from "../../cli/errors.ts";
import { denoFiles } from "../../cli/files.ts";
import { listenForSignals } from "../../cli/interrupts.ts";
import type { Job } from "../../cli/job.ts";
import { openReportedDevice, setRuntimeDirectory } from "../../cli/machine.ts";
import { asRanks } from "../../cli/mpi/together.ts";
import { begin, prepareTogether, recordOf } from "../../cli/mpi/train.ts";
import { documentsOf } from "../../cli/record.ts";
import { writeReport } from "../../cli/report.ts";
import { lockRun } from "../../cli/run_lock.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";
import { readRun } from "../../report/run.ts";
import type { Reporter } from "../../train/events.ts";
import { stagesOf } from "../../train/recipe/stages.ts";
import { openImages } from "../../train/run/images.ts";
import { settledOn } from "../../train/run/job.ts";
import { planOf } from "../../train/run/plan.ts";
import { initialize, stageOptions } from "../../train/run/stage.ts";
import { leads } from "../../train/run/together.ts";
import { trainStages } from "../../train/run/train.ts";
import { RunFolder } from "../../train/run_folder.ts";
import { Session } from "../../train/session.ts";
import { plain, tiny } from "./tiny.ts";

/** Flags of a run of 4 epochs of 5 steps on the 24 images of `twoClasses`. */
export const TINY =
  "--model resnet18 --batch 4 --size 8 --resize 10 --epochs 4 --validation 0.15 " +
  "--recipe scratch --optimizer adamw --lr 0.01 --ema 0.9 --seed 3 --workers 1 --log-every 2 --patience 0";

/** The network that the environment asks for. */
function network(): Model {
  return Deno.env.get("VERITY_NETWORK") === "plain" ? plain : tiny;
}

/** Trains, saves and reports; returns the exit code. What it says goes to the terminal unless `reporter` takes it. */
export async function trainTiny(args: readonly string[], reporter?: Reporter): Promise<number> {
  const parsed = readTrainFlags(args);
  if ("help" in parsed) throw new TypeError("Cannot train: flags of a run were needed");
  return await asRanks("train", async (ranks) => {
    const prepared = await prepareTogether(ranks, parsed.flags, { args, reporter });
    const device = await openReportedDevice(undefined, prepared.report);
    try {
      return await trainOn(device, settledOn(device, prepared));
    } finally {
      device.gpu.destroy();
    }
  });
}

async function trainOn(device: Device, job: Job): Promise<number> {
  const { path, resumed, flags } = job;
  const [stage] = stagesOf(flags);
  const session = await Session.create(device, { ...stageOptions(job, stage!), model: network() });
  const opened = { stage: { stage: stage!, session, pipeline: job.pipeline } };
  try {
    await initialize(session, job);
    if (job.ranks) await begin(session, job, job.ranks);
    const plan = planOf(job, { device, session, stage: stage! });
    await using _lock = leads(job) ? await lockRun(path) : undefined;
    const folder = !leads(job) ? RunFolder.follow(denoFiles, path) : resumed?.folder ??
      await RunFolder.create(denoFiles, path, job.recipe, documentsOf(device, job));
    const images = await openImages(job);
    try {
      const record = await recordOf(job, folder, plan);
      const { saveEvery } = flags;
      const say = (text: string) => record.report({ event: "note", text });
      const { ask, exitCode, close } = listenForSignals({ saveEvery, say });
      const { interrupted } = await trainStages(opened, job, {
        ...{ device, plan, stages: [stage!], folder, images, record, ask },
      });
      close();
      await record.close();
      if (interrupted) return exitCode() ?? 0;
      if (!leads(job)) return 0;
      await writeReport(denoFiles, await readRun(denoFiles, path), { report: record.report });
      await record.close();
      return 0;
    } finally {
      images.close();
      await folder.discardUnfinished();
    }
  } finally {
    session.destroy();
  }
}

if (import.meta.main) {
  setRuntimeDirectory();
  const code = await trainTiny(Deno.args).catch((error) => {
    const failure = failureOf(error);
    console.error(failure.message);
    return failure.code;
  });
  Deno.exit(code);
}

/** `lr-find`: which learning rate to train with, from a few dozen steps of the run that is to be. Leaves no run. */

import type { Batch } from "../data/loader.ts";
import type { ImageSet } from "../train/evaluate.ts";
import type { RunEvent } from "../train/events.ts";
import { findLearningRate, type FoundRate } from "../train/lr_find.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type Command, positive, whole } from "./flags.ts";
import { kernelsOf } from "../train/recipe/augment.ts";
import { openImages } from "../train/run/images.ts";
import { withBatch } from "./batch.ts";
import { settledOn } from "../train/run/job.ts";
import { type Job, prepareJob } from "./job.ts";
import { curveCsv, curveSvg, sparkline } from "./lr_curve.ts";
import { openReportedDevice } from "./machine.ts";
import { requireWritable } from "./output.ts";
import { initialize, type OpenStage, openStage } from "../train/run/stage.ts";
import { stagesOf } from "../train/recipe/stages.ts";
import { type AskedFlags, readTrainFlags, trainCommand } from "./train_flags.ts";

interface SearchFlags extends AskedFlags {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly out?: string;
}

function searchCommand(): Command {
  return trainCommand({
    name: "lr-find",
    description:
      "Suggests a learning rate: takes steps at rising rates, as the run that the other flags describe would, " +
      "and looks where the loss falls.",
  })
    .optionsGroup("Search:")
    .option("--from <x>", "the first learning rate", positive, 1e-7)
    .option("--to <x>", "the last one", positive, 1)
    .option("--steps <n>", "steps between them", whole(2), 100)
    .option("--out <file>", "write the curve: .csv or .svg");
}

/** Searches as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = readTrainFlags(args, searchCommand());
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const flags = parsed.flags as SearchFlags;
  const { out } = flags;
  if (flags.resume !== undefined) {
    throw new UsageError(
      "Cannot use --resume here: the options of a run, by --config, were needed",
    );
  }
  if (flags.from >= flags.to) {
    throw new UsageError(
      `Cannot search from --from ${flags.from} to --to ${flags.to}: rising rates were needed`,
    );
  }
  if (out !== undefined) {
    if (!/\.(csv|svg)$/.test(out)) {
      throw new UsageError(
        `Cannot write --out "${out}": a name that ends in .csv or .svg was needed`,
      );
    }
    await requireWritable(files, out);
  }
  // A step of one batch says as much, and is sooner done.
  const job = await prepareJob({ ...flags, accumulate: 1 }, args);
  const found = await searchRate(job, flags);
  for (const event of told(found, flags)) job.report(event);
  if (flags.json) {
    console.log(
      JSON.stringify({ event: "lr-find", lr: found.suggestion ?? null, curve: found.curve }),
    );
  }
  if (out !== undefined) {
    const text = out.endsWith(".csv") ? curveCsv(found.curve) : curveSvg(found);
    await files.writeAtomic(out, new TextEncoder().encode(text));
  }
  return 0;
}

/** Opens a device and the session of a job, and searches. */
export async function searchRate(
  prepared: Job,
  { from, to, steps }: Pick<SearchFlags, "from" | "to" | "steps">,
): Promise<FoundRate> {
  const device = await openReportedDevice(prepared.flags.power, prepared.report);
  const job = await withBatch(device, settledOn(device, prepared));
  const opened = await openStage(device, job, stagesOf(job.flags)[0]!);
  const images = await openImages(job);
  try {
    await initialize(opened.session, job);
    const every = Math.max(1, Math.floor(steps / 10));
    let count = 0;
    return await findLearningRate(opened.session, endless(opened, job, images.train.loader), {
      ...{ from, to, steps },
      tried: ({ rate, smoothed }) => {
        if (count++ % every !== 0) return;
        const text = `learning rate ${rate.toExponential(1)}: loss ${smoothed.toFixed(4)}`;
        job.report({ event: "note", text });
      },
    });
  } finally {
    images.close();
    opened.session.destroy();
  }
}

/** Training batches, epoch after epoch. */
async function* endless(
  { stage: { size, resize }, pipeline }: OpenStage,
  { flags: { batch, seed, augmentOn }, preprocessing: { interpolation }, data }: Job,
  loader: ImageSet["loader"],
): AsyncGenerator<Batch, void, undefined> {
  const classes = data.dataset.classes.length;
  const hasKernel = kernelsOf(augmentOn);
  const options = { batch, size, resize, interpolation, seed, train: true, classes, hasKernel };
  for (let epoch = 0;; epoch++) {
    let any = false;
    for await (const images of loader.batches({ ...options, augment: pipeline, epoch })) {
      any = true;
      yield images;
    }
    if (!any) return;
  }
}

/** What a person should read. */
function told({ curve, suggestion }: FoundRate, { out }: SearchFlags): RunEvent[] {
  const [first, last] = [curve[0], curve.at(-1)];
  const text = suggestion === undefined
    ? "The loss falls nowhere: other rates by --from and --to, or a look at the data, is needed"
    : `Suggestion: --lr ${suggestion.toPrecision(2)}`;
  const note = (text: string): RunEvent => ({ event: "note", text });
  return [
    ...first && last
      ? [note(`${first.rate.toExponential(0)} ${sparkline(curve)} ${last.rate.toExponential(0)}`)]
      : [],
    note(text),
    ...out === undefined ? [] : [note(`curve: ${out}`)],
  ];
}

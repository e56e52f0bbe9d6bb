/** `eval`: a checkpoint's loss, accuracy and AUC on labelled images. */

import { Loader } from "../data/loader.ts";
import { modelNames } from "../models/mod.ts";
import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import { evaluate } from "../train/evaluate.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import {
  type CommonFlags,
  given,
  newCommand,
  oneOf,
  parseFlags,
  requireFlags,
  share,
  whole,
} from "./flags.ts";
import { imageProgress, openReportedDevice, terminalReporter } from "./machine.ts";
import { evaluationSession, openCheckpoint, trainedBatch } from "./sessions.ts";
import { openData } from "./train_data.ts";

interface EvalFlags extends CommonFlags {
  readonly checkpoint: string;
  readonly data?: string;
  readonly labels?: string;
  readonly images?: string;
  readonly part: "validation" | "train" | "all";
  readonly validation?: number;
  readonly model?: string;
  readonly batch?: number;
  readonly power?: "high" | "low";
  readonly workers?: number;
}

const command = () =>
  newCommand("eval", "Prints loss, accuracy and AUC of a checkpoint on labelled images.")
    .option("--checkpoint <file>", "best.safetensors or last.safetensors of a run")
    .option("--data <dir>", "FFDI layout or a folder per class")
    .option("--labels <csv>", "label file: img_name,target; needs --images")
    .option("--images <dir>", "the folder that --labels names images in")
    .option(
      "--part <part>",
      "validation, train or all",
      oneOf(["validation", "train", "all"]),
      "validation",
    )
    .option(
      "--validation <share>",
      "share set aside where the data has no split (default: as in training)",
      share,
    )
    .option("--model <name>", "refuse a checkpoint of another model", oneOf(modelNames))
    .option("--batch <n>", "images at a time (default: as in training)", whole(1))
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]))
    .option("--workers <n>", "workers that decode images", whole(1));

/** Measures as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = command();
  const parsed = parseFlags<EvalFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireFlags(flags, { checkpoint: "a checkpoint file" });
  const { labels, images } = flags;
  if ((flags.data === undefined) === (labels === undefined)) {
    throw new UsageError("Cannot evaluate: either --data, or --labels with --images, was needed");
  }
  if ((labels === undefined) !== (images === undefined)) {
    throw new UsageError("Cannot evaluate: --labels and --images were needed together");
  }
  const report = terminalReporter(flags.json === true);
  const checkpoint = await openCheckpoint(files, flags.checkpoint, flags.model);
  const { dataset, source } = await openData({
    ...flags,
    ...splitOf(checkpoint, flags),
    ...(given(reader, "seed") && { seed: flags.seed }),
  });
  requireClasses(checkpoint, dataset.classes, flags.checkpoint);
  const samples = flags.part === "all"
    ? [...dataset.train, ...dataset.validation]
    : dataset[flags.part];
  const batch = flags.batch ?? trainedBatch(checkpoint);

  const device = await openReportedDevice(flags.power, report);
  const session = await evaluationSession(device, checkpoint, { path: flags.checkpoint, batch });
  const loader = await Loader.open(samples, files, flags.workers ? { workers: flags.workers } : {});
  try {
    const { model, size, resize, seed, preprocessing: { interpolation } } = checkpoint;
    report({
      event: "note",
      text: `${samples.length} images (${flags.part}) of ${source}; ${model} at ${size} pixels ` +
        `after epoch ${checkpoint.epoch}, on ${device.name}`,
    });
    const set = { loader, count: samples.length };
    const { measured } = imageProgress(samples.length, report);
    const options = { batch, size, resize, interpolation, seed, measured };
    const result = await evaluate(session, set, options);
    report({ event: "eval", ...result });
  } finally {
    loader.close();
    session.destroy();
  }
  return 0;
}

/** The split of the checkpoint's run, so that its validation images are the ones it did not learn. */
function splitOf(
  { seed, configuration }: Checkpoint,
  flags: EvalFlags,
): { seed: number; validation?: number } {
  const validation = flags.validation ?? configuration.validation;
  return { seed, ...(typeof validation === "number" && { validation }) };
}

function requireClasses(checkpoint: Checkpoint, classes: readonly string[], path: string): void {
  if (checkpoint.classes.join("\0") === classes.join("\0")) return;
  throw new CheckpointError(
    `Cannot evaluate the checkpoint "${path}" on the classes ${classes.join(", ")}: ` +
      `its classes are ${checkpoint.classes.join(", ")}, the same were needed`,
  );
}

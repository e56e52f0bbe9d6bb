/** `eval`: a checkpoint's loss, accuracy and AUC on labelled images. */

import { Loader } from "../data/loader.ts";
import { modelNames } from "../models/mod.ts";
import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import { evaluate } from "../train/evaluate.ts";
import { sheetOf } from "../train/score_sheet.ts";
import { addDataFlags, type DataFlags, requireDataAgreement } from "./data_flags.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import {
  type Command,
  type CommonFlags,
  given,
  newCommand,
  oneOf,
  parseFlags,
  requireFlags,
  whole,
} from "./flags.ts";
import { addLoadingFlags, findBad, type LoadingFlags, openCache } from "./loading_flags.ts";
import { imageProgress, openReportedDevice, terminalReporter } from "./machine.ts";
import { type PrecisionFlag, withPrecisionFlag } from "./precision_flags.ts";
import { evaluationSession, openCheckpoint, trainedBatch } from "./sessions.ts";
import { openData } from "./train_data.ts";

interface EvalFlags extends CommonFlags, DataFlags, LoadingFlags, PrecisionFlag {
  readonly checkpoint: string;
  readonly part: "validation" | "train" | "all";
  readonly model?: string;
  readonly batch?: number;
  readonly power?: "high" | "low";
  readonly calibrate?: true;
}

function command(): Command {
  const command = newCommand(
    "eval",
    "Prints loss, AUC with its interval, accuracy, calibration and more of a checkpoint on labelled images, " +
      "class by class, and the best thresholds. Images are divided as in training " +
      "unless a flag says otherwise.",
  )
    .option("--checkpoint <file>", "best.safetensors or last.safetensors of a run");
  addDataFlags(command, {})
    .option(
      "--part <part>",
      "validation, train or all",
      oneOf(["validation", "train", "all"]),
      "validation",
    )
    .option("--model <name>", "refuse a checkpoint of another model", oneOf(modelNames))
    .option("--batch <n>", "images at a time (default: as in training)", whole(1))
    .option(
      "--calibrate",
      "divide outputs by the temperature that makes their loss least, and print it",
    )
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  return addLoadingFlags(withPrecisionFlag(command, "as in training"));
}

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
  requireDataAgreement(flags, (name) => given(reader, name));
  if (flags.data === undefined && flags.labels === undefined) {
    throw new UsageError("Cannot evaluate: either --data, or --labels with --images, was needed");
  }
  const report = terminalReporter(flags.json === true);
  const checkpoint = await openCheckpoint(files, flags.checkpoint, flags.model);
  const { dataset, source, files: reading } = await openData({
    ...splitOf(checkpoint, flags),
    ...flags,
    seed: given(reader, "seed") ? flags.seed : checkpoint.seed,
  });
  requireClasses(checkpoint, dataset.classes, flags.checkpoint);
  const all = flags.part === "all"
    ? [...dataset.train, ...dataset.validation]
    : dataset[flags.part];
  const cache = openCache(flags, { files: reading, report });
  const settings = { cache, ...(flags.workers && { workers: flags.workers }) };
  const { size, resize, preprocessing: { interpolation } } = checkpoint;
  const sizes = { size, resize, interpolation };
  const leftOut = await findBad(all, flags, { files: reading, settings, report, ...sizes });
  const bad = new Set(leftOut.map(({ sample }) => sample));
  const samples = all.filter((sample) => !bad.has(sample));
  for (const { reason: text } of leftOut) report({ event: "warning", text });
  const batch = flags.batch ?? trainedBatch(checkpoint);

  const device = await openReportedDevice(flags.power, report);
  const { checkpoint: path, precision } = flags;
  const session = await evaluationSession(device, checkpoint, { path, batch, precision });
  const loader = await Loader.open(samples, reading, settings);
  try {
    const { model, seed } = checkpoint;
    report({
      event: "note",
      text: `${samples.length} images (${flags.part}) of ${source}; ${model} at ${size} pixels ` +
        `after epoch ${checkpoint.epoch}, on ${device.name}`,
    });
    const set = { loader, count: samples.length };
    const { measured } = imageProgress(samples.length, report);
    const options = { batch, ...sizes, seed, measured };
    const { outputs } = await evaluate(session, set, options);
    const { classes } = checkpoint;
    report({ event: "eval", ...sheetOf(outputs, { classes, seed, calibrate: flags.calibrate }) });
  } finally {
    loader.close();
    session.destroy();
  }
  return 0;
}

/** How the checkpoint's run divided its images, so that validation images are the ones it did not learn. */
function splitOf({ configuration }: Checkpoint, flags: EvalFlags): DataFlags {
  // All images are the same however they are divided.
  if (flags.part === "all") return {};
  const names = [
    "validation",
    "groupPattern",
    ...(flags.validation === undefined ? ["folds", "fold"] as const : []),
    // A column is there in label files alone.
    ...(flags.labels === undefined ? [] : ["groupColumn"] as const),
  ];
  return Object.fromEntries(
    names.flatMap((name) => configuration[name] === undefined ? [] : [[name, configuration[name]]]),
  );
}

function requireClasses(checkpoint: Checkpoint, classes: readonly string[], path: string): void {
  if (checkpoint.classes.join("\0") === classes.join("\0")) return;
  throw new CheckpointError(
    `Cannot evaluate the checkpoint "${path}" on the classes ${classes.join(", ")}: ` +
      `its classes are ${checkpoint.classes.join(", ")}, the same were needed`,
  );
}

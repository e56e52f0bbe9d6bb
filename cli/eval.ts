/** `eval`: a checkpoint's loss, accuracy and AUC on labelled images. */

import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import { ensemble } from "../train/predict.ts";
import { sheetOf } from "../train/score_sheet.ts";
import { addDataFlags, type DataFlags, requireDataAgreement } from "./data_flags.ts";
import { ask } from "./ensemble.ts";
import {
  addEnsembleFlags,
  type EnsembleFlags,
  type Member,
  openMembers,
  requireCheckpoint,
  sizesOf,
} from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type Command, type CommonFlags, given, newCommand, oneOf, parseFlags } from "./flags.ts";
import { addLoadingFlags, findBad, type LoadingFlags, openCache } from "./loading_flags.ts";
import { openReportedDevice, terminalReporter } from "./machine.ts";
import { openData } from "./train_data.ts";

interface EvalFlags extends CommonFlags, DataFlags, LoadingFlags, EnsembleFlags {
  readonly part: "validation" | "train" | "all";
  readonly calibrate?: true;
}

function command(): Command {
  const command = newCommand(
    "eval",
    "Prints loss, AUC with its interval, accuracy, calibration and more of a checkpoint on labelled images, " +
      "class by class, and the best thresholds. Images are divided as in training " +
      "unless a flag says otherwise.",
  );
  addDataFlags(addEnsembleFlags(command), {})
    .option(
      "--part <part>",
      "validation, train or all",
      oneOf(["validation", "train", "all"]),
      "validation",
    )
    .option(
      "--calibrate",
      "divide outputs by the temperature that makes their loss least, and print it",
    );
  return addLoadingFlags(command);
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
  requireCheckpoint(reader, flags);
  requireDataAgreement(flags, (name) => given(reader, name));
  if (flags.data === undefined && flags.labels === undefined) {
    throw new UsageError("Cannot evaluate: either --data, or --labels with --images, was needed");
  }
  const report = terminalReporter(flags.json === true);
  const members = await openMembers(files, reader, flags);
  const [{ checkpoint, path }] = members;
  const { classes } = checkpoint;
  if (flags.average === "ranks" && classes.length !== 2) {
    throw new UsageError(
      `Cannot measure ranks of ${classes.length} classes, which are no probabilities: ` +
        "--average probabilities or logits was needed",
    );
  }
  const seed = given(reader, "seed") ? flags.seed : checkpoint.seed;
  const { dataset, source, files: reading } = await openData({
    ...splitOf(checkpoint, flags),
    ...flags,
    seed,
  });
  requireClasses(checkpoint, dataset.classes, path);
  const all = flags.part === "all"
    ? [...dataset.train, ...dataset.validation]
    : dataset[flags.part];
  const cache = openCache(flags, { files: reading, report });
  const settings = { cache, ...(flags.workers && { workers: flags.workers }) };
  const bad = await findBad(all, flags, {
    ...{ files: reading, settings, report },
    ...sizesOf(checkpoint),
  });
  const leftOut = new Set(bad.map(({ sample }) => sample));
  const samples = all.filter((sample) => !leftOut.has(sample));
  for (const { reason: text } of bad) report({ event: "warning", text });
  if (flags.part !== "all" && dividedApart(members, flags)) {
    report({
      event: "warning",
      text:
        "the runs of these checkpoints divided their images in different ways: unless the data " +
        "has a validation part of its own, some have learned from images that are measured here",
    });
  }

  const device = await openReportedDevice(flags.power, report);
  for (const { checkpoint: { model, size, epoch }, path } of members) {
    report({
      event: "note",
      text: `${samples.length} images (${flags.part}) of ${source}; ${model} at ${size} pixels ` +
        `after epoch ${epoch} of ${path}, on ${device.name}`,
    });
  }
  const question = { samples, files: reading, settings, seed, report };
  const { predictions } = await ask(device, members, flags, question);
  const outputs = ensemble(predictions, flags.average);
  report({ event: "eval", ...sheetOf(outputs, { classes, seed, calibrate: flags.calibrate }) });
  return 0;
}

/** Whether runs set other images aside than the first. */
function dividedApart(members: readonly Member[], flags: EvalFlags): boolean {
  const [first, ...others] = members.map(({ checkpoint }) =>
    JSON.stringify([splitOf(checkpoint, flags), checkpoint.seed])
  );
  return others.some((other) => other !== first);
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

/** `eval`: how good a checkpoint is, or the average of several, on labelled images. */

import { ensemble } from "../train/predict.ts";
import { sheetOf } from "../train/score_sheet.ts";
import { ask } from "./ensemble.ts";
import {
  addEnsembleFlags,
  type EnsembleFlags,
  openMembers,
  requireCheckpoint,
} from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type Command, newCommand, parseFlags } from "./flags.ts";
import { openReportedDevice, terminalReporter } from "./machine.ts";
import { addMeasuredFlags, type MeasuredFlags, openMeasured } from "./measured.ts";

interface EvalFlags extends MeasuredFlags, EnsembleFlags {
  readonly calibrate?: true;
}

function command(): Command {
  const command = newCommand(
    "eval",
    "Prints loss, AUC with its interval, accuracy, calibration and more of a checkpoint on labelled images, " +
      "class by class, and the best thresholds. Images are those of its run, and divided as in training, " +
      "unless a flag says otherwise.",
  );
  return addMeasuredFlags(addEnsembleFlags(command)).option(
    "--calibrate",
    "divide outputs by the temperature that makes their loss least, and print it",
  );
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
  const report = terminalReporter(flags.json === true);
  const members = await openMembers(files, reader, flags);
  const { classes } = members[0].checkpoint;
  if (flags.average === "ranks" && classes.length !== 2) {
    throw new UsageError(
      `Cannot measure ranks of ${classes.length} classes, which are no probabilities: ` +
        "--average probabilities or logits was needed",
    );
  }
  const images = await openMeasured(reader, flags, { members, report });
  const device = await openReportedDevice(flags.power, report);
  for (const { checkpoint: { model, size, epoch }, path } of members) {
    report({
      event: "note",
      text: `${images.samples.length} images (${flags.part}) of ${images.source}; ${model} at ` +
        `${size} pixels after epoch ${epoch} of ${path}, on ${device.name}`,
    });
  }
  const { predictions } = await ask(device, members, flags, { ...images, report });
  const outputs = ensemble(predictions, flags.average);
  const { seed } = images;
  report({ event: "eval", ...sheetOf(outputs, { classes, seed, calibrate: flags.calibrate }) });
  return 0;
}

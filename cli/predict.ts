/** `predict`: from checkpoints and a folder of images to a submission. */

import { withArchives } from "../data/archives/mount.ts";
import type { Files } from "../data/files.ts";
import { readSample } from "../data/labels.ts";
import { openImages } from "../data/sources.ts";
import {
  formatTable,
  type NumberTable,
  parseTable,
  TABLE_ENDINGS,
  type TableFormat,
  tableFormat,
} from "../data/table_file.ts";
import { ensemble } from "../train/predict.ts";
import { doubtsOf, requireSubmission, type ScoreRange, submissionOf } from "../train/submission.ts";
import { requireApart, writeOverlays } from "./cam.ts";
import { ask } from "./ensemble.ts";
import {
  addEnsembleFlags,
  type EnsembleFlags,
  openMembers,
  requireCheckpoint,
  sizesOf,
} from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { denoFiles } from "./files.ts";
import {
  type Command,
  type CommonFlags,
  newCommand,
  parseFlags,
  requireFlags,
  whole,
} from "./flags.ts";
import { addLoadingFlags, findBad, type LoadingFlags, openCache } from "./loading_flags.ts";
import { openReportedDevice, terminalReporter } from "./machine.ts";
import { requireWritable } from "./output.ts";

const files = withArchives(denoFiles);

interface PredictFlags extends CommonFlags, LoadingFlags, EnsembleFlags {
  readonly images: string;
  readonly out: string;
  readonly sample?: string;
  readonly nameColumn?: string;
  readonly cam?: string;
  /** How many images; true for the usual number. */
  readonly explain?: number | true;
}

function command(): Command {
  const command = addEnsembleFlags(newCommand(
    "predict",
    "Writes img_name,y_pred: the probability of class 1 for every image of a folder.",
  ))
    .option("--images <path>", "the images: a folder, .zip or .tar")
    .option("--out <file>", `the submission to write: ${TABLE_ENDINGS.join(", ")}`)
    .option(
      "--sample <csv>",
      "a file with img_name: which images, in which order (default: by name), and where it has two " +
        "columns what they are called",
    )
    .option("--name-column <name>", "its column of image names (default: img_name, …)")
    .option("--cam <dir>", "write where the model looks: each image under a heat map (Grad-CAM)")
    .option(
      "--explain [n]",
      "list the n images (default: 10) that are least certain, and those that views and models " +
        "differ on most",
      whole(1),
    );
  return addLoadingFlags(command, ["error", "list"]);
}

/** Predicts as the flags say and returns the exit code. The submission appears whole or not at all. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = command();
  const parsed = parseFlags<PredictFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireCheckpoint(reader, flags);
  requireFlags(flags, {
    images: "a folder of images",
    out: "the name of the file to write",
  });
  const { out, cam, sample: samplePath, nameColumn, workers, seed, explain, tta } = flags;
  const format = tableFormat(out);
  if (!format) {
    throw new UsageError(
      `Cannot write --out "${out}": a name that ends in ${TABLE_ENDINGS.join(", ")} was needed`,
    );
  }
  const report = terminalReporter(flags.json === true);
  await requireWritable(files, out);
  if (cam !== undefined) await requireApart(files, cam, flags.images);
  const members = await openMembers(files, reader, flags);
  const sample = samplePath === undefined
    ? undefined
    : await readSample(files, samplePath, nameColumn === undefined ? {} : { nameColumn });
  const samples = await openImages(files, flags.images, sample?.names);
  const settings = { cache: openCache(flags, { files, report }), ...(workers && { workers }) };
  const [{ checkpoint: { classes: classNames }, checkpoint }] = members;
  await findBad(samples, flags, { files, settings, report, ...sizesOf(checkpoint) });

  const device = await openReportedDevice(flags.power, report);
  const classes = classNames.length > 10
    ? `${classNames.length} classes`
    : `classes ${classNames.join(", ")}`;
  for (const { path, checkpoint: { model, size } } of members) {
    report({
      event: "note",
      text: `${samples.length} images of ${flags.images}; ${model} at ${size} pixels of ${path}, ` +
        `${classes}, on ${device.name}`,
    });
  }
  const question = { samples, files, settings, seed, report };
  const { predictions, imagesPerSecond } = await ask(device, members, flags, question);
  const answer = ensemble(predictions, flags.average);
  const names = samples.map(({ name }) => name);
  const table = submissionOf(names, answer.scores, { classNames, sample });
  const range = await writeChecked(files, { out, format }, table);
  if (cam !== undefined) await writeOverlays(cam, members[0], { ...question, device, flags });
  if (explain !== undefined) {
    const count = explain === true ? 10 : explain;
    report({ event: "doubts", ...doubtsOf(names, answer, { classNames, count }) });
  }
  report({
    ...{ event: "predict", out, n: samples.length, checkpoints: members.length, ...range },
    ...(samplePath !== undefined && { sample: samplePath }),
    passes: tta === undefined ? 0 : predictions[0]!.views,
    "img_per_s": imagesPerSecond,
  });
  return 0;
}

/** Writes a table, reads the file and compares. Throws DataError where it does not hold the table. */
async function writeChecked(
  files: Files,
  { out, format }: { readonly out: string; readonly format: TableFormat },
  table: NumberTable,
): Promise<ScoreRange> {
  await files.writeAtomic(out, await formatTable(table, format));
  const { columns, nameAt } = table;
  const read = await parseTable(await files.read(out), { format, where: out, columns, nameAt });
  return requireSubmission(read, table, out);
}

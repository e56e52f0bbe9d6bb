/** `predict`: from checkpoints and a folder of images to a submission. */

import { withArchives } from "../data/archives/mount.ts";
import type { Files } from "../data/files.ts";
import { readSample, type SampleFile } from "../data/labels.ts";
import type { Sample } from "../data/sample.ts";
import { openImages } from "../data/sources.ts";
import { TABLE_ENDINGS } from "../data/table_file.ts";
import { noAnswers, type Shard } from "../train/part.ts";
import { startDecoder } from "./decoder.ts";
import { requireApart, writeOverlays } from "./cam.ts";
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
import { denoFiles } from "./files.ts";
import { type Command, type CommonFlags, newCommand, parseFlags, requireFlags } from "./flags.ts";
import { addLoadingFlags, findBad, type LoadingFlags, openCache } from "./loading_flags.ts";
import { openReportedDevice, terminalReporter } from "./machine.ts";
import { findPart, planOf, samplesOf, writePart } from "./part.ts";
import { openAddresses } from "./remote.ts";
import { addShardFlags, type AskedShard, shardOf } from "./shard_flags.ts";
import { type ExplainFlag, requireTable, withExplainFlag, writeSubmission } from "./submission.ts";

interface PredictFlags extends CommonFlags, LoadingFlags, EnsembleFlags, ExplainFlag {
  readonly images: string;
  readonly out: string;
  readonly sample?: string;
  readonly nameColumn?: string;
  readonly cam?: string;
  readonly shard?: AskedShard;
  readonly again?: true;
}

/** The command with its flags. */
export function predictCommand(): Command {
  const command = addEnsembleFlags(newCommand(
    "predict",
    "Writes img_name,y_pred: the probability of class 1 for every image of a folder.",
  ))
    .option("--images <path>", "the images: a folder, .zip or .tar")
    .option(
      "--out <file>",
      `the submission to write: ${TABLE_ENDINGS.join(", ")}; with --shard the folder of the parts`,
    )
    .option(
      "--sample <csv>",
      "a file with img_name: which images, in which order (default: by name), and where it has two " +
        "columns what they are called",
    )
    .option("--name-column <name>", "its column of image names (default: img_name, …)")
    .option("--cam <dir>", "write where the model looks: each image under a heat map (Grad-CAM)");
  return addLoadingFlags(addShardFlags(withExplainFlag(command)), ["error", "list"]);
}

/** Predicts as the flags say and returns the exit code. The submission appears whole or not at all. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = predictCommand();
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
  const { out, cam, sample: samplePath, nameColumn, workers, seed, explain, tta, average } = flags;
  const shard = flags.shard && shardOf(flags.shard);
  if (shard && explain !== undefined) {
    throw new UsageError("Cannot use --explain with --shard: merge --explain was needed");
  }
  if (flags.again && !shard) {
    throw new UsageError("Cannot use --again alone: --shard with a part was needed");
  }
  const report = terminalReporter(flags.json === true);
  const reached = await openAddresses(denoFiles, { places: [flags.images] });
  const files = withArchives(reached.files);
  const images = reached.pathOf(flags.images);
  const format = shard ? undefined : await requireTable(files, out);
  if (cam !== undefined) await requireApart(files, cam, images);
  const members = await openMembers(files, reader, flags);
  const sample = samplePath === undefined
    ? undefined
    : await readSample(files, samplePath, nameColumn === undefined ? {} : { nameColumn });
  const all = await openImages(files, images, sample?.names);
  const part = shard && await openPart(files, { all, members, flags, sample, shard });
  if (part?.finished) {
    const { path: file, finished } = part;
    report({ event: "part", out: file, ...shard!, n: finished.names.length, found: true });
    return 0;
  }
  const { samples, first } = part ?? { samples: all, first: 0 };
  const settings = {
    startWorker: startDecoder,
    cache: openCache(flags, { files, report }),
    workers,
    decodeTimeout: flags.decodeTimeout,
    first,
  };
  const [{ checkpoint: { classes: classNames }, checkpoint }] = members;
  if (part && samples.length === 0) {
    const predictions = members.map(({ views }) => noAnswers(classNames.length, views.length));
    const { path: file, plan } = part;
    await writePart(files, file, { shard: shard!, plan, names: [], device: "", predictions });
    report({ event: "part", out: file, ...shard!, n: 0, found: false });
    return 0;
  }
  await findBad(samples, flags, { files, settings, report, ...sizesOf(checkpoint) });

  const device = await openReportedDevice(flags.power, report);
  const classes = classNames.length > 10
    ? `${classNames.length} classes`
    : `classes ${classNames.join(", ")}`;
  for (const { path, checkpoint: { model, size } } of members) {
    report({
      event: "note",
      text: `${samples.length} images of ${images}; ${model} at ${size} pixels of ${path}, ` +
        `${classes}, on ${device.name}`,
    });
  }
  const question = { samples, files, settings, seed, report };
  const { predictions, imagesPerSecond } = await ask(device, members, flags, question);
  const names = samples.map(({ name }) => name);
  if (cam !== undefined) await writeOverlays(cam, members[0], { ...question, device, flags });
  if (part) {
    const { path: file, plan } = part;
    await writePart(files, file, { shard: shard!, plan, names, device: device.name, predictions });
    const speed = { found: false, "img_per_s": imagesPerSecond };
    report({ event: "part", out: file, ...shard!, n: names.length, ...speed });
    return 0;
  }
  const answers = { names, predictions, average, classNames, sample, report };
  const range = await writeSubmission(files, { out, format: format! }, {
    ...answers,
    ...(explain !== undefined && { explain }),
  });
  report({
    ...{ event: "predict", out, n: samples.length, checkpoints: members.length, ...range },
    ...(samplePath !== undefined && { sample: samplePath }),
    passes: tta === undefined ? 0 : predictions[0]!.views,
    "img_per_s": imagesPerSecond,
  });
  return 0;
}

/** The part that is meant: its images, what it is of, and what is there of it. */
async function openPart(
  files: Files,
  { all, members, flags, sample, shard }: {
    readonly all: readonly Sample[];
    readonly members: readonly Member[];
    readonly flags: PredictFlags;
    readonly sample: SampleFile | undefined;
    readonly shard: Shard;
  },
) {
  const plan = await planOf(files, { samples: all, members, flags, sample });
  const found = await findPart(files, flags.out, { shard, plan, again: flags.again === true });
  return { plan, ...found, ...samplesOf(all, shard) };
}

/** `soup`: the weights of several runs averaged, as long as that makes them better. */

import { Loader } from "../data/loader.ts";
import { modelNames } from "../models/mod.ts";
import { type Checkpoint, CheckpointError, writeCheckpoint } from "../train/checkpoint.ts";
import { evaluate } from "../train/evaluate.ts";
import { makeSoup, type Soup } from "../train/soup.ts";
import { checkpointPath, type NamedCheckpoint, sizesOf } from "./ensemble_flags.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type Command, newCommand, oneOf, parseFlags, whole } from "./flags.ts";
import { imageProgress, openReportedDevice, terminalReporter } from "./machine.ts";
import { addMeasuredFlags, type MeasuredFlags, openMeasured } from "./measured.ts";
import { requireNew, requireWritable } from "./output.ts";
import { type PrecisionFlag, withPrecisionFlag } from "./precision_flags.ts";
import { evaluationSession, openCheckpoint, trainedBatch } from "../train/run/sessions.ts";

interface SoupFlags extends MeasuredFlags, PrecisionFlag {
  readonly out: string;
  readonly uniform?: true;
  readonly force?: true;
  readonly model?: string;
  readonly batch?: number;
  readonly power?: "high" | "low";
}

function command(): Command {
  const command = newCommand(
    "soup",
    "Averages the weights of several runs of one model: beginning with the best, each is added only " +
      "where the AUC on validation images is not less with it. The result is a checkpoint for eval, " +
      "predict and export. Images are those of the first run, divided as in its training, unless a flag " +
      "says otherwise.",
  )
    .argument("<runs...>", "run folders, or checkpoints")
    .option("--out <file>", "the checkpoint to write", "soup.safetensors")
    .option("--uniform", "average all, whatever comes of it")
    .option("--force", "replace a file that is there already")
    .option("--model <name>", "refuse a checkpoint of another model", oneOf(modelNames))
    .option("--batch <n>", "images at a time (default: as in training)", whole(1))
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  return addMeasuredFlags(withPrecisionFlag(command, "as in training"));
}

/** Averages as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = command();
  const parsed = parseFlags<SoupFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  const { out, uniform, force = false, precision } = flags;
  const report = terminalReporter(flags.json === true);
  await requireWritable(files, out);
  const members: NamedCheckpoint[] = [];
  for (const name of reader.args) {
    const path = await checkpointPath(files, name);
    await requireNew(files, out, { source: path, force });
    members.push({ path, checkpoint: await openCheckpoint(files, path, flags.model) });
  }
  requireAlike(members);
  const { samples, files: reading, settings, source, seed } = await openMeasured(reader, flags, {
    ...{ members, report },
  });
  const device = await openReportedDevice(flags.power, report);
  const { path, checkpoint } = members[0]!;
  report({
    event: "note",
    text: `${members.length} checkpoints of ${checkpoint.model} on ${samples.length} images ` +
      `(${flags.part}) of ${source}, on ${device.name}; running statistics of norms are averaged too`,
  });
  const batch = flags.batch ?? trainedBatch(checkpoint);
  const session = await evaluationSession(device, checkpoint, { path, batch, precision });
  const loader = await Loader.open(samples, reading, settings);
  let soup: Soup;
  try {
    const { measured } = imageProgress((2 * members.length - 1) * samples.length, report);
    const options = { ...sizesOf(checkpoint), batch, seed, measured };
    const ingredients = members.map(({ path, checkpoint: { weights } }) => ({
      name: path,
      weights,
    }));
    soup = await makeSoup(ingredients, async (weights) => {
      session.writeWeights(weights);
      const set = { loader, count: samples.length };
      return (await evaluate(session, set, options)).scores;
    }, { uniform });
  } finally {
    loader.close();
    session.destroy();
  }
  await writeCheckpoint(files, out, soupOf(soup, members));
  const { tasted, scores: { auc, accuracy, loss } } = soup;
  const [best] = tasted;
  if (best && auc < best.auc) {
    report({ event: "warning", text: `the average of all is worse than ${best.name} alone` });
  }
  report({ event: "soup", out, tasted, auc, accuracy, loss });
  return 0;
}

/** The best ingredient's checkpoint with the weights of the soup: nothing to resume. */
function soupOf(
  { weights, scores, tasted }: Soup,
  members: readonly NamedCheckpoint[],
): Checkpoint {
  const { optimizer: _, ...best } =
    members.find(({ path }) => path === tasted[0]!.name)!.checkpoint;
  const { auc, accuracy, loss } = scores;
  return {
    ...best,
    weights,
    best: { epoch: best.epoch, auc, accuracy, loss },
    configuration: {
      ...best.configuration,
      soup: tasted.filter(({ kept }) => kept).map(({ name }) => name),
    },
  };
}

/** Throws UsageError for a single checkpoint, CheckpointError for ones whose weights mean different things. */
function requireAlike(members: readonly NamedCheckpoint[]): void {
  const [first, ...others] = members;
  if (!first || others.length === 0) {
    throw new UsageError("Cannot average one checkpoint: two or more were needed");
  }
  const what = (
    { model, classes, size, resize, preprocessing: { mean, std, interpolation } }: Checkpoint,
  ) =>
    `${model} for ${classes.join(", ")} at ${size} pixels cut from ${resize}, ${interpolation}, ` +
    `minus ${mean.join(" ")}, divided by ${std.join(" ")}`;
  const wanted = what(first.checkpoint);
  for (const { path, checkpoint } of others) {
    if (what(checkpoint) === wanted) continue;
    throw new CheckpointError(
      `Cannot average the checkpoint "${path}" with "${first.path}": it is ${what(checkpoint)}; ` +
        `${wanted} was needed`,
    );
  }
}

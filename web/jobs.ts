/** From what a person asked for, or a saved run, to a job. Opens no device and trains nothing. */

import { divide, type Preprocessing } from "../mod.ts";
import {
  type AskedRecipe,
  type Checkpoint,
  defaultFolder,
  DEFAULTS,
  dependsOnEpochs,
  fitInitialWeights,
  type InitialWeights,
  kernelsOf,
  openPipeline,
  preprocessingOf,
  requireSameData,
  resolveRecipe,
  type RunFolder,
  type RunJob,
  type RunRecipe,
  trainedPipeline,
  UsageError,
  weightShapes,
  withSizes,
} from "../run.ts";
import type { TrainOptions } from "./messages.ts";
import type { TabData } from "./sources.ts";

/** What a job is reported to. */
type Means = Pick<RunJob, "report">;

/** The job of a new run. Throws UsageError and what weights that do not fit say. */
export async function newJob(
  asked: TrainOptions,
  { data, weights, report }: Means & {
    readonly data: TabData;
    readonly weights?: InitialWeights & { readonly model: string } | undefined;
  },
): Promise<RunJob> {
  const { name, saveEvery: _, ...options } = asked;
  const model = options.model ?? weights?.model;
  const resolved = resolveRecipe(
    { ...options, ...(model !== undefined && { model }) } as AskedRecipe,
    { demo: data.kind === "demo", trained: weights !== undefined },
  );
  if (weights && weights.model !== resolved.model) {
    throw new UsageError(
      `Cannot begin ${resolved.model} with the weights of ${weights.path}: they are of ` +
        `${weights.model}, the same model was needed`,
    );
  }
  const preprocessing = preprocessingOf(
    { model: resolved.model, weights: weights?.path },
    weights?.preprocessing,
  );
  const flags = withSizes(resolved, preprocessing);
  const { classes } = data.dataset;
  const shapes = weights && weightShapes(flags.model, classes.length);
  const initial = weights && shapes &&
    await fitInitialWeights(weights, { model: flags.model, shapes, seed: flags.seed });
  if (initial) {
    const text = [`Begins with the weights of ${initial.path}`, ...initial.notes].join("; ");
    report({ event: "note", text });
  }
  const run = imagesOf(flags, preprocessing, classes);
  const pipeline = await openPipeline(data.files, { flag: "augment", value: flags.augment }, run);
  return {
    path: defaultFolder(name ?? flags.model),
    ...{ flags, data, preprocessing, pipeline, report, settings: data.settings },
    ...(initial && { initial }),
    recipe: {
      ...flags,
      ...{ data: [data.source], validation: data.asked.validation, sampler: "shuffle" },
      ...{ pipeline, fingerprint: data.fingerprint },
    },
    division: divide(pipeline, kernelsOf(flags.augmentOn)),
  };
}

/** The job of a run that goes on. Throws DataError on other images, UsageError for epochs that cannot be added. */
export function resumedJob(
  resumed: { readonly folder: RunFolder; readonly checkpoint: Checkpoint },
  { data, report, epochs }: Means & {
    readonly data: TabData;
    readonly epochs?: number | undefined;
  },
): RunJob {
  const { folder: { path }, checkpoint } = resumed;
  const flags = flagsOf(checkpoint, epochs);
  requireSameData(data, checkpoint.configuration, { run: path });
  const { preprocessing, classes } = checkpoint;
  const run = imagesOf(flags, preprocessing, classes);
  const pipeline = trainedPipeline(checkpoint.configuration, run);
  return {
    ...{ path, resumed, flags, data, preprocessing, pipeline, report, settings: data.settings },
    recipe: { ...checkpoint.configuration, epochs: flags.epochs },
    division: divide(pipeline, kernelsOf(flags.augmentOn)),
  };
}

/** The seed and the share of validation by which the images of a run were divided. */
export function divisionOf({ configuration, seed }: Checkpoint): TabData["asked"] {
  const { validation } = configuration;
  return { seed, validation: typeof validation === "number" ? validation : 0.2 };
}

/** The options of a saved run. */
function flagsOf(
  { configuration, seed, model, size, resize }: Checkpoint,
  epochs?: number,
): RunRecipe {
  // Everything a run decided is in its configuration: nothing is left for a recipe.
  const flags = { ...DEFAULTS, ...configuration, model, size, resize, seed } as RunRecipe;
  if (epochs === undefined || epochs === flags.epochs) return flags;
  if (dependsOnEpochs(flags) || epochs < flags.epochs) {
    throw new UsageError(
      `Cannot change the epochs of this run to ${epochs}: its schedule (${flags.schedule}) is made for ` +
        `${flags.epochs}, these were needed`,
    );
  }
  return { ...flags, epochs };
}

function imagesOf(
  { size, resize }: Pick<RunRecipe, "size" | "resize">,
  { interpolation }: Preprocessing,
  classes: readonly string[],
) {
  return { size, resize, interpolation, classes };
}

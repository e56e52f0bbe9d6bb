/** A program of one's own that trains on files by the public names alone, and saves as the command line does. */
import { type Device, divide } from "../../mod.ts";
import {
  type AskedRecipe,
  type Files,
  fingerprintOf,
  initialize,
  kernelsOf,
  openDataset,
  openImages,
  openPipeline,
  openStage,
  planOf,
  preprocessingOf,
  resolveRecipe,
  RunFolder,
  type RunJob,
  RunRecord,
  settledOn,
  stagesOf,
  trainStages,
  withSizes,
} from "../../run.ts";

/** What to train on, and where it leaves what it does. */
export interface OwnRun {
  readonly files: Files;
  /** The folder with the images. */
  readonly data: string;
  /** Share of the images that validates. */
  readonly validation: number;
  readonly workers: number;
  /** The run folder. */
  readonly path: string;
}

/** Trains as the options say. */
export async function trainAlone(
  device: Device,
  asked: AskedRecipe & { readonly seed: number },
  { files, data: place, validation, workers, path }: OwnRun,
): Promise<void> {
  const dataset = await openDataset(files, { data: place, validation, seed: asked.seed });
  const data = { dataset, files, source: place, fingerprint: await fingerprintOf(dataset) };
  const resolved = resolveRecipe(asked, { demo: false, trained: false });
  const preprocessing = preprocessingOf({ model: resolved.model });
  const flags = withSizes(resolved, preprocessing);
  const { size, resize, augment } = flags;
  const pipeline = await openPipeline(files, { flag: "augment", value: augment }, {
    ...{ size, resize, interpolation: preprocessing.interpolation, classes: dataset.classes },
  });
  const division = divide(pipeline, kernelsOf(flags.augmentOn));
  const job = settledOn<RunJob>(device, {
    ...{ path, flags, data, preprocessing, pipeline, division },
    ...{ recipe: { ...flags, pipeline }, report: () => {}, settings: { workers } },
  });
  const stages = stagesOf(job.flags);
  const opened = { stage: await openStage(device, job, stages[0]!) };
  const images = await openImages(job);
  try {
    const { session, stage } = opened.stage;
    await initialize(session, job);
    const plan = planOf(job, { device, session, stage });
    const folder = await RunFolder.create(files, path, job.recipe, {});
    const record = await RunRecord.open(files, path);
    const finished = () => record.flush();
    await trainStages(opened, job, {
      ...{ device, plan, stages, folder, images, record: { report: record.report, finished } },
    });
    await record.flush();
  } finally {
    images.close();
    opened.stage.session.destroy();
  }
}

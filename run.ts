/**
 * verity's second door: what a run needs beside the engine of `mod.ts`, for programs that train on files as the
 * command line does. Nothing is defined here.
 *
 * A run knows no file system: it is given `Files`. Images are opened by `openDataset`, a job is put together from
 * options by `resolveRecipe`, trained by `trainStages` and left in a `RunFolder`.
 *
 * @module
 */

// Files, and images in them.
export { isArchiveName, withArchives } from "./data/archives/mount.ts";
export { MemoryCache } from "./data/cache/memory.ts";
export { DEMO_SET, demoImage, type DemoOptions, writeDemo } from "./data/demo.ts";
export { type Codec, withoutAlpha } from "./data/decoders/codec.ts";
export { serveDecoding, type WorkerScope } from "./data/decoding.ts";
export { encodeJpeg, encodePng } from "./data/encode.ts";
export { DataError } from "./data/errors.ts";
export {
  baseName,
  directoryName,
  type Entry,
  type FileInfo,
  type Files,
  join,
  type Kind,
  type Range,
} from "./data/files.ts";
export { isImageName } from "./data/folder.ts";
export { readSample, type SampleFile } from "./data/labels.ts";
export { Loader, type LoaderOptions, type LoaderSettings } from "./data/loader.ts";
export {
  type Dataset,
  type DatasetOptions,
  openDataset,
  openImages as openFolder,
  type Sample,
} from "./data/sources.ts";
export { formatTable } from "./data/table_file.ts";
export { resizeBytes } from "./data/transforms/resize.ts";
export { imageOf } from "./data/view.ts";

export { StorageError } from "./data/storage.ts";

// From options to a job.
export { DEFAULTS } from "./train/recipe/defaults.ts";
export { dependsOnEpochs } from "./train/recipe/schedule.ts";
export { kernelsOf, openPipeline, trainedPipeline } from "./train/recipe/augment.ts";
export { type RunRecipe } from "./train/recipe/recipe.ts";
export { type AskedRecipe, type ResolvedRecipe, resolveRecipe } from "./train/recipe/resolve.ts";
export { preprocessingOf, withSizes } from "./train/recipe/start.ts";
export { type Stage, stagesOf } from "./train/recipe/stages.ts";
export { UsageError } from "./train/recipe/usage_error.ts";
export {
  classesOf,
  fingerprintOf,
  imbalanceWarning,
  type OpenData,
  requireSameData,
  withoutSamples,
} from "./train/run/data.ts";
export { lastOf, type RunJob, settledOn } from "./train/run/job.ts";

// Weights of models, and checkpoints.
export { weightShapes } from "./models/compare.ts";
export { recognizeModel } from "./models/compare.ts";
export {
  type Checkpoint,
  CheckpointError,
  type CheckpointState,
  readCheckpoint,
  writeCheckpoint,
} from "./train/checkpoint.ts";
export { readCheckpointState } from "./train/checkpoint_state.ts";
export { checkpointWeights } from "./train/checkpoint_weights.ts";
export { describe } from "./export/description.ts";
export { fitInitialWeights, type InitialWeights, readInitialWeights } from "./train/restore.ts";

// Training.
export { DivergedError } from "./train/epoch.ts";
export type { Answer, EpochPoint, Sums } from "./train/epoch.ts";
export type { Asked, FitData, FitResult, RunPoint } from "./train/fit.ts";
export { defaultFolder, parseMetrics, RunFolder, RunFolderError } from "./train/run_folder.ts";
export { cutLogs, logSizes, removeParts } from "./train/run_logs.ts";
export { RunRecord } from "./train/run_record.ts";
export { openImages } from "./train/run/images.ts";
export { planOf } from "./train/run/plan.ts";
export { evaluationSession, trainedBatch } from "./train/run/sessions.ts";
export { initialize, type OpenStage, openStage } from "./train/run/stage.ts";
export { type TrainingMeans, trainStages } from "./train/run/train.ts";

// What came of it.
export { readRun, type RunData } from "./report/run.ts";
export { formatReport } from "./report/report.ts";
export { picturesOf, type WrongImage, wrongImages } from "./report/wrong_images.ts";
export { type ImageSet, outputs } from "./train/evaluate.ts";
export { predict, type Prediction } from "./train/predict.ts";
export { sheetOf } from "./train/score_sheet.ts";
export { doubtsOf, submissionOf } from "./train/submission.ts";

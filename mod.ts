/**
 * verity's public names, grouped by room; nothing is defined here.
 *
 * A model is captured once as a graph, compiled to a program and replayed on a WebGPU device, in Deno
 * or in a browser tab. `Session` trains and evaluates a model; `evaluate` computes any tensor.
 *
 * @module
 */

// The graph: tensors without numbers, and what an operation is.
export {
  type Batch,
  constant,
  imageInput,
  input,
  type Kernel,
  type Op,
  type Reduction,
  type Target,
  type Tensor,
  type Tiles,
} from "./engine/graph.ts";
export type { Shape } from "./engine/shape.ts";

// Operations: tensors to tensor.
export { averagePool, type AveragePoolOptions } from "./engine/ops/average_pool.ts";
export { batchNorm, type BatchNormOptions, moments } from "./engine/ops/batch_norm.ts";
export { conv2d, type Conv2dOptions } from "./engine/ops/conv2d.ts";
export { argmaxEqual, crossEntropy, probabilities } from "./engine/ops/cross_entropy.ts";
export { dropout, dropPath } from "./engine/ops/dropout.ts";
export { flatten, reshape, row, transpose } from "./engine/ops/layout.ts";
export { focal, softplus } from "./engine/ops/loss_terms.ts";
export { matmul } from "./engine/ops/matmul.ts";
export { maxPool } from "./engine/ops/max_pool.ts";
export { clamp, maximum, minimum, sign, where } from "./engine/ops/compare.ts";
export {
  add,
  broadcastTo,
  detach,
  div,
  full,
  hardSigmoid,
  hardSwish,
  mul,
  neg,
  relu,
  relu6,
  sigmoid,
  silu,
  sqrt,
  sub,
} from "./engine/ops/pointwise.ts";
export type { PoolOptions } from "./engine/ops/pool.ts";
export { type PartRows, sumParts } from "./engine/ops/part_sums.ts";
export { globalAveragePool, mean, squeeze, sum } from "./engine/ops/sum.ts";
export type { WindowOptions } from "./engine/ops/window.ts";

// Gradients: graph to graph.
export { gradients } from "./engine/autodiff.ts";

// Programs: a graph compiled to plain data.
export { explain } from "./engine/compile/explain.ts";
export type { Format } from "./engine/compile/formats.ts";
export { compile } from "./engine/compile/mod.ts";
export {
  type Binding,
  type Buffer,
  type CompileOptions,
  type Dispatch,
  type FusionRule,
  type Goal,
  type Location,
  MemoryError,
  type Pause,
  type Precision,
  type Program,
  type ProgramMemory,
} from "./engine/compile/program.ts";

// The device: programs to numbers.
export {
  adoptDevice,
  type Device,
  DeviceError,
  type DeviceOptions,
  openDevice,
} from "./engine/gpu/device.ts";
export { evaluate, type EvaluateOptions } from "./engine/gpu/evaluate.ts";
export { Memory } from "./engine/gpu/memory.ts";
export { Runner } from "./engine/gpu/runner.ts";
export type { Span } from "./engine/gpu/profile.ts";

// Layers, losses and the variables of models.
export type { Initial } from "./engine/nn/init.ts";
export {
  convolution,
  type ConvolutionOptions,
  linear,
  type LinearInitial,
  norm,
} from "./engine/nn/layers.ts";
export { divergence, type TeacherOptions } from "./engine/nn/distillation.ts";
export {
  type LossName,
  lossNames,
  type LossOptions,
  type LossSums,
  lossSums,
  type NamedLossOptions,
  softmaxCrossEntropy,
} from "./engine/nn/losses.ts";
export { apply, Capture, declare, type Model, Scope, type Variables } from "./engine/nn/scope.ts";
export { type FreezeOptions, type Stage, stagesOf } from "./engine/nn/stages.ts";
export type { Arena, Entry, Layout, Variable } from "./engine/nn/variables.ts";

// Optimizers and schedules.
export { adam, type AdamOptions, adamw } from "./engine/optim/adam.ts";
export { clipByNorm, clipByUnit, clipByValue, type UnitOptions } from "./engine/optim/clip.ts";
export { type AverageOptions, averageShare } from "./engine/optim/average.ts";
export { lamb, type LambOptions } from "./engine/optim/lamb.ts";
export { lion, type LionOptions } from "./engine/optim/lion.ts";
export {
  createOptimizer,
  type OptimizerName,
  optimizerNames,
  type OptimizerOptions,
} from "./engine/optim/mod.ts";
export type { Optimizer, Rates, StepInputs } from "./engine/optim/optimizer.ts";
export {
  byStep,
  lastStretch,
  type LastStretchOptions,
  sequential,
  warmUp,
  type WarmUpOptions,
} from "./engine/optim/compose.ts";
export { oneCycle, type OneCycleOptions } from "./engine/optim/one_cycle.ts";
export { plateau, type PlateauOptions } from "./engine/optim/plateau.ts";
export {
  constant as constantRate,
  cosine,
  type CosineOptions,
  cosineWave,
  exponential,
  linear as linearRate,
  type LinearOptions,
  multiStepLR,
  type MultiStepOptions,
  polynomial,
  type PolynomialOptions,
  type Schedule,
  type ScheduleState,
  stepLR,
  type StepLROptions,
} from "./engine/optim/schedules.ts";
export { rmsprop, type RmspropOptions, rmspropTF } from "./engine/optim/rmsprop.ts";
export { scheduleFreeAdamw, type ScheduleFreeOptions } from "./engine/optim/schedule_free.ts";
export { sgd, type SgdOptions } from "./engine/optim/sgd.ts";

// Models, what they are made of, and their weight files.
export { type Cost, modelCost } from "./models/cost.ts";
export {
  type Activation,
  mbconv,
  type MbconvOptions,
  roundChannels,
  type SqueezeExcite,
} from "./models/mbconv.ts";
export {
  type ModelInfo,
  modelInfo,
  modelNames,
  type ModelOptions,
  type Preprocessing,
  type Pretrained,
  pretrainedInfo,
} from "./models/mod.ts";
export { normalize } from "./models/preprocess.ts";
export {
  type Dtype,
  formatSafetensors,
  fromFloats,
  parseSafetensors,
  type SafetensorsFile,
  toFloats,
  type Weight,
} from "./models/safetensors.ts";
export { readWeightFile, type WeightFile } from "./models/weight_file.ts";

// Files that others read.
export { halve, type Rounding } from "./export/half.ts";
export { exportOnnx, type OnnxOptions } from "./export/onnx.ts";

// Augmentation: pipelines of transforms as plain data; each transform is a function that gives a step.
export type { Image, Raster, Size } from "./data/image.ts";
export type { Random } from "./data/random.ts";
export { divide, type Division, type HasKernel, type Part, type Place } from "./data/divide.ts";
export {
  type Choice,
  draw,
  type Drawn,
  type Pipeline,
  PipelineError,
  type Placed,
  placed,
  readPipeline,
  type RunImages,
  type Step,
  type Subject,
} from "./data/pipeline.ts";
export { type Preset, type PresetName, PRESETS } from "./data/presets.ts";
export * from "./data/transforms/mod.ts";

// Training.
export type { Left } from "./data/batch_options.ts";
export { deviceAugmentation, type DevicePart } from "./train/augmentation.ts";
export { hasKernel } from "./train/retouches.ts";
export { planTraining } from "./train/programs.ts";
export {
  findLearningRate,
  type FoundRate,
  type LearningRateSearch,
  type RatePoint,
} from "./train/lr_find.ts";
export type { RateOptions } from "./train/rates.ts";
export type * from "./train/events.ts";
export type { Guard } from "./train/guard.ts";
export type { LossScale } from "./train/scaling.ts";
export type { ScoreSheet } from "./train/score_sheet.ts";
export type { Doubts, Judgement, ScoreRange } from "./train/submission.ts";
export type { Tasted } from "./train/soup.ts";
export type { Measured } from "./train/measured.ts";
export { type LocalSession, LocalSteps, type LocalStepsOptions } from "./train/local_steps.ts";
export { localRanks, type Ranks } from "./train/ranks.ts";
export type { Wire } from "./train/wire.ts";
export {
  type Examples,
  type ImageChange,
  Session,
  type SessionOptions,
  type SessionPlan,
} from "./train/session.ts";
export type { DistillOptions } from "./train/teacher.ts";
export { captureStep, oneHot, type StepOptions, type TrainingStep } from "./train/step.ts";
export type { Average, ClipOptions, UpdateOptions } from "./train/update.ts";

// Where a model looks.
export { type HeatMap, overlay } from "./data/heat_map.ts";
export {
  type ClassMaps,
  type FeatureOptions,
  GradCam,
  type GradCamOptions,
} from "./train/gradcam.ts";

// What outputs are worth.
export * from "./train/metrics.ts";

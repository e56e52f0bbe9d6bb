/** A model captured for a session: variables, images, the graphs of its programs. No device, no numbers. */

import type { Goal } from "../engine/compile/program.ts";
import { imageInput, input, type Tensor } from "../engine/graph.ts";
import type { TeacherOptions } from "../engine/nn/distillation.ts";
import { apply, declare, type Model, type Variables } from "../engine/nn/scope.ts";
import { Arena } from "../engine/nn/variables.ts";
import { createOptimizer } from "../engine/optim/mod.ts";
import type { Optimizer } from "../engine/optim/optimizer.ts";
import { buildModel } from "../models/mod.ts";
import { normalize } from "../models/preprocess.ts";
import { decayFactors, rateFactors } from "./rates.ts";
import type { Examples, ImageChange, SessionOptions } from "./session_options.ts";
import { FIRST_FACTOR } from "./scaling.ts";
import { captureStep, type TrainingStep } from "./step.ts";
import { captureTeacher } from "./teacher.ts";

/** What images are fed for. */
type Use = "training" | "evaluation";

/** A model for fixed shapes. */
export interface CapturedModel {
  readonly model: Model;
  readonly variables: Variables;
  /** Those that evaluations use: others where the weights are averaged. */
  readonly evaluated: Variables;
  /** What is fed. */
  readonly images: Tensor;
  /** What is done to them on the way. */
  readonly augmentation: ImageChange | undefined;
  /** The same afterwards: [n, h, w, 3] as a step has them, before anything is subtracted from them. */
  readonly augmented: Tensor;
  /** What the model sees of it. */
  readonly pixels: Readonly<Record<Use, Tensor>>;
}

/** Captures the model of `options`. Throws RangeError where they do not fit together. */
export function captureModel(options: SessionOptions): CapturedModel {
  const { size, batch } = options;
  const { model, preprocessing: own } = buildModel(options.model, options);
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const shape = [batch, height, width, 3];
  const variables = declare(model, shape, options);
  const numbers = options.images === "numbers";
  const images = numbers ? input("images", shape) : imageInput("images", shape);
  const { preprocessing = own } = options;
  if (options.augment && numbers) {
    throw new RangeError("Cannot augment images that are fed as numbers: bytes were needed");
  }
  const augmentation = options.augment?.(images);
  const augmented = augmentation?.images ?? images;
  const seen = (x: Tensor) => preprocessing && !numbers ? normalize(x, preprocessing) : x;
  const [plain, training] = [images, augmented].map(seen) as [Tensor, Tensor];
  const pixels = { training, evaluation: options.train ? plain : training };
  const evaluated = options.train ? evaluatedVariables(variables, options) : variables;
  return { model, variables, evaluated, images, augmentation, augmented, pixels };
}

/** The variables that evaluations of a session that trains use. Throws RangeError where two averages are asked for. */
function evaluatedVariables(
  variables: Variables,
  { average, optimizer }: Pick<SessionOptions, "average" | "optimizer">,
): Variables {
  const { parameters, statistics } = variables;
  const free = createOptimizer(optimizer).evaluated !== undefined;
  if (free && average) {
    throw new RangeError(
      `Cannot average the weights of ${optimizer.name}: it averages them itself, one of both was needed`,
    );
  }
  if (!free && !average) return variables;
  return {
    ...variables,
    parameters: new Arena("evaluated parameters", parameters.variables),
    statistics: average ? new Arena("evaluated statistics", statistics.variables) : statistics,
  };
}

/**
 * What to write for images. Throws TypeError for those that are not finished where nothing finishes them.
 */
export function imageFeeds(
  { images, augmentation, pixels }: CapturedModel,
  examples: Pick<Examples, "images" | "left">,
  use: Use,
): readonly (readonly [Tensor, ArrayLike<number>])[] {
  const augmented = augmentation && pixels[use] === pixels.training;
  if (examples.left && !augmented) {
    throw new TypeError(
      `Cannot use images in ${use} that are left to be augmented: a session whose \`augment\` does ` +
        "that, or finished images, were needed",
    );
  }
  return [[images, examples.images], ...augmented ? augmentation.feeds(examples.left) : []];
}

/** A training step, and what its programs compute. */
export interface CapturedTraining {
  readonly step: TrainingStep;
  readonly optimizer: Optimizer;
  /** What to feed once: factors of learning rates, decay and loss, a teacher's weights, where there are any. */
  readonly feeds: ReadonlyMap<Tensor, Float32Array>;
  /** The program of each batch. */
  readonly goal: Goal;
  /** The program that follows the last batch of a step, where a step has several. */
  readonly finish?: Goal;
  /** The program that makes the weights to evaluate, where the optimizer knows them. */
  readonly publish?: Goal;
}

/** Captures a training step of `captured`. */
export function captureTraining(
  { model, variables, evaluated, augmented, pixels }: CapturedModel,
  options: SessionOptions,
): CapturedTraining {
  const { classes, labelSmoothing, classWeights, recompute = false, precision } = options;
  const { clipUnits, clipValue, clipNorm, accumulate = 1 } = options;
  const { loss, focus, sumClasses, threshold } = options;
  if (!Number.isSafeInteger(accumulate) || accumulate < 1) {
    throw new RangeError(
      `Cannot add up ${accumulate} batches for a step: a whole number from 1 was needed`,
    );
  }
  const optimizer = createOptimizer(options.optimizer);
  const feeds = new Map<Tensor, Float32Array>();
  const column = (label: string, numbers: Float32Array | undefined) => {
    const t = numbers && variables.parameters.column(label);
    if (t) feeds.set(t, numbers);
    return t;
  };
  const step = captureStep(model, variables, pixels.training, {
    ...{ classes, optimizer, recompute, accumulate: accumulate > 1 || options.ranks !== undefined },
    teacher: teacherOf(augmented, options, feeds),
    ...{ clipUnits, clipValue, clipNorm, loss, focus, sumClasses, threshold },
    scaled: precision === "f16",
    ...(options.ranks && options.synchroniseNorms && { ranks: options.ranks.size }),
    rates: column("rate factors", rateFactors(variables, options)),
    decays: column("decay factors", decayFactors(variables, options.optimizer, options)),
    average: options.average && {
      parameters: evaluated.parameters.tensor,
      statistics: evaluated.statistics.tensor,
    },
    ...(labelSmoothing && { labelSmoothing }),
    ...(classWeights && { classWeights }),
  });
  if (step.scale) feeds.set(step.scale.factor, Float32Array.of(FIRST_FACTOR));
  const goal = { outputs: [], updates: step.updates, forward: [step.loss, step.logits] };
  const finish = step.finish && { finish: { outputs: [], updates: step.finish } };
  const parameters = variables.parameters.tensor;
  const known = optimizer.evaluated?.({ parameters, states: step.states });
  const publish = known && {
    publish: { outputs: [], updates: new Map([[evaluated.parameters.tensor, known]]) },
  };
  return { step, optimizer, feeds, goal, ...finish, ...publish };
}

/** The teacher of `options`, where there is one; adds what is fed to it. */
function teacherOf(
  images: Tensor,
  { distill, classes, images: fed }: SessionOptions,
  feeds: Map<Tensor, Float32Array>,
): TeacherOptions | undefined {
  if (!distill) return undefined;
  const teacher = captureTeacher(images, distill, { classes, numbers: fed === "numbers" });
  for (const [t, numbers] of teacher.feeds) feeds.set(t, numbers);
  const { share = 0.5, temperature = 2 } = distill;
  return { logits: teacher.logits, share, temperature };
}

/** The logits [batch, classes] of `captured` in evaluation mode. */
export function captureEvaluation({ model, evaluated, pixels }: CapturedModel): Tensor {
  return apply(model, evaluated, pixels.evaluation, { training: false }).logits;
}

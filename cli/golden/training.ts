/** Golden runs: ten steps of a network under an optimizer, against `training.json`. */

import { DataError } from "../../data/errors.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { Memory } from "../../engine/gpu/memory.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { compile } from "../../engine/compile/mod.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { convolution, linear, norm as batchNorm } from "../../engine/nn/layers.ts";
import { apply, declare, type Model, type Variables } from "../../engine/nn/scope.ts";
import { maxPool } from "../../engine/ops/max_pool.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { Arena } from "../../engine/nn/variables.ts";
import { createOptimizer, type OptimizerOptions } from "../../engine/optim/mod.ts";
import type { Rates } from "../../engine/optim/optimizer.ts";
import { oneCycle } from "../../engine/optim/one_cycle.ts";
import { modelInfo } from "../../models/mod.ts";
import { toFloats } from "../../models/safetensors.ts";
import { FIRST_FACTOR } from "../../train/scaling.ts";
import { captureStep } from "../../train/step.ts";
import { decodeArena, encodeVariables, stateDict } from "../../train/weights.ts";
import { type Comparison, norm } from "./compare.ts";
import type { GoldenLoss } from "./losses.ts";
import type { GoldenMetrics } from "./metrics.ts";
import type { GoldenSchedule } from "./schedules.ts";
import { filledImages, filledLabels, filledWeights } from "./fill.ts";

/** One run of the file; its names are the file's. */
export interface GoldenRun {
  readonly net: string;
  readonly optimizer: string;
  readonly variant: string;
  readonly losses: readonly number[];
  readonly "grad_norms": readonly number[];
  readonly "eval_logits_after": readonly (readonly number[])[];
  readonly "state_after": Readonly<
    Record<string, { readonly norm: number; readonly first4: readonly number[] }>
  >;
  /** Of the averaged model, where there is one. */
  readonly "ema_state_after"?: GoldenRun["state_after"];
  readonly "ema_eval_logits_after"?: GoldenRun["eval_logits_after"];
  readonly "float32_error": {
    readonly losses: readonly number[];
    readonly "grad_norms": readonly number[];
    readonly "eval_logits": number;
    readonly "ema_eval_logits"?: number;
    readonly "state_max": number;
  };
  readonly "usable_steps": number;
}

/** The file. */
export interface GoldenTraining {
  readonly "stream_base": number;
  readonly nets: Readonly<
    Record<string, { "batch_shape": [number, number, number, number]; classes: number }>
  >;
  readonly runs: readonly GoldenRun[];
  readonly schedules: Readonly<Record<string, GoldenSchedule>>;
  readonly losses: readonly GoldenLoss[];
  readonly metrics: readonly GoldenMetrics[];
}

/** The small network of the file. */
export const tiny: Model = (scope, images) => {
  let x = convolution(scope, "conv1", images, 8, { kernel: 3 });
  x = maxPool(relu(batchNorm(scope, "bn1", x)), { kernel: 2 });
  x = relu(batchNorm(scope, "bn2", convolution(scope, "conv2", x, 16, { kernel: 3 })));
  x = relu(batchNorm(scope, "bn3", convolution(scope, "conv3", x, 32, { kernel: 3, stride: 2 })));
  const zero = { kind: "constant", value: 0 } as const;
  return linear(scope, "fc", squeeze(globalAveragePool(x)), 3, { weight: zero, bias: zero });
};

/** What the optimizers of the file are called here, and their learning rates. */
const OPTIMIZERS: Readonly<Record<string, OptimizerOptions & { readonly learningRate: number }>> = {
  "adam": { name: "adam", learningRate: 0.005 },
  "adam_l2_amsgrad": { name: "adam", weightDecay: 0.01, amsgrad: true, learningRate: 0.005 },
  "adamw": { name: "adamw", weightDecay: 0.05, learningRate: 0.005 },
  "sgd_nesterov": {
    ...{ name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.0005 },
    learningRate: 0.01,
  },
  "sgd_plain": { name: "sgd", learningRate: 0.01 },
  "rmsprop": { name: "rmsprop", alpha: 0.9, epsilon: 1e-3, momentum: 0.9, learningRate: 0.001 },
  "rmsprop_tf": {
    ...{ name: "rmsprop-tf", alpha: 0.9, epsilon: 1e-3, momentum: 0.9 },
    learningRate: 0.001,
  },
};

const VARIANTS = new Set(["plain", "smooth", "mixup", "onecycle", "clip", "ema"]);

/** What the file's averages decay by. */
const DECAY = 0.9;

/** Throws DataError for a run with an optimizer or a variant that is not known here. */
export function requireKnown(run: GoldenRun): void {
  if (run.optimizer in OPTIMIZERS && VARIANTS.has(run.variant)) return;
  throw new DataError(
    `Cannot check the run ${run.net} ${run.optimizer} ${run.variant}: one of the optimizers ` +
      `${Object.keys(OPTIMIZERS).join(", ")} and variants ${[...VARIANTS].join(", ")} was needed`,
  );
}

function modelOf(net: string, classes: number): Model {
  return net === "tiny" ? tiny : modelInfo("resnet18").build({ classes });
}

/** The images and targets of step `s`; mixed with their neighbours where the variant says so. */
function examples(run: GoldenRun, file: Pick<GoldenTraining, "stream_base" | "nets">, s: number) {
  const { batch_shape: shape, classes } = file.nets[run.net]!;
  const images = filledImages(shape, file.stream_base + 100000 + s);
  const labels = filledLabels(shape[0], classes, file.stream_base + 200000 + s);
  const targets = new Float32Array(shape[0] * classes);
  labels.forEach((label, i) => targets[i * classes + label] = 1);
  if (run.variant !== "mixup") return { images, targets };
  return { images: mixed(images, shape[0]), targets: mixed(targets, shape[0]) };
}

/** 0.3 of each of `n` rows and 0.7 of the one before it. */
function mixed(rows: Float32Array, n: number): Float32Array {
  const step = rows.length / n;
  return rows.map((v, i) => 0.3 * v + 0.7 * rows[(i - step + rows.length) % rows.length]!);
}

/** Repeats one run and compares losses, gradient norms and, where float32 can, the final state. */
export async function checkRun(
  device: Device,
  run: GoldenRun,
  file: Pick<GoldenTraining, "stream_base" | "nets">,
  comparison: Comparison,
): Promise<void> {
  const { batch_shape: [n, , h, w], classes } = file.nets[run.net]!;
  const model = modelOf(run.net, classes);
  const variables = declare(model, [n, h, w, 3]);
  const filled = filledWeights(stateDict(variables), file.stream_base);
  const weights = encodeVariables(variables, filled);
  requireKnown(run);
  const { learningRate: base, ...named } = OPTIMIZERS[run.optimizer]!;
  const learningRate = run.net.endsWith("small_lr") ? base / 200 : base;
  const optimizer = createOptimizer(named);
  const averaged = run.variant === "ema" && {
    ...variables,
    parameters: new Arena("average", variables.parameters.variables),
    statistics: new Arena("average of statistics", variables.statistics.variables),
  };
  const images = input("images", [n, h, w, 3]);
  const step = captureStep(model, variables, images, {
    ...{ classes, optimizer, scaled: device.limits.precision === "f16" },
    soft: run.variant === "mixup",
    labelSmoothing: run.variant === "smooth" ? 0.1 : 0,
    ...(run.variant === "clip" && { clipNorm: 1 }),
    ...(averaged && {
      average: {
        parameters: averaged.parameters.tensor,
        statistics: averaged.statistics.tensor,
      },
    }),
  });
  const cycle = oneCycle(0.005, { epochs: 1, stepsPerEpoch: 10 });
  const rates = (s: number): Rates =>
    run.variant === "onecycle"
      ? { learningRate: cycle.learningRate(0, s), beta1: cycle.beta1!(0, s) }
      : { learningRate };

  const memory = new Memory(device);
  memory.write(variables.parameters.tensor, weights.parameters);
  memory.write(variables.statistics.tensor, weights.statistics);
  if (step.scale) memory.write(step.scale.factor, [FIRST_FACTOR]);
  if (averaged) {
    memory.write(averaged.parameters.tensor, weights.parameters);
    memory.write(averaged.statistics.tensor, weights.statistics);
  }
  optimizer.states.forEach((name, i) => {
    const initial = optimizer.initial?.[name] ?? 0;
    const state = step.states[i]!;
    if (typeof initial === "number") {
      memory.write(state, new Float32Array(state.size).fill(initial));
    }
  });
  const outputs = [step.loss, step.gradient];
  const program = compile({ outputs, updates: step.updates }, device.limits);
  const runner = await Runner.create(program, memory);
  const where = `${run.net} ${run.optimizer} ${run.variant}`;
  const { float32_error: float32 } = run;
  const usable = device.limits.precision === "f16" ? usableOnHalves(run) : run.usable_steps;
  for (let s = 0; s < usable; s++) {
    const batch = examples(run, file, s);
    memory.write(images, batch.images);
    memory.write(step.targets, batch.targets);
    const values = optimizer.values(s + 1, rates(s));
    memory.write(step.scalars, [0, ...values, ...averaged ? [1 - DECAY] : []]);
    runner.run();
    const [loss] = await runner.read(step.loss);
    const gradient = norm(await runner.read(step.gradient));
    const at = `${where}, step ${s}`;
    comparison.step("losses of runs", loss!, run.losses[s]!, float32.losses, s, at);
    const want = run.grad_norms[s]!;
    comparison.step("gradient norms of runs", gradient, want, float32.grad_norms, s, at);
  }
  if (usable === run.losses.length) {
    const setting = { model, images, memory, comparison, batch: file.nets[run.net]!.batch_shape };
    const batch = filledImages(setting.batch, file.stream_base + 100000);
    memory.write(images, batch);
    const plain = { state: run.state_after, logits: run.eval_logits_after };
    await checkState({ ...setting, variables, where }, plain, float32);
    if (averaged) {
      const average = { state: run.ema_state_after!, logits: run.ema_eval_logits_after! };
      const allowed = { ...float32, "eval_logits": float32.ema_eval_logits! };
      await checkState(
        { ...setting, variables: averaged, where: `${where}, average` },
        average,
        allowed,
      );
    }
  }
  runner.destroy();
  memory.destroy();
}

/** Steps after which halves, which have 13 bits fewer, still say something where float32 errs as it does. */
export function usableOnHalves(
  { usable_steps: usable, float32_error: float32 }: GoldenRun,
): number {
  const lost = (errors: readonly number[]) => errors.findIndex((error) => error * 2 ** 13 > 0.5);
  const first = [float32.losses, float32.grad_norms].map(lost).filter((s) => s >= 0);
  return Math.min(usable, ...first);
}

/** Compares a state and what it makes of the images that are fed. */
async function checkState(
  { model, variables, images, memory, comparison, where }: {
    readonly model: Model;
    readonly variables: Variables;
    readonly images: Tensor;
    readonly memory: Memory;
    readonly comparison: Comparison;
    readonly where: string;
  },
  want: {
    readonly state: GoldenRun["state_after"];
    readonly logits: GoldenRun["eval_logits_after"];
  },
  float32: GoldenRun["float32_error"],
): Promise<void> {
  const { logits } = apply(model, variables, images, { training: false });
  const runner = await Runner.create(compile({ outputs: [logits] }, memory.device.limits), memory);
  runner.run();
  const numbers = new Map([
    ...decodeArena(variables.parameters, await runner.read(variables.parameters.tensor)),
    ...decodeArena(variables.statistics, await runner.read(variables.statistics.tensor)),
  ]);
  for (const [key, { norm: expected, first4 }] of Object.entries(want.state)) {
    const found = numbers.get(key);
    if (!found) continue;
    const values = toFloats(found);
    const [name, allowed] = ["states after runs", float32.state_max];
    comparison.number(name, norm(values), expected, allowed, `${where} ${key}`);
    const scale = expected * Math.sqrt(first4.length / values.length);
    comparison.vectors(`first of ${name}`, values, first4, allowed, `${where} ${key}`, scale);
  }
  const got = await runner.read(logits);
  comparison.vectors("logits after runs", got, want.logits.flat(), float32.eval_logits, where);
  runner.destroy();
}

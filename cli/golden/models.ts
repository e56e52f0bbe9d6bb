/** Golden models: one evaluation and one training step of a network, against `models.json`. */

import { gradients } from "../../engine/autodiff.ts";
import { compile } from "../../engine/compile/mod.ts";
import type { CompileOptions } from "../../engine/compile/program.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { Memory } from "../../engine/gpu/memory.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { apply, declare, type Model } from "../../engine/nn/scope.ts";
import { adam } from "../../engine/optim/adam.ts";
import type { Optimizer } from "../../engine/optim/optimizer.ts";
import { sgd } from "../../engine/optim/sgd.ts";
import { modelInfo } from "../../models/mod.ts";
import { FIRST_FACTOR } from "../../train/scaling.ts";
import { captureStep } from "../../train/step.ts";
import { decodeArena, encodeVariables, stateDict } from "../../train/weights.ts";
import { toFloats } from "../../models/safetensors.ts";
import { type Activation, activations, compareActivation, type Samples } from "./activations.ts";
import { type Comparison, norm } from "./compare.ts";
import { channelsLast, filledImages, filledWeights } from "./fill.ts";

type StateDict = readonly (readonly [key: string, shape: readonly number[], dtype: string])[];

/** One image size of a model in the file; its names are the file's. */
export interface GoldenSize {
  readonly input: { readonly shape: readonly [number, number, number, number]; stream: number };
  readonly "eval_logits": readonly (readonly number[])[];
  readonly "train_logits": readonly (readonly number[])[];
  readonly loss: number;
  readonly "loss_after_sgd_lr1e-3": number;
  readonly "loss_after_adam_lr1e-3": number;
  readonly "eval_activations": Readonly<Record<string, Activation>>;
  readonly "train_activations": Readonly<Record<string, Activation>>;
  readonly "grad_norms": Readonly<Record<string, number>>;
  readonly "grad_norm_total": number;
  readonly "grad_samples": Readonly<Record<string, Samples>>;
  readonly "input_grad": Samples & { readonly norm: number };
  readonly "bn_after_one_step": Readonly<
    Record<string, { readonly norm: number; readonly first4: readonly number[] }>
  >;
  readonly "float32_error": Readonly<Record<string, number>> & {
    readonly "grad_tensor_rel_l2": Readonly<Record<string, number>>;
  };
}

/** A model of the file. */
export interface GoldenModel {
  readonly "state_dict": StateDict;
  readonly parameters: readonly string[];
  readonly "param_count_2": number;
  readonly "param_count_1000": number;
  readonly sizes: Readonly<Record<string, GoldenSize>>;
}

/** What the file says of all models. */
export interface GoldenModels {
  readonly "stream_base": number;
  readonly "num_classes": number;
  readonly labels: readonly number[];
  readonly models: Readonly<Record<string, GoldenModel>>;
}

/** Checks the tensors of a model of the registry: names, shapes, types, order, how many numbers are learned. */
export function checkTensors(name: string, file: GoldenModels, comparison: Comparison): void {
  const golden = file.models[name]!;
  const build = (classes: number) =>
    stateDict(declare(modelInfo(name).build({ classes }), [1, 64, 64, 3]));
  const learned = (classes: number) => build(classes).filter((t) => t.learned);
  const count = (classes: number) =>
    learned(classes).reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
  const types = { F32: "float32", I64: "int64" };
  const tensors = build(file.num_classes).map((t) => [t.key, t.shape, types[t.dtype]]);
  comparison.same("names, shapes, types", tensors, golden.state_dict);
  comparison.same("order of parameters", learned(2).map((t) => t.key), golden.parameters);
  const counts = [golden.param_count_2, golden.param_count_1000];
  comparison.same("counts of parameters", [count(2), count(1000)], counts);
}

/** Checks one size of one model of the registry. */
export async function checkModel(
  device: Device,
  name: string,
  size: GoldenSize,
  file: GoldenModels,
  comparison: Comparison,
): Promise<void> {
  const { labels, num_classes: classes, stream_base: base } = file;
  const [n, , h, w] = size.input.shape;
  const model = modelInfo(name).build({ classes });
  const variables = declare(model, [n, h, w, 3]);
  const weights = encodeVariables(variables, filledWeights(stateDict(variables), base));
  const images = input("images", [n, h, w, 3]);
  const targets = new Float32Array(n * classes);
  labels.forEach((label, i) => targets[i * classes + label] = 1);

  const memory = new Memory(device);
  const reset = () => {
    memory.write(variables.parameters.tensor, weights.parameters);
    memory.write(variables.statistics.tensor, weights.statistics);
  };
  memory.write(images, filledImages(size.input.shape, size.input.stream));
  reset();
  try {
    await checkEvaluation(model, variables, images, size, memory, comparison);
    const first = { model, variables, images, targets, classes, memory };
    await checkTraining(first, size, comparison);
    reset();
    const loss = await secondLoss(first, adam());
    const want = size["loss_after_adam_lr1e-3"];
    const allowed = size.float32_error["loss_after_adam_lr1e-3"]!;
    comparison.number("loss after Adam", loss, want, allowed, "");
  } finally {
    memory.destroy();
  }
}

type Variables = ReturnType<typeof declare>;

/** Whether single layers are compared: a value that is read is kept as float32, which none is in a run on halves. */
function readLayers({ precision }: CompileOptions): boolean {
  return precision !== "f16";
}

async function checkEvaluation(
  model: Model,
  variables: Variables,
  images: Tensor,
  size: GoldenSize,
  memory: Memory,
  comparison: Comparison,
): Promise<void> {
  const { logits, capture } = apply(model, variables, images, { training: false });
  const { limits } = memory.device;
  const layers = readLayers(limits) ? activations(capture.values, size.eval_activations) : [];
  const outputs = [logits, ...layers.map(([, t]) => t)];
  const runner = await Runner.create(compile({ outputs }, limits), memory);
  runner.run();
  const { float32_error: float32 } = size;
  const want = size.eval_logits.flat();
  comparison.vectors(
    "evaluation logits",
    await runner.read(logits),
    want,
    float32["eval_logits"]!,
    "",
  );
  for (const [layer, t] of layers) {
    const allowed = float32["eval_activation_rel_l2_max"]!;
    const golden = size.eval_activations[layer]!;
    compareActivation(
      "evaluation activations",
      comparison,
      layer,
      golden,
      await runner.read(t),
      allowed,
    );
  }
  runner.destroy();
}

interface Setting {
  readonly model: Model;
  readonly variables: Variables;
  readonly images: Tensor;
  readonly targets: Float32Array;
  readonly classes: number;
  readonly memory: Memory;
}

/** Everything about one step, and the loss after it with plain SGD. */
async function checkTraining(
  setting: Setting,
  size: GoldenSize,
  comparison: Comparison,
): Promise<void> {
  const { model, variables, images, targets, classes, memory } = setting;
  const { float32_error: float32 } = size;
  const optimizer = sgd();
  const { limits } = memory.device;
  const step = captureStep(model, variables, images, {
    ...{ classes, optimizer, scaled: limits.precision === "f16" },
  });
  const [inputGradient] = readLayers(limits) ? gradients(step.loss, [images]) : [];
  const layers = readLayers(limits) ? activations(step.capture.values, size.train_activations) : [];
  const outputs = [
    ...[step.loss, step.logits, step.gradient],
    ...[...inputGradient ? [inputGradient] : [], ...layers.map(([, t]) => t)],
  ];
  const program = compile({ outputs, updates: step.updates }, limits);
  const runner = await Runner.create(program, memory);
  if (step.scale) memory.write(step.scale.factor, [FIRST_FACTOR]);
  memory.write(step.targets, targets);
  memory.write(step.scalars, [0, ...optimizer.values(1, { learningRate: 1e-3 })]);
  runner.run();

  const logits = await runner.read(step.logits);
  comparison.vectors(
    "training logits",
    logits,
    size.train_logits.flat(),
    float32["train_logits"]!,
    "",
  );
  const [loss] = await runner.read(step.loss);
  comparison.number("loss", loss!, size.loss, float32["loss"]!, "");
  for (const [layer, t] of layers) {
    const allowed = float32["train_activation_rel_l2_max"]!;
    const golden = size.train_activations[layer]!;
    compareActivation(
      "training activations",
      comparison,
      layer,
      golden,
      await runner.read(t),
      allowed,
    );
  }
  compareGradients(
    size,
    comparison,
    decodeArena(variables.parameters, await runner.read(step.gradient)),
  );
  if (inputGradient) {
    const dx = await runner.read(inputGradient);
    const { input_grad: wanted } = size;
    const allowed = float32["input_grad_rel_l2"]!;
    comparison.number("input gradient", norm(dx), wanted.norm, allowed, "norm");
    const values = wanted.idx.map((i) => dx[channelsLast(size.input.shape, i)]!);
    const rms = wanted.norm / Math.sqrt(dx.length);
    comparison.vectors("input gradient", values, wanted.values, allowed, "samples", 2 * rms);
  }

  const running = decodeArena(variables.statistics, await runner.read(variables.statistics.tensor));
  for (const [key, golden] of Object.entries(size.bn_after_one_step)) {
    const numbers = toFloats(running.get(key)!);
    const allowed = float32["bn_running_rel_l2_max"]!;
    comparison.number("running statistics", norm(numbers), golden.norm, allowed, key);
    const scale = golden.norm * Math.sqrt(golden.first4.length / numbers.length);
    comparison.vectors("running statistics", numbers, golden.first4, allowed, key, scale);
  }

  runner.run();
  const [after] = await runner.read(step.loss);
  const want = size["loss_after_sgd_lr1e-3"];
  comparison.number("loss after SGD", after!, want, float32["loss_after_sgd_lr1e-3"]!, "");
  runner.destroy();
}

function compareGradients(
  size: GoldenSize,
  comparison: Comparison,
  gradient: ReturnType<typeof decodeArena>,
): void {
  const { grad_norm_total: total, float32_error: float32 } = size;
  let squares = 0;
  for (const [key, want] of Object.entries(size.grad_norms)) {
    const numbers = toFloats(gradient.get(key)!);
    const got = norm(numbers);
    squares += got * got;
    if (want < 1e-10) {
      comparison.absolute("gradients that are 0", got / total, 1e-6, key);
      continue;
    }
    const allowed = float32.grad_tensor_rel_l2[key]!;
    comparison.number("gradients", got, want, allowed, `${key} norm`);
    const samples = size.grad_samples[key];
    if (!samples) continue;
    const values = samples.idx.map((i) => numbers[i]!);
    const scale = want * Math.sqrt(values.length / numbers.length);
    comparison.vectors("gradients", values, samples.values, allowed, key, scale);
  }
  const norms = Math.sqrt(squares);
  comparison.number("gradient norm", norms, total, float32["grad_norm_total"]!, "");
}

/** The loss of a second training step at a learning rate of 0.001. */
async function secondLoss(setting: Setting, optimizer: Optimizer): Promise<number> {
  const { model, variables, images, targets, classes, memory } = setting;
  const { limits } = memory.device;
  const step = captureStep(model, variables, images, {
    ...{ classes, optimizer, scaled: limits.precision === "f16" },
  });
  const program = compile({ outputs: [step.loss], updates: step.updates }, limits);
  const runner = await Runner.create(program, memory);
  if (step.scale) memory.write(step.scale.factor, [FIRST_FACTOR]);
  memory.write(step.targets, targets);
  for (const t of [1, 2]) {
    memory.write(step.scalars, [0, ...optimizer.values(t, { learningRate: 1e-3 })]);
    runner.run();
  }
  const [loss] = await runner.read(step.loss);
  runner.destroy();
  return loss!;
}

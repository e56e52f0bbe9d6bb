/** Whether a device computes what it should: one training step of a small network against float64. Judges nothing. */

import { evaluate } from "../engine/gpu/evaluate.ts";
import type { Device } from "../engine/gpu/device.ts";
import { isInput, type Tensor, topological } from "../engine/graph.ts";
import { interpret } from "../engine/interpret.ts";
import { convolution, linear, norm } from "../engine/nn/layers.ts";
import type { Model } from "../engine/nn/scope.ts";
import { silu } from "../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../engine/ops/sum.ts";
import { captureModel, captureTraining } from "./captured.ts";
import type { SessionOptions } from "./session.ts";
import { initialNumbers } from "./weights.ts";

const [BATCH, SIZE, CLASSES] = [4, 12, 3] as const;

/** Both kinds of convolution, norms, an activation, a mean and a classifier: what the models are made of. */
const model: Model = (scope, images) => {
  const y = convolution(scope, "conv", images, 8, { kernel: 3, stride: 2 });
  const z = convolution(scope, "depthwise", silu(norm(scope, "bn1", y)), 8, {
    ...{ kernel: 3, stride: 1, groups: 8 },
  });
  const uniform = { kind: "uniform", bound: 0.5 } as const;
  return linear(scope, "fc", squeeze(globalAveragePool(silu(norm(scope, "bn2", z)))), CLASSES, {
    ...{ weight: uniform, bias: uniform },
  });
};

/** How far a device is from the reference. */
export interface SelfCheck {
  /** Largest difference of the loss and of the gradient, each relative to its largest number. */
  readonly loss: number;
  readonly gradient: number;
}

/** Computes loss and gradient of a step on the device, by `compute`, and in float64. Throws what the device throws. */
export async function checkStep(device: Device, compute = evaluate): Promise<SelfCheck> {
  const options: SessionOptions = {
    ...{ model, classes: CLASSES, size: SIZE, batch: BATCH, seed: 1, train: true },
    ...{ optimizer: { name: "sgd" }, images: "numbers" },
  };
  const captured = captureModel(options);
  const { step } = captureTraining(captured, options);
  const outputs = [step.loss, step.gradient];
  const feeds = feedsOf(outputs, captured, step.targets);
  const exact = interpret(
    outputs,
    new Map([...feeds].map(([t, values]) => [t, Float64Array.from(values)])),
  );
  const found = await compute(device, outputs, feeds);
  const [loss, gradient] = found.map((values, i) => difference(values, exact[i]!));
  return { loss: loss!, gradient: gradient! };
}

/** Numbers for every input that the outputs depend on. */
function feedsOf(
  outputs: readonly Tensor[],
  { variables, images }: ReturnType<typeof captureModel>,
  targets: Tensor,
): Map<Tensor, Float32Array> {
  const numbers = initialNumbers(variables, 1);
  const known = new Map<Tensor, Float32Array>([
    [variables.parameters.tensor, numbers.parameters],
    [variables.statistics.tensor, numbers.statistics],
    [images, Float32Array.from({ length: images.size }, (_, i) => Math.sin(i * 0.7) + i % 3 / 4)],
    [
      targets,
      Float32Array.from({ length: targets.size }, (_, i) => i % (CLASSES + 1) === 0 ? 1 : 0),
    ],
  ]);
  const inputs = topological(outputs, (t) => t.operands).filter(isInput);
  return new Map(inputs.map((t) => [t, known.get(t) ?? new Float32Array(t.size)]));
}

/** The largest difference over the largest number; infinite where something is not finite. */
function difference(values: Float32Array, exact: Float64Array): number {
  const largest = exact.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  const most = exact.reduce((a, x, i) => Math.max(a, Math.abs(x - values[i]!)), 0);
  return values.every(Number.isFinite) ? most / largest : Infinity;
}

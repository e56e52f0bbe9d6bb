/** A small model with the parts that fine-tuning tells apart, and a step of it as a graph with its feeds. */

import { strict as assert } from "node:assert";
import type { Tensor } from "../../engine/graph.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model, Scope } from "../../engine/nn/scope.ts";
import type { Entry } from "../../engine/nn/variables.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { add, mul, sigmoid, silu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { channels, size } from "../../engine/shape.ts";
import { captureModel, captureTraining } from "../../train/captured.ts";
import type { SessionOptions } from "../../train/session.ts";

/** Images [n, h, w, 3] of the steps here, and classes. */
export const shape = [4, 8, 8, 3] as const;
export const classes = 3;

/** Names of its stages. */
export const stages = ["conv_stem", "blocks.0", "blocks.1", "conv_head", "classifier"];

/** Stem, two stages of one and two blocks, head and classifier, named as EfficientNet's are. */
export const blocks: Model = (scope, images) => {
  let x = convolution(scope, "conv_stem", images, 8, { kernel: 3, stride: 2 });
  x = silu(norm(scope, "bn1", x));
  x = block(scope, "blocks.0.0", x, 8);
  x = block(scope, "blocks.1.0", x, 12);
  x = block(scope, "blocks.1.1", x, 12);
  x = silu(norm(scope, "bn2", convolution(scope, "conv_head", x, 16)));
  const initial = { kind: "uniform", bound: 0.5 } as const;
  const pooled = scope.dropout(squeeze(globalAveragePool(x)), 0.25);
  return linear(scope, "classifier", pooled, classes, { weight: initial, bias: initial });
};

/** Depthwise, gate, project; beside a shortcut that is dropped at times where channels agree. */
function block(scope: Scope, name: string, x: Tensor, cout: number): Tensor {
  const inner = scope.child(name);
  const c = channels(x.shape);
  let y = convolution(inner, "conv_dw", x, c, { kernel: 3, groups: c });
  y = silu(norm(inner, "bn1", y));
  y = mul(y, sigmoid(convolution(inner, "se", globalAveragePool(y), c, { bias: true })));
  y = norm(inner, "bn2", convolution(inner, "conv_pw", y, cout));
  return scope.mark(name, c === cout ? add(inner.dropPath(y, 0.3), x) : y);
}

/** A session of the model. */
export function optionsOf(options: Partial<SessionOptions> = {}): SessionOptions {
  const [batch, size] = shape;
  return {
    ...{ model: blocks, classes, size, batch, seed: 3, train: true },
    optimizer: { name: "sgd" },
    ...options,
  };
}

/** What to step a session with. */
export const examples = {
  images: Uint8Array.from({ length: shape[0] * shape[1] * shape[2] * 4 }, (_, i) => i * 37 % 251),
  labels: Int32Array.of(0, 1, 2, 0),
};

/** The learning rate of the step that `stepOf` feeds. */
export const learningRate = 0.5;

/** A step of the model and what to feed it: random weights, images, targets and a seed. */
export function stepOf(options: Partial<SessionOptions> = {}) {
  const whole = optionsOf({ images: "numbers", ...options });
  const captured = captureModel(whole);
  const { variables, images } = captured;
  const { step, optimizer, goal, feeds: once } = captureTraining(captured, whole);
  const numbers = (count: number, key: number) =>
    Float64Array.from({ length: count }, (_, i) => Math.fround(uniform(key, i)));
  const feeds = new Map<Tensor, Float64Array>([
    [images, numbers(images.size, 1)],
    [step.targets, numbers(step.targets.size, 2).map((_, i) => i % 5 === 1 ? 1 : 0)],
    [step.scalars, Float64Array.of(1234, ...optimizer.values(1, { learningRate }))],
    ...[variables.parameters, variables.statistics, variables.frozen].map((arena) =>
      [arena.tensor, Float64Array.from(arena.encode(entryNumbers))] as const
    ),
    ...step.states.map((t, i) => [t, numbers(t.size, 3 + i)] as const),
    ...[...once].map(([t, values]) => [t, Float64Array.from(values)] as const),
    ...[...Object.values(step.metrics), step.guard.skipped, step.guard.row, step.guard.longest]
      .map((t) => [t, Float64Array.of(0)] as const),
  ]);
  return { variables, step, goal, feeds };
}

/** Asserts that numbers of a device are those expected, to rounding relative to the largest. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what = "",
): void {
  const scale = Math.max(...Array.from(expected, Math.abs), 1e-3);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / scale;
    assert.ok(error < 1e-5, `${what} at ${i}: ${actual[i]}, ${expected[i]} was expected`);
  }
}

/** Numbers of an entry of a file, the same in whichever arena it is; variances are above 0. */
function entryNumbers({ key, shape }: Entry): Float64Array {
  const stream = [...key].reduce((h, c) => Math.imul(h, 31) + c.charCodeAt(0), 7);
  const low = /running_var|bn\d\.weight/.test(key) ? 0.5 : -0.5;
  return Float64Array.from(
    { length: size(shape) },
    (_, i) => Math.fround(low + uniform(stream, i)),
  );
}

/** Networks in small: blocks of the real models with everything that fusion meets, and numbers to feed them. */

import { gradients } from "../../engine/autodiff.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { batchNorm, moments } from "../../engine/ops/batch_norm.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { pack } from "../../engine/ops/layout.ts";
import { add, mul, relu, sigmoid, silu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, sum } from "../../engine/ops/sum.ts";

/** A block with its inputs, its value, and all its gradients, each alone and packed. */
export interface Block {
  readonly inputs: readonly Tensor[];
  readonly y: Tensor;
  readonly grads: readonly Tensor[];
  readonly packed: Tensor;
}

function build(shape: readonly number[], make: Parameters<typeof finish>[1]): Block {
  return finish(input("x", shape), make);
}

type Variable = (shape: readonly number[]) => Tensor;

function finish(x: Tensor, make: (x: Tensor, variable: Variable) => Tensor): Block {
  const inputs = [x];
  const variable: Variable = (shape) => {
    const t = input(`v${inputs.length}`, shape);
    inputs.push(t);
    return t;
  };
  const y = make(x, variable);
  const loss = sum(mul(mul(y, y), variable(y.shape)));
  const grads = gradients(loss, inputs);
  return { inputs, y, grads, packed: pack(grads.slice(1)) };
}

function norm(x: Tensor, variable: Variable): Tensor {
  return batchNorm(x, moments(x), variable([2, x.shape.at(-1)!]));
}

/** Expand, depthwise, squeeze-excite, project, shortcut, as EfficientNet has them: [n, size, size, 16]. */
export function mbconv(n: number, size: number, width: number, stride: 1 | 2): Block {
  return build([n, size, size, 16], (x, v) => {
    let y = silu(norm(conv2d(x, v([1, 1, 16, width])), v));
    y = conv2d(y, v([3, 3, 1, width]), { padding: 1, groups: width, stride });
    y = silu(norm(y, v));
    let gate = globalAveragePool(y);
    gate = silu(add(conv2d(gate, v([1, 1, width, 6])), v([6])));
    gate = add(conv2d(gate, v([1, 1, 6, width])), v([width]));
    y = norm(conv2d(mul(y, sigmoid(gate)), v([1, 1, width, 16])), v);
    return stride === 1 ? add(y, x) : y;
  });
}

/** Two 3×3 convolutions beside a shortcut, as ResNet has them: [n, size, size, 8]. */
export function basic(n: number, size: number): Block {
  return build([n, size, size, 8], (x, v) => {
    let y = relu(norm(conv2d(x, v([3, 3, 8, 8]), { padding: 1 }), v));
    y = norm(conv2d(y, v([3, 3, 8, 8]), { padding: 1 }), v);
    return relu(add(y, x));
  });
}

/** Numbers for the inputs of a block, between −1/2 and 1/2. */
export function feeds({ inputs }: Block): Map<Tensor, Float64Array> {
  const numbers = (t: Tensor, seed: number) =>
    Float64Array.from({ length: t.size }, (_, i) => Math.fround(uniform(seed, i) - 0.5));
  return new Map(inputs.map((t, i) => [t, numbers(t, i + 1)]));
}

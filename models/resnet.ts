/** ResNet, He et al. 2015, as timm builds it: names, strides, initial values. */

import type { Tensor } from "../engine/graph.ts";
import { convolution, linear, norm } from "../engine/nn/layers.ts";
import type { Model, Scope } from "../engine/nn/scope.ts";
import { maxPool } from "../engine/ops/max_pool.ts";
import { add, relu } from "../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../engine/ops/sum.ts";
import { channels } from "../engine/shape.ts";
import type { ModelOptions } from "./mod.ts";

/** A block from `x` to `cout` channels, or four times as many; `rate` is that of dropping it. */
type Block = (scope: Scope, x: Tensor, cout: number, stride: number, rate: number) => Tensor;

/** `depths` counts the blocks of the four stages. */
export function resnet(block: Block, depths: readonly number[], options: ModelOptions): Model {
  const { classes, dropRate = 0, dropPathRate = 0 } = options;
  const total = depths.reduce((a, b) => a + b, 0);
  return (scope, images) => {
    let x = convolution(scope, "conv1", images, 64, { kernel: 7, stride: 2 });
    x = relu(norm(scope, "bn1", x));
    x = scope.mark("maxpool", maxPool(x, { kernel: 3, stride: 2, padding: 1 }));
    let index = 0;
    depths.forEach((depth, stage) => {
      for (let i = 0; i < depth; i++) {
        const name = `layer${stage + 1}.${i}`;
        const rate = dropPathRate * index++ / (total - 1);
        const stride = stage > 0 && i === 0 ? 2 : 1;
        x = scope.mark(name, block(scope.child(name), x, 64 << stage, stride, rate));
      }
    });
    x = scope.mark("global_pool", squeeze(globalAveragePool(x)));
    const bound = 1 / Math.sqrt(channels(x.shape));
    const initial = { kind: "uniform", bound } as const;
    x = scope.dropout(x, dropRate);
    return linear(scope, "fc", x, classes, { weight: initial, bias: initial });
  };
}

/** Two 3×3 convolutions beside a shortcut. */
export const basic: Block = (scope, x, cout, stride, rate) => {
  let y = convolution(scope, "conv1", x, cout, { kernel: 3, stride });
  y = relu(norm(scope, "bn1", y));
  y = convolution(scope, "conv2", y, cout, { kernel: 3 });
  return joined(scope, x, lastNorm(scope, "bn2", y), stride, rate);
};

/** A 3×3 convolution between two of 1×1, the last four times as wide, beside a shortcut. */
export const bottleneck: Block = (scope, x, cout, stride, rate) => {
  let y = convolution(scope, "conv1", x, cout);
  y = relu(norm(scope, "bn1", y));
  y = convolution(scope, "conv2", y, cout, { kernel: 3, stride });
  y = relu(norm(scope, "bn2", y));
  y = convolution(scope, "conv3", y, 4 * cout);
  return joined(scope, x, lastNorm(scope, "bn3", y), stride, rate);
};

/** A weight of 0 makes the block begin as its shortcut (timm's zero_init_last). */
function lastNorm(scope: Scope, name: string, y: Tensor): Tensor {
  return norm(scope, name, y, { initialWeight: 0 });
}

/** `y` and the shortcut, which is a 1×1 convolution of `x` where shapes differ. */
function joined(scope: Scope, x: Tensor, y: Tensor, stride: number, rate: number): Tensor {
  const cout = channels(y.shape);
  const shortcut = stride === 1 && channels(x.shape) === cout
    ? x
    : norm(scope, "downsample.1", convolution(scope, "downsample.0", x, cout, { stride }));
  return relu(add(scope.dropPath(y, rate), shortcut));
}

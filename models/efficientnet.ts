/** EfficientNet, Tan and Le 2019, and its Lite form, as timm builds them. Their blocks are in mbconv.ts. */

import { convolution, norm } from "../engine/nn/layers.ts";
import type { Model } from "../engine/nn/scope.ts";
import { relu6, sigmoid, silu } from "../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../engine/ops/sum.ts";
import { classifier, type MbconvOptions, mbconvStages, roundChannels } from "./mbconv.ts";
import type { ModelOptions } from "./mod.ts";

/** A stage of B0: kernel, stride of its first block, expansion, channels, blocks. */
const STAGES = [
  { kernel: 3, stride: 1, expansion: 1, channels: 16, blocks: 1 },
  { kernel: 3, stride: 2, expansion: 6, channels: 24, blocks: 2 },
  { kernel: 5, stride: 2, expansion: 6, channels: 40, blocks: 2 },
  { kernel: 3, stride: 2, expansion: 6, channels: 80, blocks: 3 },
  { kernel: 5, stride: 1, expansion: 6, channels: 112, blocks: 3 },
  { kernel: 5, stride: 2, expansion: 6, channels: 192, blocks: 4 },
  { kernel: 3, stride: 1, expansion: 6, channels: 320, blocks: 1 },
] as const;

/** What the layers of a network have in common. */
type Style = Pick<MbconvOptions, "activation" | "squeezeExcite" | "padding" | "epsilon">;

const STANDARD: Style = {
  activation: silu,
  squeezeExcite: { channels: (input) => Math.round(input / 4), activation: silu, gate: sigmoid },
};

/** Without what small chips compute badly, and with TensorFlow's padding and ε. */
const LITE: Style = { activation: relu6, padding: "same", epsilon: 1e-3 };

/** How a member of the family differs from B0. */
export interface Scale {
  /** Channels for each of B0's. */
  readonly width: number;
  /** Blocks for each of B0's. */
  readonly depth: number;
}

/** The member of the family that is `width` times as wide and `depth` times as deep as B0. */
export function efficientnet(scale: Scale, options: ModelOptions): Model {
  return network(scale, STANDARD, options);
}

/** EfficientNet-Lite0: B0 without squeeze-excite, and with a bounded activation. */
export function efficientnetLite0(options: ModelOptions): Model {
  return network({ width: 1, depth: 1 }, LITE, options);
}

function network({ width, depth }: Scale, style: Style, options: ModelOptions): Model {
  const { classes, dropRate = 0, dropPathRate: dropPath = 0 } = options;
  const { activation, padding, epsilon } = style;
  const stages = STAGES.map(({ blocks, stride, channels, ...stage }) =>
    Array.from({ length: Math.ceil(blocks * depth) }, (_, i) => ({
      ...{ ...style, ...stage, stride: i === 0 ? stride : 1 },
      channels: roundChannels(channels * width),
    }))
  );
  return (scope, images) => {
    const stem = { kernel: 3, stride: 2, padding };
    let x = convolution(scope, "conv_stem", images, roundChannels(32 * width), stem);
    x = scope.mark("bn1", activation(norm(scope, "bn1", x, { epsilon })));
    x = mbconvStages(scope, x, stages, { dropPath });
    x = convolution(scope, "conv_head", x, roundChannels(1280 * width));
    x = scope.mark("bn2", activation(norm(scope, "bn2", x, { epsilon })));
    x = scope.mark("global_pool", squeeze(globalAveragePool(x)));
    return classifier(scope, scope.dropout(x, dropRate), classes);
  };
}

/** EfficientNet, Tan and Le 2019, as timm builds it: blocks of depthwise convolutions with squeeze-excite. */

import type { Tensor } from "../engine/graph.ts";
import { convolution, linear, norm } from "../engine/nn/layers.ts";
import type { Model, Scope } from "../engine/nn/scope.ts";
import { add, mul, sigmoid, silu } from "../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../engine/ops/sum.ts";
import { channels } from "../engine/shape.ts";
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

/** How a member of the family differs from B0. */
export interface Scale {
  readonly width: number;
  readonly depth: number;
}

/** `v` rounded to a multiple of 8, never below nine tenths of it (the paper's `make_divisible`). */
function roundChannels(v: number): number {
  const n = Math.max(8, Math.floor((v + 4) / 8) * 8);
  return n < 0.9 * v ? n + 8 : n;
}

/** The member of the family that is `width` times as wide and `depth` times as deep as B0. */
export function efficientnet({ width, depth }: Scale, options: ModelOptions): Model {
  const { classes, dropRate = 0, dropPathRate = 0 } = options;
  const stages = STAGES.map((stage) => ({
    ...stage,
    channels: roundChannels(stage.channels * width),
    blocks: Math.ceil(stage.blocks * depth),
  }));
  const total = stages.reduce((n, stage) => n + stage.blocks, 0);
  return (scope, images) => {
    let x = convolution(scope, "conv_stem", images, roundChannels(32 * width), {
      kernel: 3,
      stride: 2,
    });
    x = scope.mark("bn1", silu(norm(scope, "bn1", x)));
    let index = 0;
    stages.forEach((stage, s) => {
      for (let i = 0; i < stage.blocks; i++) {
        const name = `blocks.${s}.${i}`;
        const stride = i === 0 ? stage.stride : 1;
        const block = { ...stage, stride, rate: dropPathRate * index++ / total };
        x = scope.mark(name, mbconv(scope.child(name), x, block));
      }
    });
    x = convolution(scope, "conv_head", x, roundChannels(1280 * width));
    x = scope.mark("bn2", silu(norm(scope, "bn2", x)));
    x = scope.mark("global_pool", squeeze(globalAveragePool(x)));
    return linear(scope, "classifier", scope.dropout(x, dropRate), classes, {
      weight: { kind: "uniform", bound: 1 / Math.sqrt(classes) },
      bias: { kind: "constant", value: 0 },
    });
  };
}

interface Block {
  readonly kernel: number;
  readonly stride: number;
  readonly expansion: number;
  readonly channels: number;
  /** Share of samples for which training leaves the branch out. */
  readonly rate: number;
}

/** Expand (1×1), depthwise, squeeze-excite, project (1×1); beside a shortcut where shapes agree. */
function mbconv(scope: Scope, x: Tensor, block: Block): Tensor {
  const cin = channels(x.shape);
  let y = x;
  let norms = 0;
  const next = () => `bn${++norms}`;
  if (block.expansion > 1) {
    y = convolution(scope, "conv_pw", y, cin * block.expansion);
    y = silu(norm(scope, next(), y));
  }
  const groups = channels(y.shape);
  const { kernel, stride } = block;
  y = convolution(scope, "conv_dw", y, groups, { kernel, stride, groups });
  y = silu(norm(scope, next(), y));
  y = squeezeExcite(scope.child("se"), y, Math.round(cin / 4));
  y = convolution(scope, block.expansion > 1 ? "conv_pwl" : "conv_pw", y, block.channels);
  y = norm(scope, next(), y);
  return stride === 1 && cin === block.channels ? add(scope.dropPath(y, block.rate), x) : y;
}

/** Gates the channels of `x` by what they average to, Hu et al. 2017; `reduced` channels in between. */
function squeezeExcite(scope: Scope, x: Tensor, reduced: number): Tensor {
  let gate = globalAveragePool(x);
  gate = silu(convolution(scope, "conv_reduce", gate, reduced, { bias: true }));
  gate = convolution(scope, "conv_expand", gate, channels(x.shape), { bias: true });
  return mul(x, sigmoid(gate));
}

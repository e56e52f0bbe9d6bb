/** The blocks of EfficientNet and MobileNetV3 under timm's names: depthwise convolutions between narrow ones. No network. */

import type { Tensor } from "../engine/graph.ts";
import { convolution, linear, norm } from "../engine/nn/layers.ts";
import type { Scope } from "../engine/nn/scope.ts";
import { add, mul } from "../engine/ops/pointwise.ts";
import { globalAveragePool } from "../engine/ops/sum.ts";
import { channels } from "../engine/shape.ts";

/** A function of each element. */
export type Activation = (x: Tensor) => Tensor;

/** How channels gate each other, Hu et al. 2017. */
export interface SqueezeExcite {
  /** Channels between the two convolutions, of a block with `input` channels outside and `inside` within. */
  readonly channels: (input: number, inside: number) => number;
  /** Between the convolutions. */
  readonly activation: Activation;
  /** Makes numbers from 0 to 1. */
  readonly gate: Activation;
}

/** A block with everything spelled out. */
export interface MbconvOptions {
  /** Channels of the result. */
  readonly channels: number;
  /** Side of the depthwise windows, in pixels. */
  readonly kernel: number;
  /** Step of the depthwise windows. Default 1. */
  readonly stride?: number;
  /** Channels inside for each outside; 1 leaves the first convolution out. */
  readonly expansion: number;
  /** After all convolutions but the last. */
  readonly activation: Activation;
  /** Default none. */
  readonly squeezeExcite?: SqueezeExcite | undefined;
  /** Share of samples for which training leaves the block out, where it has a shortcut. Default 0. */
  readonly dropPath?: number;
  /** Of the depthwise convolution. Default timm's symmetric padding. */
  readonly padding?: number | "same" | undefined;
  /** Of the norms. Default 1e-5. */
  readonly epsilon?: number | undefined;
}

/** `v` rounded to a multiple of 8, never below nine tenths of it (timm's `make_divisible`). */
export function roundChannels(v: number): number {
  const n = Math.max(8, Math.floor((v + 4) / 8) * 8);
  return n < 0.9 * v ? n + 8 : n;
}

/**
 * An inverted residual, Sandler et al. 2018, from [n, h, w, cin] to [n, ⌈h / stride⌉, ⌈w / stride⌉, channels]: expand
 * (1×1), depthwise, squeeze-excite, project (1×1); beside a shortcut where shapes agree. Variables `conv_pw`,
 * `conv_dw`, `se`, `conv_pwl` and `bn1` to `bn3`; without expansion `conv_dw`, `se`, `conv_pw`, `bn1`, `bn2`.
 */
export function mbconv(scope: Scope, x: Tensor, options: MbconvOptions): Tensor {
  const { kernel, stride = 1, expansion, activation, squeezeExcite: excite } = options;
  const { padding, epsilon, dropPath = 0 } = options;
  const cin = channels(x.shape);
  const inside = expansion > 1 ? roundChannels(cin * expansion) : cin;
  let norms = 0;
  const normalized = (t: Tensor) => norm(scope, `bn${++norms}`, t, { epsilon });
  let y = x;
  if (expansion > 1) y = activation(normalized(convolution(scope, "conv_pw", y, inside)));
  y = convolution(scope, "conv_dw", y, inside, { kernel, stride, padding, groups: inside });
  y = activation(normalized(y));
  if (excite) y = squeezeExcite(scope.child("se"), y, excite.channels(cin, inside), excite);
  y = convolution(scope, expansion > 1 ? "conv_pwl" : "conv_pw", y, options.channels);
  y = normalized(y);
  return stride === 1 && cin === options.channels ? add(scope.dropPath(y, dropPath), x) : y;
}

/** Gates the channels of `x` by what they average to; `reduced` channels in between. */
function squeezeExcite(
  scope: Scope,
  x: Tensor,
  reduced: number,
  { activation, gate }: SqueezeExcite,
): Tensor {
  const means = globalAveragePool(x);
  const y = activation(convolution(scope, "conv_reduce", means, reduced, { bias: true }));
  return mul(x, gate(convolution(scope, "conv_expand", y, channels(x.shape), { bias: true })));
}

/** Stages of blocks, called `blocks.<stage>.<block>`. Block i of `total` is dropped at a rate of `dropPath · i / total`. */
export function mbconvStages(
  scope: Scope,
  x: Tensor,
  stages: readonly (readonly MbconvOptions[])[],
  { dropPath, total = stages.flat().length }: { dropPath: number; total?: number },
): Tensor {
  let index = 0;
  stages.forEach((blocks, s) =>
    blocks.forEach((block, i) => {
      const name = `blocks.${s}.${i}`;
      const options = { ...block, dropPath: dropPath * index++ / total };
      x = scope.mark(name, mbconv(scope.child(name), x, options));
    })
  );
  return x;
}

/** The last layer, of features [n, c], as timm starts it: uniform weights, bounded by 1 / √classes. */
export function classifier(scope: Scope, features: Tensor, classes: number): Tensor {
  return linear(scope, "classifier", features, classes, {
    weight: { kind: "uniform", bound: 1 / Math.sqrt(classes) },
    bias: { kind: "constant", value: 0 },
  });
}

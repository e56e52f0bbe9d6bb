/** MobileNetV3, Howard et al. 2019, large and small, as timm builds them. Their blocks are in mbconv.ts. */

import { convolution, norm } from "../engine/nn/layers.ts";
import type { Model } from "../engine/nn/scope.ts";
import { hardSigmoid, hardSwish, relu } from "../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../engine/ops/sum.ts";
import { classifier, mbconvStages, roundChannels, type SqueezeExcite } from "./mbconv.ts";
import type { ModelOptions } from "./mod.ts";

const RELU = { activation: relu };
const SWISH = { activation: hardSwish };
const EXCITE: { readonly squeezeExcite: SqueezeExcite } = {
  squeezeExcite: {
    channels: (_, inside) => roundChannels(inside / 4),
    activation: relu,
    gate: hardSigmoid,
  },
};

/** Stages with a block for each expansion, the channels of the convolution after them, and those of the head. */
const LARGE = {
  stages: [
    { kernel: 3, stride: 1, expansions: [1], channels: 16, ...RELU },
    { kernel: 3, stride: 2, expansions: [4, 3], channels: 24, ...RELU },
    { kernel: 5, stride: 2, expansions: [3, 3, 3], channels: 40, ...RELU, ...EXCITE },
    { kernel: 3, stride: 2, expansions: [6, 2.5, 2.3, 2.3], channels: 80, ...SWISH },
    { kernel: 3, stride: 1, expansions: [6, 6], channels: 112, ...SWISH, ...EXCITE },
    { kernel: 5, stride: 2, expansions: [6, 6, 6], channels: 160, ...SWISH, ...EXCITE },
  ],
  last: 960,
  head: 1280,
};

const SMALL = {
  stages: [
    { kernel: 3, stride: 2, expansions: [1], channels: 16, ...RELU, ...EXCITE },
    { kernel: 3, stride: 2, expansions: [4.5, 3.67], channels: 24, ...RELU },
    { kernel: 5, stride: 2, expansions: [4, 6, 6], channels: 40, ...SWISH, ...EXCITE },
    { kernel: 5, stride: 1, expansions: [3, 3], channels: 48, ...SWISH, ...EXCITE },
    { kernel: 5, stride: 2, expansions: [6, 6, 6], channels: 96, ...SWISH, ...EXCITE },
  ],
  last: 576,
  head: 1024,
};

/** The large or the small one. */
export function mobilenetv3(form: "large" | "small", options: ModelOptions): Model {
  const { classes, dropRate = 0, dropPathRate: dropPath = 0 } = options;
  const { stages, last, head } = form === "large" ? LARGE : SMALL;
  const blocks = stages.map(({ expansions, stride, ...stage }) =>
    expansions.map((expansion, i) => ({ ...stage, expansion, stride: i === 0 ? stride : 1 }))
  );
  return (scope, images) => {
    let x = convolution(scope, "conv_stem", images, 16, { kernel: 3, stride: 2 });
    x = scope.mark("bn1", hardSwish(norm(scope, "bn1", x)));
    // timm counts the convolution after the stages as a block, which is never dropped.
    x = mbconvStages(scope, x, blocks, { dropPath, total: blocks.flat().length + 1 });
    const name = `blocks.${blocks.length}.0`;
    const inner = scope.child(name);
    x = scope.mark(name, hardSwish(norm(inner, "bn1", convolution(inner, "conv", x, last))));
    x = scope.mark("global_pool", globalAveragePool(x));
    x = squeeze(hardSwish(convolution(scope, "conv_head", x, head, { bias: true })));
    return classifier(scope, scope.dropout(x, dropRate), classes);
  };
}

/** A network that is trained in no time. Asserts nothing. */
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";

/** A convolution, a norm and a classifier for two classes. */
export const tiny: Model = (scope, images) => {
  const initial = { kind: "uniform", bound: 0.5 } as const;
  const x = norm(scope, "bn", convolution(scope, "conv", images, 4, { kernel: 3, stride: 2 }));
  const pooled = scope.dropout(squeeze(globalAveragePool(relu(x))), 0.2);
  return linear(scope, "fc", pooled, 2, { weight: initial, bias: initial });
};

/** The same without dropout: what is exact on any number of ranks that take the statistics of norms together. */
export const plain: Model = (scope, images) => {
  const initial = { kind: "uniform", bound: 0.5 } as const;
  const x = norm(scope, "bn", convolution(scope, "conv", images, 4, { kernel: 3, stride: 2 }));
  return linear(scope, "fc", squeeze(globalAveragePool(relu(x))), 2, {
    weight: initial,
    bias: initial,
  });
};

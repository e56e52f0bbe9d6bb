/** A model of one's own: layers composed in a function; its variables get PyTorch's names and layouts. */

import {
  convolution,
  globalAveragePool,
  linear,
  maxPool,
  type Model,
  norm,
  openDevice,
  relu,
  Session,
  squeeze,
} from "../mod.ts";

const model: Model = (scope, images) => {
  let x = relu(norm(scope, "bn1", convolution(scope, "conv1", images, 16, { kernel: 3 })));
  x = maxPool(x, { kernel: 2 });
  x = relu(norm(scope, "bn2", convolution(scope, "conv2", x, 32, { kernel: 3, stride: 2 })));
  const initial = { kind: "uniform", bound: 0.1 } as const;
  const head = { weight: initial, bias: initial };
  return linear(scope, "fc", squeeze(globalAveragePool(x)), 3, head);
};

const session = await Session.create(await openDevice(), {
  ...{ model, classes: 3, size: 32, batch: 4, seed: 0, train: true },
  optimizer: { name: "sgd", momentum: 0.9, nesterov: true },
});
console.log(session.plan);
console.log([...(await session.readWeights()).keys()]);
session.destroy();

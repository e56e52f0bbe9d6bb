/** A model of one's own: layers composed in a function under timm's names, trained to tell stripes apart. */

import {
  convolution,
  globalAveragePool,
  hardSwish,
  linear,
  mbconv,
  type Model,
  modelCost,
  norm,
  openDevice,
  Session,
  squeeze,
} from "../mod.ts";

/** Channels and strides of the blocks. */
const BLOCKS = [{ channels: 16, stride: 1 }, { channels: 24, stride: 2 }, {
  channels: 24,
  stride: 1,
}];

/** A small MobileNet: its weight files look as timm's would. */
const model: Model = (scope, images) => {
  let x = convolution(scope, "conv_stem", images, 16, { kernel: 3, stride: 2 });
  x = hardSwish(norm(scope, "bn1", x));
  BLOCKS.forEach((block, i) => {
    const options = { ...block, kernel: 3, expansion: 3, activation: hardSwish };
    x = mbconv(scope.child(`blocks.${i}`), x, options); // blocks.0.conv_pw.weight and so on
  });
  x = scope.dropout(squeeze(globalAveragePool(x)), 0.1);
  const initial = { kind: "uniform", bound: 0.1 } as const;
  return linear(scope, "classifier", x, 2, { weight: initial, bias: initial });
};

const [size, batch] = [32, 16];
console.log(modelCost(model, size)); // { parameters, multiplyAdds } of one image

const session = await Session.create(await openDevice(), {
  ...{ model, classes: 2, size, batch, seed: 0, train: true },
  optimizer: { name: "adam" },
  images: "numbers", // [n, h, w, 3]; loaders give "bytes", for which `preprocessing` says mean and std
});

/** Noise with stripes: lying ones are class 0, standing ones class 1. */
function examples() {
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 2);
  const images = Float32Array.from({ length: batch * size * size * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const row = Math.floor(pixel / size) % size;
    const along = labels[Math.floor(pixel / size ** 2)] === 0 ? row : pixel % size;
    return Math.sin(along) + 2 * Math.random();
  });
  return { images, labels };
}

for (let step = 1; step <= 60; step++) {
  session.step(examples(), { learningRate: 3e-3 });
  if (step % 20 === 0) console.log(step, await session.metrics()); // means of 20 steps
}
const { images, labels } = examples();
const logits = await session.evaluate({ images });
const right = labels.filter((label, i) => (logits[2 * i + 1]! > logits[2 * i]! ? 1 : 0) === label);
console.log(`${right.length} of ${batch} new images right`);
console.log([...(await session.readWeights()).keys()].filter((key) => key.includes("blocks.1")));
session.destroy();

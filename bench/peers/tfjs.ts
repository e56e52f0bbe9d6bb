/** EfficientNet-B0 in TensorFlow.js on WebGPU: layers of plain functions, its own optimizer, NHWC. */

import * as tf from "tfjs";
import "tfjs-webgpu";
import { type Block, blocks, HEAD, problem, report, STEM } from "./b0.ts";

type Layer = (x: tf.Tensor) => tf.Tensor;

const { size, batch, steps } = problem();
await tf.setBackend("webgpu");
await tf.ready();

function weight(shape: number[], fan: number): tf.Variable {
  return tf.variable(tf.randomNormal(shape, 0, Math.sqrt(2 / fan)));
}

function convolution(kernel: number, from: number, to: number, stride = 1): Layer {
  const w = weight([kernel, kernel, from, to], kernel * kernel * to) as tf.Tensor4D;
  return (x) => tf.conv2d(x as tf.Tensor4D, w, stride, "same");
}

function depthwise(kernel: number, channels: number, stride: number): Layer {
  const w = weight([kernel, kernel, channels, 1], kernel * kernel) as tf.Tensor4D;
  return (x) => tf.depthwiseConv2d(x as tf.Tensor4D, w, stride, "same");
}

function norm(channels: number): Layer {
  const gamma = tf.variable(tf.ones([channels])) as tf.Tensor1D;
  const beta = tf.variable(tf.zeros([channels])) as tf.Tensor1D;
  return (x) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, beta, gamma, 1e-5);
  };
}

const silu: Layer = (x) => tf.mul(x, tf.sigmoid(x));

function gate(channels: number, squeezed: number): Layer {
  const [w1, w2] = [convolution(1, channels, squeezed), convolution(1, squeezed, channels)];
  const b1 = tf.variable(tf.zeros([squeezed]));
  const b2 = tf.variable(tf.zeros([channels]));
  return (x) => {
    const hidden = silu(tf.add(w1(tf.mean(x, [1, 2], true)), b1));
    return tf.mul(x, tf.sigmoid(tf.add(w2(hidden), b2)));
  };
}

function chain(...layers: Layer[]): Layer {
  return (x) => layers.reduce((h, layer) => layer(h), x);
}

function block(b: Block): Layer {
  const body = chain(
    ...(b.expanded > b.inputs
      ? [convolution(1, b.inputs, b.expanded), norm(b.expanded), silu]
      : []),
    ...[depthwise(b.kernel, b.expanded, b.stride), norm(b.expanded), silu],
    gate(b.expanded, b.squeezed),
    ...[convolution(1, b.expanded, b.outputs), norm(b.outputs)],
  );
  return b.residual ? (x) => tf.add(x, body(x)) : body;
}

const all = blocks();
const features = chain(
  ...[convolution(3, 3, STEM, 2), norm(STEM), silu],
  ...all.map(block),
  ...[convolution(1, all.at(-1)!.outputs, HEAD), norm(HEAD), silu],
);
const w = weight([HEAD, 2], HEAD) as tf.Tensor2D;
const b = tf.variable(tf.zeros([2]));
const images = tf.randomNormal([batch, size, size, 3]);
const labels = Array.from({ length: batch }, (_, i) => i % 2);
const targets = tf.oneHot(tf.tensor1d(labels, "int32"), 2);
const optimizer = tf.train.adam(1e-3);

await report({ batch, steps }, async () => {
  const loss = optimizer.minimize(() => {
    const pooled = tf.mean(features(images), [1, 2]) as tf.Tensor2D;
    const logits = tf.add(tf.matMul(pooled, w), b) as tf.Tensor2D;
    return tf.losses.softmaxCrossEntropy(targets, logits) as tf.Scalar;
  }, true)!;
  const [value] = await loss.data();
  loss.dispose();
  return value!;
});

/** EfficientNet-B0 in jax-js on WebGPU: gradients and Adam under `jit`, NCHW. Its arrays count references. */

import {
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  random,
  valueAndGrad,
} from "jax";
import { type Block, blocks, HEAD, problem, report, STEM } from "./b0.ts";

type Layer = (p: np.Array[], x: np.Array) => np.Array;

const { size, batch, steps } = problem();
await init("webgpu");
defaultDevice("webgpu");

let parameters: np.Array[] = [];

/** Adds a parameter and gives what reads it. */
function parameter(values: np.Array): (p: np.Array[]) => np.Array {
  const at = parameters.push(values) - 1;
  return (p) => p[at]!.ref;
}

function weight(shape: number[], fan: number): (p: np.Array[]) => np.Array {
  const values = random.normal(random.key(parameters.length), shape);
  return parameter(values.mul(Math.sqrt(2 / fan)));
}

function convolution(kernel: number, from: number, to: number, stride = 1, groups = 1): Layer {
  const w = weight([to, from / groups, kernel, kernel], kernel * kernel * to / groups);
  const pad = (kernel - 1) / 2;
  return (p, x) =>
    lax.convGeneralDilated(x, w(p), [stride, stride], [[pad, pad], [pad, pad]], {
      featureGroupCount: groups,
    });
}

function norm(channels: number): Layer {
  const gamma = parameter(np.ones([1, channels, 1, 1]));
  const beta = parameter(np.zeros([1, channels, 1, 1]));
  const mean = (x: np.Array) => np.mean(x, [0, 2, 3], { keepdims: true });
  return (p, x) => {
    const centred = x.ref.sub(mean(x));
    const variance = mean(np.square(centred.ref));
    return centred.div(np.sqrt(variance.add(1e-5))).mul(gamma(p)).add(beta(p));
  };
}

const silu: Layer = (_, x) => nn.silu(x);

function dense(from: number, to: number): Layer {
  const w = weight([from, to], to);
  const b = parameter(np.zeros([to]));
  return (p, x) => np.matmul(x, w(p)).add(b(p));
}

function gate(channels: number, squeezed: number): Layer {
  const [reduce, expand] = [dense(channels, squeezed), dense(squeezed, channels)];
  return (p, x) => {
    const hidden = nn.silu(reduce(p, np.mean(x.ref, [2, 3])));
    return x.mul(nn.sigmoid(expand(p, hidden)).reshape([batch, channels, 1, 1]));
  };
}

function chain(...layers: Layer[]): Layer {
  return (p, x) => layers.reduce((h, layer) => layer(p, h), x);
}

function block(b: Block): Layer {
  const { expanded } = b;
  const body = chain(
    ...(expanded > b.inputs ? [convolution(1, b.inputs, expanded), norm(expanded), silu] : []),
    ...[convolution(b.kernel, expanded, expanded, b.stride, expanded), norm(expanded), silu],
    gate(expanded, b.squeezed),
    ...[convolution(1, expanded, b.outputs), norm(b.outputs)],
  );
  return b.residual ? (p, x) => x.ref.add(body(p, x)) : body;
}

const all = blocks();
const features = chain(
  ...[convolution(3, 3, STEM, 2), norm(STEM), silu],
  ...all.map(block),
  ...[convolution(1, all.at(-1)!.outputs, HEAD), norm(HEAD), silu],
);
const classifier = dense(HEAD, 2);
const images = random.normal(random.key(12345), [batch, 3, size, size]);
const labels = np.array(Array.from({ length: batch }, (_, i) => i % 2), { dtype: np.int32 });
const targets = nn.oneHot(labels, 2);

const lossAndGradients = jit(valueAndGrad((p: np.Array[], x: np.Array, y: np.Array) => {
  const logits = classifier(p, np.mean(features(p, x), [2, 3]));
  p.forEach((t) => t.dispose());
  return np.sum(y.mul(nn.logSoftmax(logits, -1))).mul(-1 / batch);
}));

/** Adam with its corrections c1 = 1 / (1 − β₁ᵗ) and c2 = 1 / (1 − β₂ᵗ). */
const adam = jit((p: np.Array[], g: np.Array[], m: np.Array[], v: np.Array[], c: np.Array[]) => {
  const [c1, c2] = c as [np.Array, np.Array];
  const next = p.map((w, i) => {
    const mean = m[i]!.mul(0.9).add(g[i]!.ref.mul(0.1));
    const square = v[i]!.mul(0.999).add(np.square(g[i]!).mul(0.001));
    const step = mean.ref.mul(c1.ref).mul(1e-3).div(np.sqrt(square.ref.mul(c2.ref)).add(1e-8));
    return [w.sub(step), mean, square];
  });
  c.forEach((t) => t.dispose());
  return [0, 1, 2].map((k) => next.map((n) => n[k]!));
});

const refs = (tensors: readonly np.Array[]) => tensors.map((t) => t.ref);
let means = parameters.map((t) => np.zerosLike(t.ref));
let squares = parameters.map((t) => np.zerosLike(t.ref));
let t = 0;
await report({ batch, steps }, async () => {
  t++;
  const [loss, gradients] = lossAndGradients(refs(parameters), images.ref, targets.ref);
  const corrections = [0.9, 0.999].map((beta) => np.array(1 / (1 - beta ** t)));
  [parameters, means, squares] = adam(
    parameters,
    gradients as np.Array[],
    means,
    squares,
    corrections,
  ) as [np.Array[], np.Array[], np.Array[]];
  await parameters.at(-1)!.ref.data();
  return (await (loss as np.Array).data())[0]!;
});

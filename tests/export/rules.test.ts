/** Every operation that can be exported, in a small model: ONNX Runtime against the engine's float64 references. */

import assert from "node:assert/strict";
import { constant, input, type Tensor, topological } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import { apply, declare, type Model, type Scope } from "../../engine/nn/scope.ts";
import { averagePool } from "../../engine/ops/average_pool.ts";
import { batchNorm, moments } from "../../engine/ops/batch_norm.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { flatten, reshape, row, transpose } from "../../engine/ops/layout.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { maxPool } from "../../engine/ops/max_pool.ts";
import * as pointwise from "../../engine/ops/pointwise.ts";
import { globalAveragePool, mean, squeeze, sum, sumTo } from "../../engine/ops/sum.ts";
import { type Shape, size } from "../../engine/shape.ts";
import { exportOnnx } from "../../export/onnx.ts";
import { rules } from "../../export/onnx/rules.ts";
import { modelInfo, modelNames } from "../../models/mod.ts";
import { normalize } from "../../models/preprocess.ts";
import { decodeVariables, initialNumbers, stateDict } from "../../train/weights.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { onnxRuntime } from "./runtime.ts";

const { add, broadcastTo, div, full, mul, neg } = pointwise;
const { hardSigmoid, hardSwish, relu, relu6, sigmoid, silu } = pointwise;
const [classes, height, width] = [5, 7, 6];
const initial = { kind: "uniform", bound: 0.5 } as const;

/** [n, c] of any images, and of those five classes. */
function head(scope: Scope, x: Tensor): Tensor {
  return linear(scope, "head", x, classes, { weight: initial, bias: initial });
}

/** Sums with weights that differ from pixel to pixel, so that every element of `x` counts. */
function probe(scope: Scope, x: Tensor): Tensor {
  return head(scope, flatten(x));
}

/** A model that probes what `layers` make of the images. */
function probed(layers: (scope: Scope, x: Tensor) => Tensor): Model {
  return (scope, images) => probe(scope, layers(scope, images));
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(3 * i + 1));
const numbered = (shape: Shape) => constant(numbers(size(shape)), shape);
const stored = (
  scope: Scope,
  name: string,
  layout: "vector" | "matrix" | "convolution",
  shape: Shape,
) => scope.variable(name, layout, shape, initial);

/** By what is exported. The images have negative numbers too. */
const models: Readonly<Record<string, Model>> = {
  "a convolution with a bias, its stride leaving a rest": probed((scope, x) =>
    convolution(scope, "conv", x, 6, { kernel: 3, stride: 2, padding: 1, bias: true })
  ),
  "windows padded as TensorFlow does": probed((scope, x) => {
    x = convolution(scope, "conv", x, 4, { kernel: 3, stride: 2, padding: "same", bias: true });
    x = convolution(scope, "depthwise", x, 4, { kernel: 4, padding: "same", groups: 4 });
    return maxPool(x, { kernel: 2, stride: 2, padding: "same" });
  }),
  "a convolution whose last padding is not read": probed((scope, x) =>
    convolution(scope, "conv", x, 4, { kernel: 2, stride: 3, padding: 1 })
  ),
  "grouped convolutions": probed((scope, x) => {
    x = convolution(scope, "widen", x, 8);
    x = convolution(scope, "square", x, 6, { kernel: 3, groups: 2, bias: true });
    return convolution(scope, "pixel", x, 9, { groups: 3 });
  }),
  "a depthwise convolution": probed((scope, x) => {
    x = convolution(scope, "widen", x, 5, { bias: true });
    return convolution(scope, "depthwise", x, 5, { kernel: 5, stride: 2, groups: 5, bias: true });
  }),
  "convolutions with weights that are not learned or not used as they are": probed((scope, x) => {
    x = conv2d(x, numbered([3, 3, 3, 4]), { padding: 1 });
    const w = stored(scope, "standardised", "convolution", [3, 3, 1, 4]);
    x = conv2d(x, mul(w, numbered([4])), { groups: 4 });
    x = conv2d(x, reshape(stored(scope, "flat", "convolution", [1, 1, 8, 4]), [1, 2, 4, 4]));
    return matmul(x, reshape(stored(scope, "wide", "convolution", [1, 2, 2, 6]), [4, 6]));
  }),
  "norms of images and of rows": (scope, x) => {
    x = norm(scope, "bn1", convolution(scope, "conv", x, 6), { epsilon: 1e-3 });
    return head(scope, norm(scope, "bn2", flatten(x)));
  },
  "poolings": probed((_, x) => {
    x = maxPool(x, { kernel: 3, stride: 2, padding: 1 });
    x = averagePool(x, { kernel: 3, stride: 2, padding: 1 });
    return averagePool(x, { kernel: 2, stride: 1, padding: 1, countIncludePad: false });
  }),
  "activations": probed((_, x) =>
    [relu, relu6, sigmoid, silu, hardSigmoid, hardSwish, neg]
      .reduce((total, f, k) => add(total, f(mul(x, full(k + 3, [])))), x)
  ),
  "arithmetic with stretched tensors": probed((scope, x) => {
    x = mul(x, stored(scope, "scale", "vector", [3]));
    x = pointwise.sub(x, numbered([3]));
    x = div(x, add(pointwise.sqrt(mul(x, x)), full(1, [])));
    x = add(x, numbered([width, 3]));
    x = mul(x, numbered([1, height, width, 1]));
    x = add(x, stored(scope, "table", "matrix", [width, 3]));
    return add(x, add(full(2, [3]), stored(scope, "shift", "vector", [3])));
  }),
  "sums over some axes": probed((_, x) => {
    const total = add(sum(x, [1]), add(sum(x, [2, 3]), mean(x, [2])));
    return add(total, sumTo(mul(x, numbered([height, width, 3])), x.shape));
  }),
  "sums that drop axes": probed((scope, x) => {
    const table = stored(scope, "table", "convolution", [3, 2, 4, 3]);
    return mul(mul(x, sumTo(table, [3])), sum(table));
  }),
  "a gate of the mean over all pixels": (scope, x) => {
    x = mul(x, sigmoid(convolution(scope, "gate", globalAveragePool(x), 3, { bias: true })));
    return head(scope, squeeze(globalAveragePool(x)));
  },
  "a mean stretched over its image": probed((_, x) =>
    pointwise.sub(x, broadcastTo(globalAveragePool(x), x.shape))
  ),
  "rows, columns and three axes": (scope, x) => {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    x = reshape(x, [n, h * w, c]);
    x = matmul(x, stored(scope, "mix", "matrix", [c, 4]));
    x = relu(transpose(x, [0, 2, 1]));
    x = reshape(x, [n, 2, 2, h * w]);
    x = transpose(matmul(x, stored(scope, "last", "matrix", [h * w, 3])), [0, 3, 1, 2]);
    return head(scope, flatten(x));
  },
  "a matrix that is used as another": (scope, x) => {
    const table = stored(scope, "table", "matrix", [2 * height, width * 3]);
    return head(scope, matmul(flatten(x), reshape(table, [height * width * 3, 2])));
  },
  "rows of a norm's variables": probed((scope, x) => {
    const affine = scope.variable("own", "affine", [2, 3], initial);
    return add(mul(x, row(affine, 0)), row(affine, 1));
  }),
  "a layer whose result is used twice": probed((scope, x) => {
    const y = convolution(scope, "conv", x, 3, { kernel: 3 });
    return add(mul(y, x), add(y, stored(scope, "bias", "vector", [3])));
  }),
};

/** Images with numbers below and above 0, [n, height, width, 3]. */
function images(n: number): Float32Array {
  return Float32Array.from({ length: n * height * width * 3 }, (_, i) => 2 * Math.sin(i * i + n));
}

/** [n, h, w, c] numbers as [n, c, h, w]. */
function channelsFirst(numbers: Float32Array, n: number): number[] {
  const c = numbers.length / (n * height * width);
  return Array.from({ length: numbers.length }, (_, i) => {
    const pixel = i % (height * width);
    const plane = Math.floor(i / (height * width));
    return numbers[(Math.floor(plane / c) * height * width + pixel) * c + plane % c]!;
  });
}

/** `n` images as ONNX takes them. */
function batchOf(n: number) {
  return { shape: [n, 3, height, width], data: channelsFirst(images(n), n) };
}

/** Logits of a batch by the references, and the operations of their graph. */
function reference(model: Model, n: number, seed: number) {
  const x = input("images", [n, height, width, 3]);
  const variables = declare(model, x.shape);
  const { logits } = apply(model, variables, x, { training: false });
  const numbers = initialNumbers(variables, seed);
  const feeds = new Map([[x, Float64Array.from(images(n))]]);
  for (const name of ["parameters", "statistics"] as const) {
    feeds.set(variables[name].tensor, Float64Array.from(numbers[name]));
  }
  return {
    logits: interpret([logits], feeds)[0]!,
    weights: decodeVariables(variables, numbers, () => 0),
    operations: topological([logits]).map((t) => t.op.name),
  };
}

Deno.test("every operation that is exported gives what its reference gives, in any batch", async () => {
  await using folder = await temporaryFolder();
  const batches = [1, 3];
  const runs = [];
  const seen = new Set<string>();
  for (const [i, model] of Object.values(models).entries()) {
    const { weights, operations } = reference(model, 1, i);
    for (const name of operations) seen.add(name);
    const path = `${folder.path}/${i}.onnx`;
    const bytes = exportOnnx(weights, { model, classes, size: [height, width] });
    await Deno.writeFile(path, bytes);
    runs.push({ path, batches: batches.map(batchOf) });
  }
  assert.deepEqual(
    Object.keys(rules).filter((name) => !seen.has(name)),
    [],
    "rules without a model",
  );
  const results = await onnxRuntime(runs);
  for (const [i, [name, model]] of Object.entries(models).entries()) {
    for (const [b, n] of batches.entries()) {
      const { logits } = reference(model, n, i);
      const { logits: found, probabilities } = results[i]![b]!;
      assert.deepEqual([found!.dims, probabilities!.dims], [[n, classes], [n, classes]], name);
      const scale = Math.max(...logits.map(Math.abs));
      assert.ok(scale > 0.01, name);
      for (const [k, x] of logits.entries()) {
        const error = Math.abs(found!.data[k]! - x) / scale;
        assert.ok(error < 1e-5, `${name}, batch of ${n}: logit ${k} is off by ${error}`);
      }
      const whole = probabilities!.data.reduce((a, b) => a + b);
      assert.ok(Math.abs(whole - n) < 1e-5, name);
    }
  }
});

Deno.test("exportOnnx() normalises inside: the file takes images in [0, 1]", async () => {
  const preprocessing = { mean: [0.5, 0.25, 0], std: [0.5, 0.25, 2] } as const;
  const plain: Model = (scope, x) => head(scope, flatten(x));
  const normalised: Model = (scope, x) => plain(scope, normalize(x, preprocessing));
  const { logits, weights } = reference(normalised, 3, 0);
  await using folder = await temporaryFolder();
  const path = `${folder.path}/normalised.onnx`;
  const size = [height, width] as const;
  await Deno.writeFile(path, exportOnnx(weights, { model: plain, classes, size, preprocessing }));
  const [[found] = []] = await onnxRuntime([{ path, batches: [batchOf(3)] }]);
  const scale = Math.max(...logits.map(Math.abs));
  logits.forEach((x, k) => assert.ok(Math.abs(found!.logits!.data[k]! - x) < 1e-5 * scale));
});

Deno.test("every model of the registry consists of what can be exported", () => {
  for (const model of modelNames) {
    const variables = declare(modelInfo(model).build({ classes }), [1, 64, 64, 3]);
    const weights = stateDict(variables).map(({ key, shape, dtype }) =>
      [key, { dtype, shape, data: new Uint8Array() }] as const
    );
    exportOnnx(new Map(weights), { model, classes, size: 64 });
  }
});

/** What `model` is refused with. */
function refused(model: Model, message: RegExp): void {
  const weights = new Map();
  assert.throws(() => exportOnnx(weights, { model, classes, size: [height, width] }), message);
}

Deno.test("exportOnnx() refuses what ONNX lacks, by the operation's name", () => {
  refused(
    probed((_, x) => mul(x, row(moments(x), 1))),
    /^TypeError: Cannot export %\d+ = \w+\(.*there is no ONNX for the operation \w*[mM]oments, one of add,/,
  );
  refused(
    probed((scope, x) => {
      const affine = scope.variable("bn", "affine", [2, 3], initial);
      return scope.mark("bn", batchNorm(x, moments(x), affine));
    }),
    /^TypeError: Cannot export .* bn: it normalises \[2,7,6,3\] by what is computed/,
  );
});

Deno.test("exportOnnx() refuses a model that mixes the images of a batch", () => {
  const message = /^RangeError: Cannot export the model: its result depends on how many images/;
  refused((scope, x) => head(scope, flatten(pointwise.sub(x, mean(x, [0])))), message);
  refused((scope, x) => {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    return head(scope, reshape(transpose(reshape(x, [n * h, w * c]), [1, 0]), [n, h * w * c]));
  }, message);
});

Deno.test("exportOnnx() refuses a result that is no row of logits for each image", () => {
  refused(
    (_, x) => squeeze(globalAveragePool(x)),
    /^RangeError: Cannot export .* \[2,5\] was needed/,
  );
});

Deno.test("exportOnnx() refuses weights that are missing or of another shape or type", () => {
  const model: Model = (scope, x) => head(scope, flatten(x));
  const { weights } = reference(model, 1, 0);
  const bias = weights.get("head.bias")!;
  for (
    const [other, is] of [
      [undefined, "missing"],
      [{ ...bias, shape: [1, classes] }, "F32 [1,5]"],
      [{ ...bias, dtype: "F64", data: new Uint8Array(40) }, "F64 [5]"],
    ] as const
  ) {
    const wrong = new Map(weights);
    if (other) wrong.set("head.bias", other);
    else wrong.delete("head.bias");
    assert.throws(
      () => exportOnnx(wrong, { model, classes, size: [height, width] }),
      new RangeError(
        `Cannot export the weights: head.bias is ${is}, F32 or F16 [5] was needed`,
      ),
    );
  }
});

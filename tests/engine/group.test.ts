/** Grouping: what a dispatch computes together, why something stays apart, and that results stay the same. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { compile } from "../../engine/compile/mod.ts";
import { type CompileOptions, FUSION_RULES } from "../../engine/compile/program.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { batchNorm, moments } from "../../engine/ops/batch_norm.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { pack, transpose } from "../../engine/ops/layout.ts";
import { matmul, matmulTN } from "../../engine/ops/matmul.ts";
import { add, mul, sigmoid, silu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, sum } from "../../engine/ops/sum.ts";
import { deviceTest } from "../device.ts";
import { basic, feeds, mbconv } from "./blocks.ts";
import { simulate } from "./simulate.ts";

const x = input("x", [4, 32, 32, 16]);
const w = input("w", [16, 24]);

/** The ops of each dispatch. */
function labels(outputs: Tensor[], options: CompileOptions = {}): string[] {
  simulate(outputs, new Map(), options);
  return compile({ outputs }, options).dispatches.map((d) => d.label);
}

/** Why dispatches did not join others. */
function notes(outputs: Tensor[], options: CompileOptions = {}): string[] {
  return compile({ outputs }, options).dispatches.map((d) => d.note).filter((n) => n);
}

Deno.test("statistics join the kernel of what they are of; coefficients join their completion", () => {
  const z = matmul(x, w);
  const y = silu(batchNorm(z, moments(z), input("affine", [2, 24])));
  assert.deepEqual(labels([y]), [
    "matmul+moments",
    "moments+normCoefficients",
    "batchNorm+silu",
  ]);
  assert.deepEqual(labels([y], { fuse: ["inline", "join", "reduce"] }), [
    "matmul",
    "moments",
    "moments+normCoefficients",
    "batchNorm+silu",
  ]);
});

Deno.test("statistics join every kind of convolution", () => {
  const dense = conv2d(x, input("dense", [3, 3, 16, 8]), { padding: 1 });
  const deep = conv2d(x, input("deep", [3, 3, 1, 16]), { padding: 1, groups: 16 });
  assert.equal(labels([moments(dense)])[0], "conv2d+moments");
  assert.equal(labels([moments(deep)])[0], "depthwise+moments");
});

Deno.test("a sum that needs fresh statistics stays apart, and says so", () => {
  const z = matmul(x, w);
  const y = silu(batchNorm(z, moments(z), input("affine", [2, 24])));
  const pool = globalAveragePool(y);
  assert.equal(labels([pool]).at(-1), "sum+mul");
  assert.deepEqual(notes([pool]), ["its newest operand is a sum, complete only after that"]);
});

Deno.test("a sum over the rows of each image joins where no workgroup mixes images", () => {
  const z = matmul(x, w);
  assert.deepEqual(labels([sum(mul(z, z), [1, 2])]), ["matmul+mul+sum", "sum"]);
  const deep = conv2d(x, input("deep", [3, 3, 1, 16]), { padding: 1, groups: 16 });
  assert.deepEqual(notes([sum(deep, [1, 2])]), ["depthwise has no epilogue for it"]);
});

Deno.test("a value of the same positions joins; what only it reads is not kept", () => {
  const z = matmul(x, w);
  const y = add(z, input("bias", [24]));
  const [dispatch, ...others] = compile({ outputs: [y] }).dispatches;
  assert.equal(others.length, 0);
  assert.equal(dispatch!.label, "matmul+add");
  assert.equal(dispatch!.bindings.filter((b) => b.write).length, 1);
  const both = compile({ outputs: [y, z] }).dispatches;
  assert.equal(both[0]!.bindings.filter((b) => b.write).length, 2);
  const elsewhere = add(z, transpose(y, [0, 2, 1, 3]));
  assert.ok(labels([elsewhere]).length > 1);
});

Deno.test("nothing joins beyond the buffers a device has", () => {
  const z = matmul(x, w);
  const [a, b] = [input("a", z.shape), input("b", z.shape)];
  const total = sum(mul(mul(z, a), b), [0, 1, 2]);
  const outputs = [total, z];
  assert.equal(labels(outputs)[0], "matmul+mul+sum");
  assert.deepEqual(notes(outputs, { maxBuffers: 4 }), ["it would need too many buffers"]);
});

Deno.test("split weight gradients are added up by one dispatch", () => {
  const parts = [8, 12, 16].map((c, i) => {
    const d = input(`d${i}`, [4096, c]);
    return matmulTN(input(`x${i}`, [4096, c]), d);
  });
  const outputs = [pack(parts)];
  assert.deepEqual(labels(outputs), ["matmulTN", "matmulTN", "matmulTN", "gather 3 sums"]);
  assert.ok(labels(outputs, { fuse: ["inline"] }).includes("sumRows"));
});

Deno.test("split weight gradients are added up a few at a time", () => {
  const parts = Array.from({ length: 20 }, (_, i) => {
    const [a, b] = ["x", "d"].map((name) => input(`${name}${i}`, [32768, 64]));
    return matmulTN(a!, b!);
  });
  const gathers = (outputs: Tensor[]) => labels(outputs).filter((l) => l.startsWith("gather"));
  const [last, ...all] = gathers([pack(parts)]).reverse();
  assert.deepEqual([all.length, new Set(all)], [6, new Set(["gather 3 sums"])]);
  assert.equal(last, "gather 2 sums");
  // Each pack is complete before it is read.
  const [one, two] = [pack(parts.slice(0, 10)), pack(parts.slice(10))];
  assert.equal(gathers([mul(one, one), mul(two, two)]).length, 8);
});

Deno.test("both gradients of a depthwise convolution are one dispatch, where their tiles agree", () => {
  const gradientsOf = (padding: number) => {
    const v = input("v", [3, 3, 1, 16]);
    const y = conv2d(x, v, { padding, groups: 16 });
    return gradients(sum(mul(y, input("r", y.shape))), [x, v]);
  };
  const [, paired] = labels(gradientsOf(1));
  assert.equal(
    labels(gradientsOf(1))[0],
    "copy+mul+depthwiseInputGradient+depthwiseWeightGradient",
  );
  assert.ok(paired?.startsWith("sum"));
  assert.deepEqual(labels(gradientsOf(0)).slice(0, 2), [
    "copy+mul+depthwiseInputGradient",
    "copy+mul+depthwiseWeightGradient",
  ]);
});

Deno.test("small vectors share a buffer where dispatches would see too many", () => {
  const { grads } = mbconv(4, 16, 64, 1);
  const { dispatches } = compile({ outputs: grads });
  assert.equal(Math.max(...dispatches.map((d) => d.bindings.length)), 8);
});

/** Largest difference, relative to the largest expected value. */
function error(actual: Float32Array, expected: Float32Array): number {
  const scale = Math.max(...expected.map(Math.abs)) || 1;
  return Math.max(...actual.map((v, i) => Math.abs(v - expected[i]!))) / scale;
}

const blocks = {
  "images of 14 × 14": () => mbconv(2, 14, 24, 1),
  "images of 7 × 7, stride 2": () => mbconv(3, 7, 40, 2),
  "images of 2 × 2, many channels": () => mbconv(4, 2, 48, 1),
  "dense convolutions": () => basic(2, 9),
};

for (const [name, make] of Object.entries(blocks)) {
  deviceTest(`fused and unfused agree, and repeat to the bit: ${name}`, async (device) => {
    const block = make();
    const outputs = [block.y, ...block.grads, block.packed];
    const run = (fuse: CompileOptions["fuse"]) =>
      evaluate(device, outputs, feeds(block), { fuse: fuse! });
    const oracle = await run(false);
    for (const rules of [FUSION_RULES, true]) {
      const actual = await run(rules);
      actual.forEach((values, i) => {
        const e = error(values, oracle[i]!);
        assert.ok(e < 2e-5, `${outputs[i]}: error ${e}`);
      });
    }
    assert.deepEqual(await run(FUSION_RULES), await run(FUSION_RULES));
  });
}

deviceTest("a sum over images of any size joins a product", async (device) => {
  for (const [n, size, c] of [[3, 5, 8], [2, 7, 72], [5, 1, 20], [2, 12, 4]] as const) {
    const images = input("images", [n, size, size, 12]);
    const z = matmul(images, input("v", [12, c]));
    const outputs = [sum(sigmoid(z), [1, 2]), sum(z, [0, 1, 2])];
    const numbers = new Map(
      [images, z.inputs[1]!].map((
        t,
      ) => [t, Float64Array.from({ length: t.size }, (_, i) => i % 7 / 7)]),
    );
    const [fused, oracle] = await Promise.all(
      [FUSION_RULES, false].map((fuse) => evaluate(device, outputs, numbers, { fuse })),
    );
    fused!.forEach((values, i) =>
      assert.ok(error(values, oracle![i]!) < 2e-6, `${n} ${size} ${c}`)
    );
  }
});

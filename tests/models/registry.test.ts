/** The registry against timm: names, shapes and counts of all weights, and their tags. Nothing is computed. */

import assert from "node:assert/strict";
import { input, topological } from "../../engine/graph.ts";
import type { Initial } from "../../engine/nn/init.ts";
import { apply, declare } from "../../engine/nn/scope.ts";
import { size } from "../../engine/shape.ts";
import { modelCost } from "../../models/cost.ts";
import { modelInfo, modelNames, pretrainedInfo } from "../../models/mod.ts";
import { stateDict } from "../../train/weights.ts";
import facts from "./timm.json" with { type: "json" };

/** What timm says of a model. */
interface Facts {
  /** For 2 and for 1000 classes. */
  readonly parameters: readonly number[];
  readonly tensors: number;
  readonly sha256: string;
  readonly size: number;
  readonly multiplyAdds: number;
  readonly tags: readonly string[];
}

const timm: Readonly<Record<string, Facts>> = facts.models;

const tensorsOf = (name: string, classes: number) =>
  stateDict(declare(modelInfo(name).build({ classes }), [1, 64, 64, 3]));

const count = (tensors: ReturnType<typeof stateDict>) =>
  tensors.reduce((sum, { shape, learned }) => sum + (learned ? size(shape) : 0), 0);

Deno.test("the registry has exactly the models of timm.json", () => {
  assert.deepEqual(modelNames, Object.keys(timm));
});

for (const name of modelNames) {
  Deno.test(`${name} has timm's tensors: names, shapes, order and numbers`, async () => {
    const wanted = timm[name]!;
    const tensors = tensorsOf(name, 2);
    const lines = tensors.map(({ key, shape }) => `${key}\t${shape.join(",")}\n`).join("");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines));
    assert.equal(tensors.length, wanted.tensors);
    assert.deepEqual([count(tensors), count(tensorsOf(name, 1000))], wanted.parameters);
    assert.equal(new Uint8Array(digest).toHex(), wanted.sha256);
  });

  Deno.test(`${name} has timm's tags and its size`, () => {
    const info = modelInfo(name);
    const tags = info.pretrained.map(({ tag, size, crop, interpolation, mean, std, classes }) =>
      [tag, size, crop, interpolation, mean, std, classes].join(" ")
    );
    assert.deepEqual(tags, timm[name]!.tags);
    assert.equal(info.size, timm[name]!.size);
  });
}

/** Rates at which timm 1.0.31 drops the blocks that it can drop, for a rate of 0.2. */
const RATES: Readonly<Record<string, readonly number[]>> = {
  "efficientnet_b0": [0.025, 0.05, 0.075, 0.0875, 0.1125, 0.125, 0.15, 0.1625, 0.175],
  "mobilenetv3_large_100": [0.025, 0.05, 0.0625, 0.0875, 0.1, 0.1125, 0.1375, 0.1625, 0.175],
  "resnet18": [1 / 35, 2 / 35, 3 / 35, 4 / 35, 5 / 35, 6 / 35, 0.2],
};

for (const [name, expected] of Object.entries(RATES)) {
  Deno.test(`${name} drops the blocks that timm drops, at its rates`, () => {
    const model = modelInfo(name).build({ classes: 2, dropPathRate: 0.2 });
    const variables = declare(model, [2, 64, 64, 3]);
    const images = input("images", [2, 64, 64, 3]);
    const { logits } = apply(model, variables, images, { training: true, seed: input("seed", []) });
    const rates = topological([logits])
      .filter(({ op }) => op.name === "dropout")
      .map(({ attrs }) => (attrs as { rate: number }).rate)
      .sort((a, b) => a - b);
    assert.deepEqual(rates.map((r) => r.toFixed(9)), expected.map((r) => r.toFixed(9)));
  });
}

/** What variables begin as, by a part of their names. */
const INITIAL: readonly [model: string, variable: string, initial: Initial][] = [
  ["resnet50", "conv1.weight", { kind: "normal", std: Math.sqrt(2 / (7 * 7 * 64)) }],
  ["resnet50", "layer2.0.conv3.weight", { kind: "normal", std: Math.sqrt(2 / 512) }],
  ["resnet50", "layer1.0.bn2", { kind: "rows", values: [1, 0] }],
  ["resnet50", "layer1.0.bn3", { kind: "rows", values: [0, 0] }],
  ["resnet18", "layer1.0.bn2", { kind: "rows", values: [0, 0] }],
  ["resnet50", "fc.bias", { kind: "uniform", bound: 1 / Math.sqrt(2048) }],
  ["efficientnet_b0", "blocks.1.0.conv_dw.weight", { kind: "normal", std: Math.sqrt(2 / 9) }],
  ["mobilenetv3_small_100", "conv_head.bias", { kind: "constant", value: 0 }],
  ["tf_efficientnet_lite0", "classifier.weight", { kind: "uniform", bound: 1 / Math.sqrt(2) }],
  ["tf_efficientnet_lite0", "classifier.bias", { kind: "constant", value: 0 }],
];

Deno.test("modelCost() counts the parameters and multiply-adds that PyTorch counts", () => {
  for (const name of modelNames) {
    const { size, parameters, multiplyAdds } = timm[name]!;
    const cost = modelCost(modelInfo(name).build({ classes: 1000 }), size);
    assert.deepEqual(cost, { parameters: parameters[1], multiplyAdds }, name);
  }
});

Deno.test("variables begin as timm's do", () => {
  for (const [model, variable, initial] of INITIAL) {
    const { parameters } = declare(modelInfo(model).build({ classes: 2 }), [1, 64, 64, 3]);
    assert.deepEqual(parameters.variables.find((v) => v.name === variable)?.initial, initial);
  }
});

Deno.test("pretrainedInfo() gives timm's default tag, or the one asked for", () => {
  assert.equal(pretrainedInfo("efficientnet_b0").tag, "ra_in1k");
  assert.equal(pretrainedInfo("mobilenetv3_large_100", "miil_in21k_ft_in1k").std[0], 1);
});

Deno.test("pretrainedInfo() names the nearest tags for one that a model does not have", () => {
  assert.throws(() => pretrainedInfo("resnet50", "a1_in1K"), {
    name: "RangeError",
    message: "Cannot find the pretrained weights a1_in1K of resnet50: " +
      "a1_in1k, a1h_in1k, a2_in1k or another of its tags was needed",
  });
  assert.throws(() => pretrainedInfo("efficientnet_b7"), {
    name: "RangeError",
    message: "Cannot find pretrained weights of efficientnet_b7: there are none",
  });
  assert.throws(() => pretrainedInfo("resnet19"), { name: "RangeError", message: /resnet18/ });
});

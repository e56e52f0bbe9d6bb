/** Class maps against central differences in float64, on the device, and on a model whose answer is known. */

import { strict as assert } from "node:assert";
import type { Tensor } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { convolution, linear } from "../../engine/nn/layers.ts";
import type { Model } from "../../engine/nn/scope.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { modelNames } from "../../models/mod.ts";
import { fromFloats } from "../../models/safetensors.ts";
import { captureModel } from "../../train/captured.ts";
import { captureGradCam, GradCam } from "../../train/gradcam.ts";
import { decodeVariables } from "../../train/weights.ts";
import { deviceTest } from "../device.ts";
import { assertClose, blocks, classes, optionsOf, shape, stepOf } from "./blocks.ts";

const [n, size] = shape;
const sought = Int32Array.of(0, 1, 2, 0);

/** The graph of a small model, and numbers for all it is made of. */
function small(layer?: string) {
  const captured = captureModel(optionsOf({ images: "numbers", train: false }));
  const graph = captureGradCam(captured, { layer });
  const given = stepOf();
  const arenas = ["parameters", "statistics", "frozen"] as const;
  const images = Float64Array.from(
    { length: captured.images.size },
    (_, i) => Math.fround(uniform(1, i)),
  );
  const numbers = arenas.map((name) => given.feeds.get(given.variables[name].tensor)!);
  const selection = new Float64Array(n * classes);
  sought.forEach((label, i) => selection[i * classes + label] = 1);
  const feeds = new Map<Tensor, Float64Array>([
    [captured.images, images],
    [graph.selection, selection],
    ...arenas.map((name, i) => [captured.variables[name].tensor, numbers[i]!] as const),
  ]);
  const [parameters, statistics, frozen] = numbers.map((values) => Float32Array.from(values));
  const weights = decodeVariables(captured.variables, {
    parameters: parameters!,
    statistics: statistics!,
    frozen: frozen!,
  }, () => 0);
  return { graph, feeds, weights, images: Float32Array.from(images) };
}

/**
 * Class maps by the formula, slopes by central differences in float64. The mean slope over the places of a channel
 * is what the logit gains when all of them rise together, divided by how many there are.
 */
function differenced({ graph, feeds }: ReturnType<typeof small>): Float64Array {
  const { features, logits } = graph;
  const [, h, w, c] = features.shape as [number, number, number, number];
  const [values] = interpret([features], feeds);
  const step = 1e-5;
  const raised = (k: number, by: number) => {
    const moved = values!.map((v, i) => i % c === k ? v + by : v);
    return interpret([logits], new Map(feeds).set(features, moved))[0]!;
  };
  const heat = new Float64Array(n * h * w);
  for (let k = 0; k < c; k++) {
    const [up, down] = [raised(k, step), raised(k, -step)];
    heat.forEach((_, place) => {
      const image = Math.floor(place / (h * w));
      const at = image * classes + sought[image]!;
      const alpha = (up[at]! - down[at]!) / (2 * step * h * w);
      heat[place]! += alpha * values![place * c + k]!;
    });
  }
  return heat.map((v) => Math.max(0, v));
}

for (const layer of [undefined, "blocks.0.0"]) {
  Deno.test(`class maps of ${layer ?? "the last layer"} are those of central differences`, () => {
    const one = small(layer);
    if (layer === undefined) assert.deepEqual(one.graph.features.shape, [n, 4, 4, 16]);
    const [maps] = interpret([one.graph.maps], one.feeds);
    const expected = differenced(one);
    assert.ok(expected.some((v) => v > 0) && expected.some((v) => v === 0));
    const scale = Math.max(...expected);
    maps!.forEach((v, i) => assert.ok(Math.abs(v - expected[i]!) < 1e-7 * scale, `at ${i}`));
  });
}

deviceTest(
  "a device's maps are those of the reference, the most of each image 1",
  async (device) => {
    const { graph, feeds, weights, images } = small();
    const [maps, logits] = interpret([graph.maps, graph.logits], feeds);
    const cam = await GradCam.create(device, {
      ...{ model: blocks, classes, size, batch: n, images: "numbers", weights },
    });
    const seen = await cam.look(images, sought);
    assertClose(seen.logits, logits!, "logits");
    const places = seen.height * seen.width;
    const expected = maps!.map((v, i) => {
      const image = maps!.subarray(i - i % places, i - i % places + places);
      return v / (Math.max(...image) || 1);
    });
    assertClose(seen.maps, expected, "maps");
    await assert.rejects(
      cam.look(images, Int32Array.of(0, 1, 3, 0)),
      /class 3: below 3 was needed/,
    );
    const none = await cam.look(images, Int32Array.of(-1, 1, 2, 0));
    assert.ok(none.maps.subarray(0, places).every((v) => v === 0));
    cam.destroy();
  },
);

/** Two classes: how green an image is on the whole, and how red. */
const colours: Model = (scope, images) => {
  const zero = { kind: "constant", value: 0 } as const;
  const x = convolution(scope, "conv", images, 3);
  return linear(scope, "fc", squeeze(globalAveragePool(x)), 2, { weight: zero, bias: zero });
};

deviceTest("a model that tells red from green looks where they are", async (device) => {
  const weights = new Map([
    ["conv.weight", fromFloats([3, 3, 1, 1], Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1))],
    ["fc.weight", fromFloats([2, 3], Float32Array.of(0, 1, 0, 1, 0, 0))],
    ["fc.bias", fromFloats([2], new Float32Array(2))],
  ]);
  const cam = await GradCam.create(device, {
    ...{ model: colours, classes: 2, size: [2, 3], batch: 2, weights },
  });
  assert.equal(cam.layer, "conv");
  const [black, green, half, red] = [[0, 0, 0, 0], [0, 255, 0, 0], [51, 0, 0, 0], [102, 0, 0, 0]];
  const image = [red, half, black, green, green, black].flat() as number[];
  const images = Uint8Array.from([...image, ...image]);
  const both = await cam.look(images, Int32Array.of(1, 0));
  assertClose(both.maps, [1, 0.5, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
  const taken = await cam.look(images); // there is more green than red
  assert.deepEqual([...taken.classes], [0, 0]);
  assertClose(taken.maps.subarray(0, 6), [0, 0, 0, 1, 1, 0]);
  cam.destroy();
});

Deno.test("every model of the registry has a last feature map to look at", () => {
  for (const model of modelNames) {
    const captured = captureModel(optionsOf({ model, size: 64, batch: 2, train: false }));
    const { features, maps } = captureGradCam(captured);
    assert.deepEqual(features.shape.slice(0, 3), [2, 2, 2], model);
    assert.deepEqual(maps.shape, [2, 2, 2, 1], model);
    assert.match(features.label, /^(layer4\.\d|bn2|blocks\.\d\.0)$/, model);
  }
});

Deno.test("a layer that is no map is refused with those that are", () => {
  const captured = captureModel(optionsOf({ train: false }));
  assert.throws(
    () => captureGradCam(captured, { layer: "classifier" }),
    /^RangeError: Cannot look at classifier: it is no map .* one of conv_stem, .*conv_head, bn2 was needed/,
  );
  const flat: Model = (scope, images) => {
    const zero = { kind: "constant", value: 0 } as const;
    return linear(scope, "fc", squeeze(globalAveragePool(images)), 2, { weight: zero, bias: zero });
  };
  const none = captureModel(optionsOf({ model: flat, train: false }));
  assert.throws(() => captureGradCam(none), /Cannot look at the model: .*a convolution was needed/);
});

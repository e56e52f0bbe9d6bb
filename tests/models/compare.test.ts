/** Weights against a model: what differs, and whose they are. Opens no device. */
import assert from "node:assert/strict";
import {
  describeDifferences,
  differences,
  isHead,
  recognizeModel,
  weightShapes,
} from "../../models/compare.ts";
import { modelNames } from "../../models/mod.ts";
import { fromFloats, type Weight } from "../../models/safetensors.ts";

const zeros = (shape: readonly number[]): Weight =>
  fromFloats(shape, new Float32Array(shape.reduce((n, d) => n * d, 1)));

/** Weights with these shapes and no numbers: comparing looks at no number. */
const shaped = (shapes: ReadonlyMap<string, readonly number[]>) =>
  new Map([...shapes].map(([name, shape]): [string, Weight] => [
    name,
    { dtype: "F32", shape, data: new Uint8Array() },
  ]));

const SHAPES = new Map([["a", [2, 3]], ["b", [4]], ["c", []]]);

Deno.test("differences() finds none in weights as expected, whether counters are there or not", () => {
  const expected = new Map([...SHAPES, ["bn.running_mean", [2]]]);
  const found = shaped(expected);
  assert.deepEqual(describeDifferences(differences(expected, found)), []);
  const counter: Weight = { dtype: "I64", shape: [], data: new Uint8Array(8) };
  found.set("bn.num_batches_tracked", counter);
  assert.deepEqual(describeDifferences(differences(expected, found)), []);
  found.set("other.num_batches_tracked", counter).set("bn.num_batches_tracked", zeros([3]));
  assert.deepEqual(differences(expected, found), {
    missing: [],
    unexpected: ["other.num_batches_tracked []"],
    different: ["bn.num_batches_tracked is F32 [3], a count was needed"],
  });
});

Deno.test("differences() lists what is missing, unexpected, of another shape or type", () => {
  const found = differences(
    SHAPES,
    new Map([
      ["a", zeros([3, 2])],
      ["c", { dtype: "I32", shape: [], data: new Uint8Array(4) }],
      ["d", zeros([5])],
    ]),
  );
  assert.deepEqual(found, {
    missing: ["b [4]"],
    unexpected: ["d [5]"],
    different: ["a is [3,2], [2,3] was needed", "c is I32, F32 was needed"],
  });
});

Deno.test("describeDifferences() shows the first of each kind and counts the others", () => {
  const missing = Array.from({ length: 13 }, (_, i) => `m${i}`);
  const lines = describeDifferences({ missing, unexpected: ["u"], different: [] });
  assert.deepEqual(lines, [
    "13 missing:",
    ...missing.slice(0, 10).map((name) => `  ${name}`),
    "  and 3 more",
    "1 unexpected:",
    "  u",
  ]);
});

Deno.test("weightShapes() has the names and shapes of PyTorch's state dict", () => {
  const shapes = weightShapes("resnet18", 5);
  assert.equal(shapes.size, 102);
  assert.deepEqual(shapes.get("conv1.weight"), [64, 3, 7, 7]);
  assert.deepEqual(shapes.get("fc.weight"), [5, 512]);
  assert.deepEqual([...shapes.keys()].filter(isHead), ["fc.weight", "fc.bias"]);
});

Deno.test("recognizeModel() knows every model by nearly all of its weights, whatever its classes", () => {
  for (const model of modelNames) {
    const weights = shaped(weightShapes(model, 1000));
    assert.equal(recognizeModel(weights), model);
    const [first] = weights.keys();
    weights.delete(first!);
    assert.equal(recognizeModel(weights.set("head.weight", zeros([1]))), model);
  }
});

Deno.test("recognizeModel() does not guess", () => {
  const half = [...weightShapes("resnet18", 2)].slice(0, 60);
  assert.equal(recognizeModel(shaped(new Map(half))), undefined);
  assert.equal(recognizeModel(new Map()), undefined);
});

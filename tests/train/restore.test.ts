/** Tests of putting stored weights into a session, on one that keeps them in memory. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import { type Shapes, weightShapes } from "../../models/compare.ts";
import { formatSafetensors, fromFloats, toFloats, type Weight } from "../../models/safetensors.ts";
import { CheckpointError } from "../../train/checkpoint.ts";
import {
  fitInitialWeights,
  readInitialWeights,
  restoreRun,
  startFrom,
  type Writable,
} from "../../train/restore.ts";
import { temporaryFolder } from "../data/fixtures.ts";

const zeros = (...shape: number[]) =>
  fromFloats(shape, new Float32Array(shape.reduce((n, d) => n * d, 1)));

/** Weights by name, all of which must be written with their shapes. */
class Shelf implements Writable {
  weights = new Map<string, Weight>([
    ["conv1.weight", zeros(2, 3)],
    ["bn1.num_batches_tracked", { dtype: "I64", shape: [], data: new Uint8Array(8) }],
    ["fc.weight", zeros(2, 4)],
    ["fc.bias", zeros(2)],
  ]);

  readWeights(): Promise<Map<string, Weight>> {
    return Promise.resolve(new Map(this.weights));
  }

  writeWeights(weights: ReadonlyMap<string, Weight>): void {
    for (const [name, { shape }] of this.weights) {
      const given = weights.get(name);
      if (!given) throw new RangeError(`${name} is missing`);
      if (`${given.shape}` !== `${shape}`) throw new RangeError(`${name} is [${given.shape}]`);
    }
    this.weights = new Map(weights);
  }

  writeOptimizer(): void {}
}

/** Names and shapes of the model on the shelf. */
const SHAPES = new Map([["conv1.weight", [2, 3]], ["fc.weight", [2, 4]], ["fc.bias", [2]]]);

async function read(
  tensors: Record<string, Weight>,
  { model = "resnet18", shapes = SHAPES as Shapes } = {},
) {
  const bytes = formatSafetensors(new Map(Object.entries(tensors)));
  await using folder = await temporaryFolder({ "w.safetensors": bytes });
  const initial = await readInitialWeights(denoFiles, `${folder.path}/w.safetensors`, model);
  return await fitInitialWeights(initial, { model, shapes });
}

async function load(tensors: Record<string, Weight>) {
  const initial = await read(tensors);
  const shelf = new Shelf();
  await startFrom(shelf, initial);
  return { shelf, notes: initial.notes };
}

/** Whether an error names file and model, says so, and lists these lines. */
const refused = (pattern: RegExp, details: readonly string[] = []) => (error: unknown) => {
  assert(error instanceof CheckpointError, String(error));
  assert.match(error.message, /w\.safetensors/);
  assert.match(error.message, pattern);
  assert.deepEqual(error.details, details);
  return true;
};

Deno.test("startFrom() draws a classifier for another number of classes anew, within ±1/√in, and notes it", async () => {
  const ones = fromFloats([2, 3], new Float32Array(6).fill(1));
  const { shelf, notes } = await load({
    "conv1.weight": ones,
    "fc.weight": zeros(1000, 4),
    "fc.bias": zeros(1000),
  });
  assert.deepEqual(shelf.weights.get("conv1.weight"), ones);
  assert.deepEqual(shelf.weights.get("fc.weight")?.shape, [2, 4]);
  const drawn = ["fc.weight", "fc.bias"].flatMap((n) => [...toFloats(shelf.weights.get(n)!)]);
  assert(drawn.every((v) => v !== 0 && Math.abs(v) <= 0.5));
  assert.equal(new Set(drawn).size, drawn.length);
  assert.deepEqual(notes, [
    "drawn anew, for another number of classes: fc.weight (1000 classes), fc.bias (1000 classes)",
  ]);
});

Deno.test("startFrom() takes all weights of the same classes without a word", async () => {
  const bias = fromFloats([2], Float32Array.of(1, 2));
  const { shelf, notes } = await load({
    "conv1.weight": zeros(2, 3),
    "fc.weight": zeros(2, 4),
    "fc.bias": bias,
  });
  assert.deepEqual(shelf.weights.get("fc.bias"), bias);
  assert.deepEqual(notes, []);
});

Deno.test("fitInitialWeights() lists all that differs", async () => {
  await assert.rejects(
    read({ "conv1.weight": zeros(2, 4), "fc.weight": zeros(3, 5), "head.bias": zeros(2) }),
    refused(/resnet18: it holds other weights/, [
      "1 missing:",
      "  fc.bias [2]",
      "1 unexpected:",
      "  head.bias [2]",
      "2 of another shape or type:",
      "  conv1.weight is [2,4], [2,3] was needed",
      "  fc.weight is [3,5], [2,4] was needed",
    ]),
  );
});

Deno.test("fitInitialWeights() names the model that the weights are of", async () => {
  const shapes = weightShapes("resnet18", 1000);
  const tensors = Object.fromEntries([...shapes].map(([name, shape]) => [name, zeros(...shape)]));
  await assert.rejects(
    read(tensors, { model: "efficientnet_b0", shapes: weightShapes("efficientnet_b0", 2) }),
    refused(
      /into efficientnet_b0: it holds the weights of resnet18, those of efficientnet_b0 were/,
    ),
  );
});

Deno.test("fitInitialWeights() refuses weights that are NaN or infinite", async () => {
  const tensors = { "conv1.weight": zeros(2, 3), "fc.weight": zeros(2, 4) };
  await assert.rejects(
    read({ ...tensors, "fc.bias": fromFloats([2], Float32Array.of(NaN, Infinity)) }),
    refused(/2 numbers are NaN or infinite, the first in fc\.bias/),
  );
});

Deno.test("fitInitialWeights() reads efficientnet-pytorch for models that pad as it does, and no other", async () => {
  const tensors = {
    "_conv_stem.weight": zeros(2, 3),
    "_blocks.0._depthwise_conv.weight": zeros(2, 1),
    "_fc.bias": zeros(1000),
  };
  const shapes = new Map([
    ["conv_stem.weight", [2, 3]],
    ["blocks.0.0.conv_dw.weight", [2, 1]],
    ["classifier.bias", [2]],
  ]);
  const { tensors: fitted, notes } = await read(tensors, {
    model: "tf_efficientnet_lite0",
    shapes,
  });
  assert.deepEqual([...fitted.keys()].toSorted(), [
    "blocks.0.0.conv_dw.weight",
    "classifier.bias",
    "conv_stem.weight",
  ]);
  assert.deepEqual(notes, [
    "names of efficientnet-pytorch read as timm's",
    "drawn anew, for another number of classes: classifier.bias (1000 classes)",
  ]);
  await assert.rejects(
    read(tensors, { model: "efficientnet_b0", shapes }),
    refused(/pads as TensorFlow does, a tf_efficientnet model was needed/),
  );
});

Deno.test("restoreRun() needs the optimizer's state", async () => {
  const shelf = new Shelf();
  const checkpoint = {
    model: "resnet18",
    classes: ["0", "1"],
    size: 64,
    resize: 73,
    preprocessing: IMAGENET_BILINEAR,
    epoch: 1,
    step: 5,
    seed: 0,
    configuration: {},
    weights: shelf.weights,
  };
  await assert.rejects(
    restoreRun(shelf, checkpoint, "a/best.safetensors"),
    /a\/best\.safetensors.*last/,
  );
});

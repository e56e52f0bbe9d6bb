/** Tests of putting stored weights into a session, on one that keeps them in memory. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import { formatSafetensors, fromFloats, type Weight } from "../../models/safetensors.ts";
import { CheckpointError } from "../../train/checkpoint.ts";
import {
  loadInitialWeights,
  readInitialWeights,
  restoreRun,
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

async function load(tensors: Record<string, Weight>) {
  const bytes = formatSafetensors(new Map(Object.entries(tensors)));
  await using folder = await temporaryFolder({ "w.safetensors": bytes });
  const shelf = new Shelf();
  const initial = await readInitialWeights(denoFiles, `${folder.path}/w.safetensors`, "resnet18");
  const notes = await loadInitialWeights(shelf, initial, "resnet18");
  return { shelf, notes };
}

Deno.test("loadInitialWeights() keeps a fresh classifier for another number of classes and says so", async () => {
  const ones = fromFloats([2, 3], new Float32Array(6).fill(1));
  const { shelf, notes } = await load({
    "conv1.weight": ones,
    "fc.weight": zeros(1000, 4),
    "fc.bias": zeros(1000),
  });
  assert.deepEqual(shelf.weights.get("conv1.weight"), ones);
  assert.deepEqual(shelf.weights.get("fc.weight")?.shape, [2, 4]);
  assert.match(notes.join(), /fc\.weight \(1000 classes\), fc\.bias \(1000 classes\)/);
});

Deno.test("loadInitialWeights() takes all weights of the same classes without a word", async () => {
  const bias = fromFloats([2], Float32Array.of(1, 2));
  const { shelf, notes } = await load({
    "conv1.weight": zeros(2, 3),
    "fc.weight": zeros(2, 4),
    "fc.bias": bias,
  });
  assert.deepEqual(shelf.weights.get("fc.bias"), bias);
  assert.deepEqual(notes, []);
});

Deno.test("loadInitialWeights() names file, model and what does not fit", async () => {
  const refused = (pattern: RegExp) => (error: unknown) =>
    error instanceof CheckpointError && /w\.safetensors.*resnet18/.test(error.message) &&
    pattern.test(error.message);
  await assert.rejects(load({ "fc.weight": zeros(2, 4), "fc.bias": zeros(2) }), refused(/conv1/));
  await assert.rejects(
    load({ "conv1.weight": zeros(2, 4), "fc.weight": zeros(2, 4), "fc.bias": zeros(2) }),
    refused(/\[2,4\]/),
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

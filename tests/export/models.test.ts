/** Models of the registry, exported: ONNX Runtime against a session on real images, and weights there and back. */

import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { Loader } from "../../data/loader.ts";
import { openDataset } from "../../data/sources.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { halve } from "../../export/half.ts";
import { exportOnnx } from "../../export/onnx.ts";
import { modelNames } from "../../models/mod.ts";
import { formatSafetensors, parseSafetensors } from "../../models/safetensors.ts";
import { softmax } from "../../train/metrics.ts";
import { Session } from "../../train/session.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { device } from "../device.ts";
import { shared } from "../shared.ts";
import { fixedWeights } from "./fixed.ts";
import { onnxRuntime } from "./runtime.ts";

/** The models checked here: one of each family. */
const models = ["resnet18", "efficientnet_b0", "tf_efficientnet_lite0", "mobilenetv3_large_100"]
  .filter((name) => modelNames.includes(name));
const [classes, size, batch] = [3, 64, 3];

const portraits = shared("data/portraits");
const why = device ? portraits ? undefined : "no portraits" : "no adapter";

for (const model of models) {
  Deno.test({
    name: `${model} keeps its weights and gives in ONNX Runtime what it gives here` +
      (why ? ` (skipped: ${why})` : ""),
    ignore: why !== undefined,
    fn: () => compare(device!, model),
  });
}

async function compare(device: Device, model: string): Promise<void> {
  const { validation } = await openDataset(denoFiles, { data: portraits! });
  const loader = await Loader.open(validation.slice(0, batch), denoFiles, { workers: 1 });
  const session = await Session.create(device, {
    ...{ model, classes, size, batch, seed: 0, train: false },
    optimizer: { name: "sgd" },
  });
  const file = formatSafetensors(fixedWeights(model, classes));
  await using folder = await temporaryFolder();
  try {
    session.writeWeights(parseSafetensors(file).tensors);
    const weights = await session.readWeights();
    assert.deepEqual(formatSafetensors(weights), file, "the same bytes come back");
    const whole = exportOnnx(weights, { model, classes, size });
    const half = exportOnnx(halve(weights).weights, { model, classes, size });
    assert.ok(Math.abs(half.length / whole.length - 0.5) < 0.01, "half precision halves the file");
    await Deno.writeFile(`${folder.path}/whole.onnx`, whole);
    await Deno.writeFile(`${folder.path}/half.onnx`, half);

    const options = { batch, size, train: false, seed: 0, epoch: 0 };
    const { value } = await loader.batches(options).next();
    const logits = await session.evaluate({ images: value!.images });
    const expected = softmax(logits, classes);
    const first = expected.slice(0, classes);
    const spread = expected.slice(classes).map((p, i) => Math.abs(p - first[i % classes]!));
    assert.ok(Math.max(...spread) > 1e-3, "different images have different probabilities");

    const all = channelsFirst(value!.images);
    const batches = [1, batch].map((n) => ({
      shape: [n, 3, size, size],
      data: all.slice(0, n * 3 * size * size),
    }));
    const results = await onnxRuntime(["whole", "half"].map((name) => ({
      path: `${folder.path}/${name}.onnx`,
      batches,
    })));
    for (const [i, [name, limit]] of ([["f32", 1e-4], ["f16", 5e-3]] as const).entries()) {
      for (const [b, { shape }] of batches.entries()) {
        const { dims, data } = results[i]![b]!.probabilities!;
        assert.deepEqual(dims, [shape[0], classes]);
        const error = Math.max(...data.map((p, k) => Math.abs(p - expected[k]!)));
        assert.ok(error < limit, `${name}, batch of ${shape[0]}: probabilities off by ${error}`);
      }
    }
  } finally {
    session.destroy();
    loader.close();
  }
}

/** [n, size, size, 4] bytes as [n, 3, size, size] numbers in [0, 1]. */
function channelsFirst(bytes: Uint8Array): number[] {
  const pixels = size * size;
  return Array.from({ length: bytes.length / 4 * 3 }, (_, i) => {
    const [image, channel] = [Math.floor(i / (3 * pixels)), Math.floor(i / pixels) % 3];
    return bytes[(image * pixels + i % pixels) * 4 + channel]! / 255;
  });
}

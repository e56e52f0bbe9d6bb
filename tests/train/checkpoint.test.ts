/** Checkpoints: what is written is read again, and nothing else is. Trains nothing. */
import assert from "node:assert/strict";
import { denoFiles as files } from "../../cli/files.ts";
import { StorageError } from "../../data/storage.ts";
import {
  dataStart,
  formatSafetensors,
  fromFloats,
  parseSafetensors,
} from "../../models/safetensors.ts";
import {
  type Checkpoint,
  CheckpointError,
  readCheckpoint,
  writeCheckpoint,
} from "../../train/checkpoint.ts";

const CHECKPOINT: Checkpoint = {
  model: "resnet18",
  classes: ["0", 'a "class"'],
  size: 64,
  resize: 73,
  preprocessing: { tag: "in1k", mean: [0.5, 0.5, 0.5], std: [1, 1, 1], interpolation: "bicubic" },
  epoch: 3,
  step: 99,
  seed: 7,
  best: { epoch: 2, accuracy: 0.75, auc: NaN, loss: 0.5 },
  configuration: { lr: 1e-3, data: "faces", weights: null },
  weights: new Map([
    ["conv1.weight", fromFloats([2, 2], Float32Array.of(1, -0, NaN, 1e-45))],
    ["bn1.num_batches_tracked", { dtype: "I64", shape: [], data: new Uint8Array(8).fill(1) }],
  ]),
  optimizer: new Map([["exp_avg.conv1.weight", fromFloats([1], Float32Array.of(2))]]),
};

/** Runs a test with a path to write at, in a folder of its own. */
async function inFolder(test: (path: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(`${dir}/last.safetensors`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function refused(path: string, message: RegExp): Promise<void> {
  await assert.rejects(readCheckpoint(files, path), (error: unknown) => {
    assert(error instanceof CheckpointError, String(error));
    assert(error.message.startsWith(`Cannot read the checkpoint "${path}": `), error.message);
    assert.match(error.message, message);
    return true;
  });
}

/** Reads the file, changes its tensors' metadata and writes it in place. */
async function rewrite(path: string, change: Record<string, string>): Promise<void> {
  const { tensors, metadata } = parseSafetensors(await Deno.readFile(path));
  await Deno.writeFile(path, formatSafetensors(tensors, { ...metadata, ...change }));
}

Deno.test("readCheckpoint() gives back what writeCheckpoint() was given, bit for bit", () =>
  inFolder(async (path) => {
    await writeCheckpoint(files, path, CHECKPOINT);
    assert.deepEqual(await readCheckpoint(files, path), CHECKPOINT);
  }));

Deno.test("a checkpoint without optimizer is timm's weight file; one without state stays one", () =>
  inFolder(async (path) => {
    const { optimizer: _, best: __, ...rest } = CHECKPOINT;
    await writeCheckpoint(files, path, rest);
    assert.deepEqual(await readCheckpoint(files, path), rest);
    const { tensors, metadata } = parseSafetensors(await Deno.readFile(path));
    assert.deepEqual(new Set(tensors.keys()), new Set(rest.weights.keys()));
    assert.equal(metadata.format, "pt");
    // Plain gradient descent keeps nothing, and a run with it goes on all the same.
    const plain = { ...rest, optimizer: new Map() };
    await writeCheckpoint(files, path, plain);
    assert.deepEqual(await readCheckpoint(files, path), plain);
  }));

Deno.test("the metadata has the SHA-256 of the tensors' bytes", () =>
  inFolder(async (path) => {
    await writeCheckpoint(files, path, CHECKPOINT);
    const bytes = await Deno.readFile(path);
    const sum = await crypto.subtle.digest("SHA-256", bytes.subarray(dataStart(bytes)));
    assert.equal(parseSafetensors(bytes).metadata.sha256, new Uint8Array(sum).toHex());
  }));

Deno.test("readCheckpoint() refuses what is no checkpoint", () =>
  inFolder(async (path) => {
    await refused(path, /there is no such file, a checkpoint of a run was needed/);
    await Deno.mkdir(path);
    await refused(path, /it is a directory/);
    await Deno.remove(path);
    await Deno.writeTextFile(path, "");
    await refused(path, /no checkpoint.*0 bytes/);
    await Deno.writeTextFile(path, "img_name,target\n".repeat(20));
    await refused(path, /no checkpoint/);
    await Deno.writeFile(path, formatSafetensors(CHECKPOINT.weights));
    await refused(path, /it holds weights alone/);
  }));

Deno.test("readCheckpoint() refuses a file cut off anywhere", () =>
  inFolder(async (path) => {
    await writeCheckpoint(files, path, CHECKPOINT);
    const bytes = await Deno.readFile(path);
    for (const length of [1, 8, 100, dataStart(bytes), bytes.length - 1]) {
      await Deno.writeFile(path, bytes.subarray(0, length));
      await refused(path, /truncated/);
    }
    await Deno.writeFile(path, new Uint8Array([...bytes, 0]));
    await refused(path, /no checkpoint/);
  }));

Deno.test("readCheckpoint() refuses a file of which one bit is another", () =>
  inFolder(async (path) => {
    await writeCheckpoint(files, path, CHECKPOINT);
    const bytes = await Deno.readFile(path);
    // All but the value of "format", which nobody reads, and the spaces that pad the header.
    const [from, to] = [bytes.indexOf(0x2c), dataStart(bytes)];
    const padding = new TextDecoder().decode(bytes.subarray(0, to)).match(/ *$/)![0].length;
    for (let at = from + 1; at < bytes.length; at++) {
      if (at >= to - padding && at < to) continue;
      bytes[at]! ^= 1;
      await Deno.writeFile(path, bytes);
      await refused(path, /damaged|no checkpoint|weights alone|of version/);
      bytes[at]! ^= 1;
    }
  }));

Deno.test("a checkpoint from before preprocessing was saved is bilinear, of ImageNet", () =>
  inFolder(async (path) => {
    await writeCheckpoint(files, path, { ...CHECKPOINT, preprocessing: undefined as never });
    const { preprocessing } = await readCheckpoint(files, path);
    const [mean, std] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
    assert.deepEqual(preprocessing, { mean, std, interpolation: "bilinear" });
  }));

Deno.test("readCheckpoint() refuses another version, and a description without all its parts", () =>
  inFolder(async (path) => {
    await writeCheckpoint(files, path, CHECKPOINT);
    await rewrite(path, { verity: "2" });
    await refused(path, /it is of version 2, version 1 was needed/);
    const wrong = { ...CHECKPOINT.preprocessing, mean: [0, 0] as never };
    for (const change of [{ step: 0.5 }, { preprocessing: wrong }]) {
      await writeCheckpoint(files, path, { ...CHECKPOINT, ...change });
      await refused(path, /its description lacks a part/);
    }
  }));

Deno.test("writeCheckpoint() says when the file system refuses, and leaves nothing", () =>
  inFolder(async (path) => {
    await Deno.mkdir(path);
    await assert.rejects(
      writeCheckpoint(files, path, CHECKPOINT),
      (error: unknown) =>
        error instanceof StorageError &&
        error.message.startsWith(`Cannot write "${path}": a folder is where a file was needed`),
    );
    const left = await files.list(path.replace("/last.safetensors", ""));
    assert.deepEqual(left.map(({ name }) => name), ["last.safetensors"]);
  }));

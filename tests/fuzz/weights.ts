/** Targets that hold tensors: safetensors, checkpoints, files of torch.save. */
import { hash } from "../../data/random.ts";
import { byteCount } from "../../models/dtypes.ts";
import {
  formatSafetensors,
  fromFloats,
  parseSafetensors,
  type Weight,
} from "../../models/safetensors.ts";
import { readWeightFile } from "../../models/weight_file.ts";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import { CheckpointError, readCheckpoint, writeCheckpoint } from "../../train/checkpoint.ts";
import { oneFolder } from "./one_folder.ts";
import { require, type Target } from "./verdict.ts";

const fixture = (name: string) =>
  Deno.readFileSync(new URL(`../models/fixtures/${name}`, import.meta.url));

/** Tensors must have the bytes that their types and shapes say. */
function requireFull(tensors: ReadonlyMap<string, Weight>): void {
  for (const [name, { dtype, shape, data }] of tensors) {
    require(
      data.length === byteCount(dtype, shape),
      `${JSON.stringify(name)} is ${dtype} [${shape}] in ${data.length} bytes`,
    );
  }
}

/** Whole files that are no mutants have these tensors. */
const TENSORS = new Map([
  ["conv.weight", fromFloats([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))],
  ["bn.num_batches_tracked", { dtype: "I64", shape: [], data: new Uint8Array(8) } as const],
  ["empty", fromFloats([0, 4], new Float32Array())],
]);

/** Pieces of the headers of safetensors. */
export const WORDS: readonly string[] = [
  ...['"__metadata__":{}', '"__proto__":', '"constructor":', '"data_offsets":[0,0]', '"shape":[]'],
  ...['"dtype":"F32"', '"F4"', "[[[[[[[[", "{", "}", '"\\u0000"', "1e308", "-1", "0.5", "\0"],
];

/** Safetensors: no byte of the data is read twice or left out, as in the reference reader. */
const safetensors: Target = {
  name: "safetensors",
  seeds: [
    formatSafetensors(TENSORS),
    formatSafetensors(TENSORS, { format: "pt", note: "é" }),
    formatSafetensors(new Map()),
  ],
  words: [...WORDS, "[".repeat(5000), '{"a":'.repeat(5000)],
  refuses: [SyntaxError],
  says: "Cannot read safetensors",
  read(bytes) {
    const { tensors, metadata } = parseSafetensors(bytes);
    requireFull(tensors);
    const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    let held = 8 + header;
    for (const { data } of tensors.values()) held += data.length;
    require(held === bytes.length, `${bytes.length} bytes, of which ${held} mean something`);
    for (const value of Object.values(metadata)) {
      require(typeof value === "string", `metadata is ${typeof value}`);
    }
  },
};

const PATH = "last.safetensors";

/** The bytes of a checkpoint. */
async function checkpointBytes(): Promise<Uint8Array<ArrayBuffer>> {
  let written = new Uint8Array();
  const files = {
    ...oneFolder(new Map()),
    writeAtomic(_: string, bytes: Uint8Array) {
      written = bytes.slice();
      return Promise.resolve();
    },
  };
  await writeCheckpoint(files, PATH, {
    ...{
      model: "resnet18",
      classes: ["0", "1"],
      size: 64,
      resize: 72,
      epoch: 2,
      step: 40,
      seed: 1,
    },
    preprocessing: IMAGENET_BILINEAR,
    best: { epoch: 2, accuracy: 0.5, auc: 0.5, loss: 0.7 },
    configuration: { lr: 0.1 },
    weights: TENSORS,
    optimizer: new Map([["exp_avg.conv.weight", fromFloats([1], Float32Array.of(1))]]),
  });
  return written;
}

/** A checkpoint. */
export const whole: Uint8Array<ArrayBuffer> = await checkpointBytes();

/** Checkpoints: anything but the file itself is refused. */
const checkpoint: Target = {
  name: "checkpoint",
  seeds: [whole],
  words: [...WORDS, '"sha256":"', '"checkpoint":"{}"', '"verity":"1"', '"optimizer":false'],
  refuses: [CheckpointError],
  says: PATH,
  async read(bytes) {
    const { weights } = await readCheckpoint(oneFolder(new Map([[PATH, bytes]])), PATH);
    requireFull(weights);
    const same = bytes.length === whole.length && bytes.every((byte, i) => byte === whole[i]);
    require(same, "a changed checkpoint is taken for whole");
  },
};

/** Opcodes of pickle that call, import, build or nest, and names that none may reach. */
const PICKLES = [
  ...["cos\nsystem\n", "(S'id'\ntR.", "cbuiltins\neval\n", "\x8c\x08builtins\x8c\x04eval\x93"],
  ...["i__main__\nx\n", "R", "b", "\x81", "\x92", "o", "Q", "P1\n", "0", "1", "2", "q\0", "h\0"],
  ...["(((((((((((((((((((((((((((((((", "]]]]]]]]]]]]]]]]", "}".repeat(4000), "(l".repeat(4000)],
  ...[
    "\x8b\xff\xff\xff\x7f",
    "\x8a\xff",
    "\x8d\xff\xff\xff\xff\0\0\0\0",
    "\x94",
    "j\xff\xff\xff\xff",
  ],
  ...["__proto__", "ctorch._utils\n_rebuild_tensor_v2\n", "ccollections\nOrderedDict\n", "."],
];

const torch = (name: string, seeds: readonly string[]): Target => ({
  name,
  seeds: seeds.map(fixture),
  words: PICKLES,
  refuses: [SyntaxError],
  says: "Cannot read",
  async read(bytes) {
    const before = hash(bytes.length, bytes[0] ?? 0);
    const { tensors } = await readWeightFile(bytes);
    requireFull(tensors);
    require(hash(bytes.length, bytes[0] ?? 0) === before, "the file's bytes were changed");
    require(!("polluted" in {}), "Object.prototype was changed");
  },
});

/** Targets of this file. */
export const weightTargets: readonly Target[] = [
  safetensors,
  checkpoint,
  torch("pth", [
    "views.pth",
    "types.pth",
    "views_protocol4.pth",
    "checkpoint.pth.tar",
  ]),
  torch("pth-legacy", ["views_legacy.pth", "types_legacy.pth"]),
];

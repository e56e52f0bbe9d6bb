/** Files of torch.save: PyTorch's own are read number by number, made-up ones are refused and do nothing. */
import assert from "node:assert/strict";
import { hash } from "../../data/random.ts";
import { readTorchFile } from "../../models/torch_file.ts";
import { readWeightFile } from "../../models/weight_file.ts";
import { zipContent, zipEntries } from "../../models/zip.ts";
import { type Weight } from "../../models/safetensors.ts";
import { type ArchiveFile, join, numbers, text, zipOf } from "./archive.ts";

/** A file that PyTorch made, by fixtures/make_torch_files.py. */
const fixture = (name: string) => Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));

/** Elements of an F32 tensor. */
const floats = (weight: Weight | undefined) => [...new Float32Array(weight!.data.buffer)];
const count = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

for (const name of ["views.pth", "views_legacy.pth", "views_protocol4.pth"]) {
  Deno.test(`readTorchFile() reads every view of a storage in ${name}`, async () => {
    const { tensors, part } = await readTorchFile(fixture(name));
    const expected: Record<string, [shape: number[], values: number[]]> = {
      whole: [[2, 3, 2, 2], count(24)],
      "channels_last": [[2, 3, 2, 2], count(24)],
      square: [[3, 4], count(12)],
      tied: [[3, 4], count(12)],
      transposed: [[4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
      column: [[3], [1, 5, 9]],
      part: [[24], count(24)],
      scalar: [[], [7]],
      empty: [[0, 3], []],
      parameter: [[3], count(3)],
    };
    assert.equal(part, undefined);
    assert.deepEqual([...tensors.keys()], Object.keys(expected));
    for (const [key, [shape, values]] of Object.entries(expected)) {
      assert.deepEqual(tensors.get(key)?.shape, shape, key);
      assert.deepEqual(floats(tensors.get(key)), values, key);
    }
  });
}

for (const name of ["types.pth", "types_legacy.pth"]) {
  Deno.test(`readTorchFile() reads every type of number in ${name}`, async () => {
    const { tensors } = await readTorchFile(fixture(name));
    const values: Record<string, ArrayLike<number | bigint>> = {
      F16: new Uint16Array([0, 0x3c00, 0x4000, 0x4200, 0x4400]),
      BF16: new Uint16Array([0, 0x3f80, 0x4000, 0x4040, 0x4080]),
      F64: new Float64Array(count(5)),
      F32: new Float32Array(count(5)),
      I64: new BigInt64Array(count(5).map(BigInt)),
      I32: new Int32Array(count(5)),
      I16: new Int16Array(count(5)),
      I8: new Int8Array(count(5)),
      U8: new Uint8Array(count(5)),
      BOOL: new Uint8Array([0, 1, 1, 1, 1]),
    };
    assert.deepEqual([...tensors.values()].map(({ dtype }) => dtype), Object.keys(values));
    for (const { dtype, data } of tensors.values()) {
      const { buffer } = values[dtype] as Uint8Array;
      assert.deepEqual(data, new Uint8Array(buffer), dtype);
    }
  });
}

Deno.test("readTorchFile() takes the moving average out of a training checkpoint", async () => {
  const { tensors, part } = await readTorchFile(fixture("checkpoint.pth.tar"));
  assert.equal(part, "state_dict_ema");
  assert.deepEqual([...tensors.keys()][0], "module.0.weight");
  assert.deepEqual(floats(tensors.get("module.0.weight")), [2, 2]);
});

Deno.test("readWeightFile() reads deflated archives as it reads PyTorch's", async () => {
  const bytes = fixture("views.pth");
  const files: ArchiveFile[] = [];
  for (const [name, entry] of zipEntries(bytes)) {
    files.push({ name, content: await zipContent(entry), deflate: true });
  }
  const [plain, deflated] = [await readWeightFile(bytes), await readWeightFile(zipOf(files))];
  assert.deepEqual(deflated, plain);
});

/** A tensor in a made-up file. */
interface Made {
  readonly type?: string;
  readonly key?: string;
  /** Elements that the storage says it has. */
  readonly size?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  /** What stands in place of the storage's persistent id. */
  readonly storage?: Uint8Array;
}

const string = (value: string) => join(text("X"), numbers([4, text(value).length]), text(value));
const int = (value: number) => join(Uint8Array.of(0x8a, 8), numbers([8, value]));
const tuple = (...items: readonly Uint8Array[]) => join(text("("), ...items, text("t"));
const global = (module: string, name: string) => text(`c${module}\n${name}\n`);
const pickled = (...parts: readonly Uint8Array[]) =>
  join(Uint8Array.of(0x80, 2), ...parts, text("."));
const dict = (entries: Record<string, Uint8Array>) =>
  join(text("}("), ...Object.entries(entries).flatMap(([k, v]) => [string(k), v]), text("u"));

function tensor(made: Made = {}): Uint8Array {
  const { type = "FloatStorage", key = "0", size = 6, offset = 0, shape = [2, 3] } = made;
  const strides = made.strides ?? [3, 1];
  const id = tuple(string("storage"), global("torch", type), string(key), string("cpu"), int(size));
  const arguments_ = tuple(
    made.storage ?? join(id, text("Q")),
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    Uint8Array.of(0x89),
    text("}"),
  );
  return join(global("torch._utils", "_rebuild_tensor_v2"), arguments_, text("R"));
}

const DATA = { name: "x/data/0", content: new Uint8Array(new Float32Array(count(6)).buffer) };

function archive(value: Uint8Array, ...more: readonly ArchiveFile[]): Uint8Array {
  return zipOf([{ name: "x/data.pkl", content: pickled(value) }, DATA, ...more]);
}

const MAGIC = Uint8Array.of(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);

function legacy(
  value: Uint8Array,
  { little = 0x88, version = 1001, keys = ["0"], stored = 6, data = DATA.content } = {},
): Uint8Array {
  return join(
    pickled(MAGIC, Uint8Array.of()),
    pickled(int(version)),
    pickled(dict({ "little_endian": Uint8Array.of(little) })),
    pickled(value),
    pickled(text("]("), ...keys.map(string), text("e")),
    numbers([8, stored]),
    data,
  );
}

Deno.test("readTorchFile() reads made-up files, so that those below are refused for one reason", async () => {
  const state = dict({ a: tensor(), b: tensor({ offset: 5, shape: [], strides: [] }) });
  for (const bytes of [archive(state), legacy(state), archive(dict({ "model": state }))]) {
    const { tensors } = await readTorchFile(bytes);
    assert.deepEqual([...tensors.values()].map(floats), [count(6), [5]]);
  }
});

const STATE = dict({ a: tensor() });
const named = (type: string) => archive(dict({ a: tensor({ type }) }));
const viewed = (made: Made) => archive(dict({ a: tensor(made) }));

const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  [
    "a model in place of its state dict",
    fixture("module.pth"),
    /torch\.nn\.modules\.linear\.Linear/,
  ],
  ["a TorchScript program", fixture("script.pt"), /TorchScript/],
  [
    "a call of os.system where a tensor should be",
    archive(dict({ a: join(global("os", "system"), tuple(string("id")), text("R")) })),
    /os\.system/,
  ],
  ["code behind PyTorch's own names", archive(join(global("torch.serialization", "load"))), /load/],
  ["a storage of numbers it does not know", named("ComplexDoubleStorage"), /ComplexDoubleStorage/],
  ["an archive of other things", zipOf([{ name: "x/y", content: text("a") }]), /without data\.pkl/],
  [
    "big-endian numbers",
    archive(STATE, { name: "x/byteorder", content: text("big") }),
    /big-endian/,
  ],
  ["a list", archive(text("]")), /holds no dict/],
  ["a dict of other things", archive(dict({ lr: int(1) })), /"lr" is no tensor/],
  ["a checkpoint without weights", archive(dict({ epoch: int(1), a: tensor() })), /"epoch" is no/],
  ["a dict in a checkpoint's dict", archive(dict({ model: dict({ a: text("}") }) })), /"a" is no/],
  ["names that are none", archive(join(text("}"), int(1), tensor(), text("s"))), /of a number/],
  ["a tensor without storage", viewed({ storage: text("N") }), /lacks a part/],
  ["a storage that is no tuple", viewed({ storage: text("NQ") }), /no storage/],
  [
    "a storage of another kind",
    viewed({ storage: join(tuple(string("x")), text("Q")) }),
    /no storage/,
  ],
  ["more elements than the storage has", viewed({ shape: [7], strides: [1] }), /\[7\] has more/],
  [
    "an element repeated without end",
    viewed({ shape: [2 ** 40], strides: [0] }),
    /has more elements/,
  ],
  [
    "sizes that overflow",
    viewed({ shape: [2 ** 40, 2 ** 40], strides: [1, 1] }),
    /has more elements/,
  ],
  ["an offset behind the storage", viewed({ offset: 1 }), /reaches element 6/],
  ["strides behind the storage", viewed({ strides: [4, 1] }), /reaches element 6/],
  ["strides beyond 2^53", viewed({ strides: [2 ** 53, 1] }), /lacks a part/],
  ["fewer strides than sizes", viewed({ strides: [1] }), /lacks a part/],
  [
    "axes without number",
    viewed({ shape: Array(65).fill(1), strides: Array(65).fill(0) }),
    /lacks/,
  ],
  ["a negative offset", viewed({ offset: -1 }), /lacks a part/],
  ["a storage that is not there", viewed({ key: "1" }), /"a" have 0 bytes, 24 were needed/],
  ["a storage with a path in it", viewed({ key: "../data/0" }), /have 0 bytes/],
  ["a storage shorter than it says", viewed({ size: 7 }), /have 24 bytes, 28 were needed/],
  [
    "a storage longer than it says",
    viewed({ size: 5, shape: [5], strides: [1] }),
    /20 were needed/,
  ],
  [
    "one storage as two types",
    archive(dict({ a: tensor(), b: tensor({ type: "HalfStorage" }) })),
    /24/,
  ],
  [
    "a storage shared without end",
    archive(dict(Object.fromEntries(count(9).map((i) => [`t${i}`, tensor()])))),
    /216 bytes, its storages 24/,
  ],
  [
    "a dict of items that are no pairs",
    archive(join(global("collections", "OrderedDict"), tuple(text("](K\x01e")), text("R"))),
    /other items/,
  ],
  ["a pickle of another program", pickled(int(1), text("0")).fill(0x4e, 2, 3), /pickle/],
  ["another version of the old format", legacy(STATE, { version: 1002 }), /another kind/],
  ["the old format, big-endian", legacy(STATE, { little: 0x89 }), /another kind/],
  ["the old format without its numbers", legacy(STATE, { data: new Uint8Array(23) }), /ends after/],
  [
    "the old format with more behind it",
    legacy(STATE, { data: new Uint8Array(25) }),
    /storages need/,
  ],
  ["the old format with another count", legacy(STATE, { stored: 7 }), /numbers of another storage/],
  ["the old format with unknown keys", legacy(STATE, { keys: ["0", "1"] }), /of another storage/],
  ["the old format with a key twice", legacy(STATE, { keys: ["0", "0"] }), /of another storage/],
];

for (const [what, bytes, message] of REFUSED) {
  Deno.test(`readTorchFile() refuses ${what}`, async () => {
    await assert.rejects(readTorchFile(bytes), (error) => {
      assert(error instanceof SyntaxError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

/** A file that is read or refused with a sentence; any other fault is one of the reader. */
async function survives(bytes: Uint8Array, what: string): Promise<void> {
  try {
    for (const { data } of (await readWeightFile(bytes)).tensors.values()) {
      assert(data.length < 1e5);
    }
  } catch (error) {
    assert(error instanceof SyntaxError, `${what}: ${error}`);
  }
}

const FUZZED = ["views.pth", "views_legacy.pth", "views_protocol4.pth", "types_legacy.pth"];

Deno.test("readWeightFile() survives files cut short anywhere", async () => {
  for (const name of FUZZED) {
    const bytes = fixture(name);
    for (let end = 0; end < bytes.length; end += 3) {
      await survives(bytes.subarray(0, end), `${name}, ${end} bytes`);
    }
  }
});

Deno.test("readWeightFile() survives files with wrong bytes", async () => {
  const damage = (bytes: Uint8Array, seed: number) => {
    const damaged = bytes.slice();
    for (let i = 0; i < 1 + seed % 4; i++) {
      damaged[hash(seed, 2 * i) % damaged.length] = hash(seed, 2 * i + 1) % 256;
    }
    return damaged;
  };
  for (const name of FUZZED) {
    const bytes = fixture(name);
    const files: ArchiveFile[] = [];
    if (!name.includes("legacy")) {
      for (const [name, entry] of zipEntries(bytes)) {
        files.push({ name, content: await zipContent(entry) });
      }
    }
    for (let seed = 0; seed < 300; seed++) {
      await survives(damage(bytes, seed), `${name}, seed ${seed}`);
      const [pickle, ...rest] = files;
      if (!pickle) continue;
      const wrong = { ...pickle, content: damage(pickle.content, seed) };
      await survives(zipOf([wrong, ...rest]), `pickle of ${name}, seed ${seed}`);
    }
  }
});

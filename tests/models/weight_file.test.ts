/** Weight files of any kind: told apart by their bytes, converted, cleaned of wrappers. Uses no model. */
import assert from "node:assert/strict";
import { requireFinite } from "../../models/float32.ts";
import {
  type Dtype,
  formatSafetensors,
  fromFloats,
  toFloats,
  type Weight,
} from "../../models/safetensors.ts";
import { readWeightFile } from "../../models/weight_file.ts";
import { text } from "./archive.ts";

const fixture = (name: string) => Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));

const stored = (dtype: Dtype, shape: number[], values: { readonly buffer: ArrayBufferLike }) =>
  ({ dtype, shape, data: new Uint8Array(values.buffer) }) as Weight;

async function read(tensors: Record<string, Weight>) {
  return await readWeightFile(formatSafetensors(new Map(Object.entries(tensors))));
}

Deno.test("readWeightFile() converts halves and doubles exactly, and says so", async () => {
  const { tensors, notes } = await read({
    half: stored("F16", [6], Uint16Array.of(0x3c00, 0xc000, 1, 0x7bff, 0x8000, 0x03ff)),
    brain: stored("BF16", [4], Uint16Array.of(0x3f80, 0xc000, 1, 0x7f7f)),
    another: stored("BF16", [1, 1], Uint16Array.of(0x4049)),
    double: stored("F64", [2], Float64Array.of(0.1, -3)),
    single: fromFloats([1], Float32Array.of(0.5)),
  });
  const values = (name: string) => [...toFloats(tensors.get(name)!)];
  assert.deepEqual(values("half"), [1, -2, 2 ** -24, 65504, -0, 1023 * 2 ** -24]);
  assert.deepEqual(values("brain"), [1, -2, 2 ** -133, 255 * 2 ** 120]);
  assert.deepEqual(values("another"), [3.140625]);
  assert.deepEqual(values("double"), [Math.fround(0.1), -3]);
  assert.deepEqual(tensors.get("another")?.shape, [1, 1]);
  assert.deepEqual(notes.toSorted(), [
    "1 tensor of F16 converted to F32",
    "1 tensor of F64 converted to F32",
    "2 tensors of BF16 converted to F32",
  ]);
});

Deno.test("readWeightFile() makes counters I64, whatever they were cast to", async () => {
  const { tensors, notes } = await read({
    "a.num_batches_tracked": stored("F16", [], Uint16Array.of(0x4200)),
    "b.num_batches_tracked": stored("F16", [], Uint16Array.of(0x7c00)),
    "c.num_batches_tracked": stored("I32", [], Int32Array.of(70_000)),
    "d.num_batches_tracked": stored("I64", [], BigInt64Array.of(5n)),
  });
  const counts = [...tensors.values()].map(({ dtype, data }) => [
    dtype,
    new DataView(data.buffer).getBigInt64(0, true),
  ]);
  assert.deepEqual(
    counts.map(String).toSorted(),
    [["I64", 0n], ["I64", 3n], ["I64", 5n], ["I64", 70_000n]].map(String),
  );
  assert.deepEqual(notes.toSorted(), [
    "1 tensor of I32 converted to I64",
    "2 tensors of F16 converted to I64",
  ]);
});

Deno.test("readWeightFile() leaves out what wrappers put before every name, and only before every", async () => {
  const one = fromFloats([1], Float32Array.of(1));
  const wrapped = await read({ "module._orig_mod.a": one, "module._orig_mod.module.b": one });
  assert.deepEqual([...wrapped.tensors.keys()], ["a", "module.b"]);
  assert.deepEqual(wrapped.notes, ['"module._orig_mod." left out before every name']);
  const partly = await read({ "module.a": one, "b": one });
  assert.deepEqual([...partly.tensors.keys()], ["b", "module.a"]);
  assert.deepEqual((await read({})).tensors.size, 0);
});

Deno.test("readWeightFile() says which part of a training checkpoint it read", async () => {
  const { tensors, notes } = await readWeightFile(fixture("checkpoint.pth.tar"));
  assert.deepEqual([...tensors.keys()].slice(0, 2), ["0.weight", "0.bias"]);
  assert.deepEqual(notes, [
    'Read "state_dict_ema" of the checkpoint',
    '"module." left out before every name',
  ]);
});

Deno.test("readWeightFile() tells safetensors from pickles where the first bytes are the same", async () => {
  const one = fromFloats([1], Float32Array.of(1));
  for (let length = 0; length < 1000; length += 8) {
    const bytes = formatSafetensors(new Map([["x".repeat(length), one]]));
    assert.equal((await readWeightFile(bytes)).tensors.size, 1);
    if (bytes[0] === 0x80 && bytes[1] === 2) return;
  }
  assert.fail("no header had 640 bytes");
});

const OTHERS: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["a web page", text("\n<!DOCTYPE html><title>Sign in</title>"), /a web page/],
  [
    "a pointer of Git LFS",
    text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    /LFS/,
  ],
  ["a picture", text("\x89PNG\r\n\x1a\n IHDR"), /14 bytes of another kind/],
  ["nothing", new Uint8Array(), /it is empty/],
];

for (const [what, bytes, message] of OTHERS) {
  Deno.test(`readWeightFile() refuses ${what}`, async () => {
    await assert.rejects(readWeightFile(bytes), (error) => {
      assert(error instanceof SyntaxError);
      assert.match(error.message, message);
      assert.match(error.message, /safetensors or a file of torch\.save was needed/);
      return true;
    });
  });
}

Deno.test("requireFinite() counts what is NaN or infinite and names the first tensor", () => {
  const weights = new Map([
    ["a", fromFloats([2], Float32Array.of(1, 2))],
    ["b", fromFloats([3], Float32Array.of(NaN, 0, Infinity))],
    ["c", fromFloats([1], Float32Array.of(-Infinity))],
  ]);
  assert.throws(
    () => requireFinite(weights),
    /^RangeError: .*3 numbers are NaN or infinite.*in b,/,
  );
  requireFinite(new Map([["a", weights.get("a")!]]));
});

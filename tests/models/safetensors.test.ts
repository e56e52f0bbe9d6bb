/** safetensors: what is written is read again, and every malformed file is refused. Uses no model. */
import assert from "node:assert/strict";
import {
  dataStart,
  formatSafetensors,
  fromFloats,
  parseSafetensors,
  toFloats,
  type Weight,
} from "../../models/safetensors.ts";
import { shared } from "../shared.ts";

/** A file with this text as its header and so many bytes after it. */
function fileOf(header: string, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function headerOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(8, dataStart(bytes)));
}

/** An entry of a header. */
function entry(dtype: string, shape: unknown, offsets: unknown): string {
  return JSON.stringify({ dtype, shape, data_offsets: offsets });
}

const COUNTER: Weight = { dtype: "I64", shape: [], data: new Uint8Array([7, 0, 0, 0, 0, 0, 0, 0]) };

Deno.test("formatSafetensors() writes what parseSafetensors() reads, not-a-numbers included", () => {
  const values = new Float32Array([1, -0, NaN, Infinity, 1e-45, 3.5]);
  const tensors = new Map([
    ["conv.weight", fromFloats([2, 3], values)],
    ["bn.num_batches_tracked", COUNTER],
    ["empty", fromFloats([0, 4], new Float32Array())],
    ["__proto__", fromFloats([1], new Float32Array([5]))],
    ["0", fromFloats([1], new Float32Array([6]))],
  ]);
  const bytes = formatSafetensors(tensors, { format: "pt", note: 'a "quoted" ü' });
  const file = parseSafetensors(bytes);
  assert.deepEqual(file.metadata, { format: "pt", note: 'a "quoted" ü' });
  assert.deepEqual([...file.tensors.keys()].sort(), [...tensors.keys()].sort());
  for (const [name, weight] of tensors) assert.deepEqual(file.tensors.get(name), weight);
  assert.deepEqual(toFloats(file.tensors.get("conv.weight")!), values);
});

Deno.test("formatSafetensors() orders and pads as the reference writer does", () => {
  const one = new Float32Array([1]);
  const bytes = formatSafetensors(
    new Map([
      ["b", fromFloats([1], one)],
      ["\u{1f600}", fromFloats([1], one)],
      ["\uff5e", fromFloats([1], one)],
      ["n", COUNTER],
    ]),
    { format: "pt" },
  );
  assert.equal(dataStart(bytes) % 8, 0);
  assert.equal(
    headerOf(bytes).trimEnd(),
    `{"__metadata__":{"format":"pt"},"n":${entry("I64", [], [0, 8])},"b":${
      entry("F32", [1], [8, 12])
    },"\uff5e":${entry("F32", [1], [12, 16])},"\u{1f600}":${entry("F32", [1], [16, 20])}}`,
  );
});

Deno.test("formatSafetensors() refuses bytes that do not fill the shape, and reserved names", () => {
  const short: Weight = { dtype: "F32", shape: [2], data: new Uint8Array(4) };
  assert.throws(() => formatSafetensors(new Map([["w", short]])), /"w".*4 bytes.*F32 \[2\]/);
  const one = fromFloats([1], new Float32Array(1));
  assert.throws(() => formatSafetensors(new Map([["__metadata__", one]])), TypeError);
  assert.throws(() => formatSafetensors(new Map([["\ud800", one]])), TypeError);
  assert.throws(() => fromFloats([2, 2], new Float32Array(3)), RangeError);
  assert.throws(() => toFloats(COUNTER), TypeError);
});

Deno.test("parseSafetensors() reads sub-byte elements, unaligned data, spaces and foreign order", () => {
  const file = fileOf(
    `{ "b" : ${entry("F4", [3, 2], [4, 7])} ,"a":${entry("F32", [1], [0, 4])}}  `,
    7,
  );
  file.set(new Uint8Array(new Float32Array([2.5]).buffer), file.length - 7);
  const shifted = new Uint8Array(file.length + 1).subarray(1);
  shifted.set(file);
  const { tensors, metadata } = parseSafetensors(shifted);
  assert.deepEqual([...tensors.keys()], ["a", "b"]);
  assert.equal(toFloats(tensors.get("a")!)[0], 2.5);
  assert.equal(tensors.get("b")!.data.length, 3);
  assert.deepEqual(metadata, {});
  assert.equal(parseSafetensors(fileOf("{}")).tensors.size, 0);
});

const F32 = (shape: unknown, offsets: unknown) => entry("F32", shape, offsets);

const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["an empty file", new Uint8Array(), /0 bytes.*at least 8/],
  ["a header above the limit", new Uint8Array(16).fill(255), /at most 100000000/],
  ["a header longer than the file", fileOf("{}").subarray(0, 9), /claims 2 bytes.*has 1 after/],
  ["a header that is not UTF-8", fileOf("{}").fill(255, 9), /not UTF-8/],
  ["a header that begins with a space", fileOf(" {}"), /begins with " "/],
  ["a header that begins with a mark", fileOf("\ufeff{}"), /begins with/],
  ["a list as header", fileOf("[]"), /begins with "\["/],
  ["an unfinished header", fileOf('{"a":'), /not JSON/],
  ["a name twice", fileOf(`{"a":${F32([0], [0, 0])},"\\u0061":${F32([0], [0, 0])}}`), /"a" twice/],
  ["a key twice", fileOf('{"a":{"dtype":"F32","shape":[0],"shape":[0]}}'), /"shape" twice/],
  ["metadata of numbers", fileOf('{"__metadata__":{"a":1}}'), /__metadata__/],
  ["metadata as a list", fileOf('{"__metadata__":[]}'), /__metadata__/],
  ["a tensor that is a number", fileOf('{"a":3}'), /"a" is 3/],
  ["an unknown dtype", fileOf(`{"a":${entry("toString", [0], [0, 0])}}`), /dtype "toString"/],
  ["a negative size", fileOf(`{"a":${F32([-1], [0, 0])}}`), /shape \[-1\]/],
  ["a size that is no whole number", fileOf(`{"a":${F32([0.5], [0, 2])}}`, 2), /shape \[0.5\]/],
  ["a size beyond 2^53", fileOf(`{"a":${F32([2 ** 53], [0, 0])}}`), /shape/],
  ["sizes that overflow", fileOf(`{"a":${F32([2 ** 40, 2 ** 40, 0], [0, 0])}}`), /below 2\^53/],
  ["half a byte", fileOf(`{"a":${entry("F4", [1], [0, 1])}}`, 1), /whole number of bytes/],
  ["a shape as text", fileOf(`{"a":${F32("1", [0, 4])}}`, 4), /shape "1"/],
  ["three offsets", fileOf(`{"a":${F32([1], [0, 2, 4])}}`, 4), /data_offsets \[0,2,4\]/],
  ["offsets backwards", fileOf(`{"a":${F32([0], [4, 0])}}`, 4), /begin ≤ end/],
  ["too few bytes for a shape", fileOf(`{"a":${F32([2], [0, 4])}}`, 4), /needs 8/],
  ["a hole at the beginning", fileOf(`{"a":${F32([1], [4, 8])}}`, 8), /"a" begins at byte 4/],
  [
    "a hole",
    fileOf(`{"a":${F32([1], [0, 4])},"b":${F32([1], [8, 12])}}`, 12),
    /"b" begins at byte 8.*4 was needed/,
  ],
  [
    "an overlap",
    fileOf(`{"a":${F32([2], [0, 8])},"b":${F32([1], [4, 8])}}`, 8),
    /"b" begins at byte 4.*8 was needed/,
  ],
  ["missing data", fileOf(`{"a":${F32([1], [0, 4])}}`, 3), /its header needs/],
  ["bytes after the data", fileOf(`{"a":${F32([1], [0, 4])}}`, 5), /its header needs/],
  ["bytes without a tensor", fileOf("{}", 1), /its header needs 10/],
];

for (const [what, bytes, message] of REFUSED) {
  Deno.test(`parseSafetensors() refuses ${what}`, () => {
    assert.throws(() => parseSafetensors(bytes), (error: unknown) => {
      assert(error instanceof SyntaxError);
      assert.match(error.message, /^Cannot read safetensors: /);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("parseSafetensors() neither fails on nor repeats long and deep headers", () => {
  const long = "\\n".repeat(4e6);
  assert.equal(
    parseSafetensors(fileOf(`{"__metadata__":{"a":"${long}"}}`)).metadata.a?.length,
    4e6,
  );
  const deep = fileOf(`{"a":{"dtype":"F32","shape":${"[".repeat(1e6)}${"]".repeat(1e6)}}}`);
  assert.throws(
    () => parseSafetensors(deep),
    (error: unknown) => error instanceof SyntaxError && error.message.length < 200,
  );
});

Deno.test("parseSafetensors() survives any byte of a header being another", () => {
  const good = formatSafetensors(new Map([["a.weight", fromFloats([2], new Float32Array(2))]]));
  for (let at = 0; at < dataStart(good); at++) {
    for (const flip of [1, 4, 32, 128]) {
      const bytes = good.slice();
      bytes[at]! ^= flip;
      try {
        assert(parseSafetensors(bytes).tensors.size <= 1);
      } catch (error) {
        assert(error instanceof SyntaxError, `byte ${at}: ${error}`);
      }
    }
  }
});

const lite0 = shared("weights/tf_efficientnet_lite0.safetensors");

Deno.test({
  name: "formatSafetensors() gives a published file its own bytes again",
  ignore: lite0 === undefined,
  fn() {
    const bytes = Deno.readFileSync(lite0!);
    const file = parseSafetensors(bytes);
    assert(file.tensors.size > 200);
    const again = formatSafetensors(file.tensors, file.metadata);
    assert.equal(again.length, bytes.length);
    assert(again.every((byte, i) => bytes[i] === byte));
  },
});

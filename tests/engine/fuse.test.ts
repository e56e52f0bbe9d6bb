/** Fusion: what is stored and what is computed where it is read, by the bytes it moves. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { chooseStored } from "../../engine/compile/fuse.ts";
import type { CompileOptions } from "../../engine/compile/program.ts";
import { input, type Tensor, topological } from "../../engine/graph.ts";
import { flatten, pack, reshape } from "../../engine/ops/layout.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { add, broadcastTo, full, mul, relu, sigmoid, silu } from "../../engine/ops/pointwise.ts";
import { sum } from "../../engine/ops/sum.ts";

/** What each of `values` is, when `outputs` are computed: stored or inlined. */
function decisions(outputs: Tensor[], values: Tensor[], options: CompileOptions = {}): string[] {
  const order = topological(outputs, (t) => t.operands);
  const stored = chooseStored(order, new Set(outputs), options);
  return values.map((t) => stored.has(t) ? "stored" : "inlined");
}

const x = input("x", [8, 16]);
const z = input("z", [8, 16]);
const w = input("w", [16, 4]);
const b = input("b", [16]);

/** The ops of each dispatch. */
function labels(outputs: Tensor[], options: CompileOptions = {}): string[] {
  return compile({ outputs }, options).dispatches.map((d) => d.label);
}

Deno.test("a chain of pointwise ops is one dispatch, and goes into the loads of a kernel", () => {
  const a = silu(add(mul(x, b), z));
  assert.deepEqual(labels([a]), ["mul+add+silu"]);
  assert.deepEqual(labels([matmul(a, w)]), ["mul+add+silu+matmul"]);
  assert.deepEqual(labels([matmul(a, w)], { fuse: false }), ["mul", "add", "silu", "matmul"]);
});

Deno.test("a value is inlined unless that loads more than storing it", () => {
  const one = silu(mul(x, b)); // loads one large tensor: L·u ≤ L + 1 + u for any u
  assert.deepEqual(decisions([sum(one), matmul(one, w), mul(one, z)], [one]), ["inlined"]);
  const two = add(x, z); // two large: 2u ≤ 3 + u up to u = 3
  const uses = [sum(two), sum(two, [0]), matmul(two, w), sum(two, [1])];
  assert.deepEqual(decisions(uses.slice(0, 3), [two]), ["inlined"]);
  assert.deepEqual(decisions(uses, [two]), ["stored"]);
});

Deno.test("on a device bound by loads a value counts as often as a kernel loads it", () => {
  const two = add(x, z);
  const wide = matmul(two, input("w", [16, 128])); // 8 tiles of columns load each row
  assert.deepEqual(decisions([wide], [two]), ["inlined"]);
  assert.deepEqual(decisions([wide], [two], { loadBound: true }), ["stored"]);
  assert.deepEqual(decisions([matmul(two, w)], [two], { loadBound: true }), ["inlined"]);
});

Deno.test("a small value is stored rather than computed for every element of a large one", () => {
  const gate = sigmoid(input("g", [8, 1]));
  assert.deepEqual(decisions([mul(x, gate)], [gate]), ["stored"]);
  const same = sigmoid(z);
  assert.deepEqual(decisions([mul(x, same)], [same]), ["inlined"]);
});

Deno.test("outputs, parts of packs and what views look into are stored; views and numbers never", () => {
  const a = relu(x);
  const viewed = mul(x, z);
  const view = reshape(viewed, [2, 4, 16]);
  const packed = relu(z);
  const number = full(2, []);
  const outputs = [a, mul(silu(a), number), sum(view), pack([packed])];
  assert.deepEqual(
    decisions(outputs, [a, viewed, view, packed, number]),
    ["stored", "stored", "inlined", "stored", "inlined"],
  );
});

Deno.test("on a device bound by loads small operands and costly functions count too", () => {
  const a = silu(add(mul(x, b), input("shift", [16])));
  const uses = [sum(a), sum(a, [0]), matmul(a, w)];
  assert.deepEqual(decisions(uses, [a]), ["inlined"]);
  assert.deepEqual(decisions(uses, [a], { loadBound: true }), ["stored"]);
});

Deno.test("each value is computed once in a dispatch, however often its expression names it", () => {
  const a = silu(mul(x, b));
  const { dispatches } = compile({ outputs: [add(mul(a, a), add(a, z))] });
  assert.equal(dispatches.length, 1);
  assert.equal(dispatches[0]!.wgsl.match(/exp\(/g)?.length, 1);
});

Deno.test("bytes of a dispatch count each tensor once, padding included", () => {
  const [dispatch] = compile({ outputs: [add(mul(x, x), broadcastTo(b, [8, 16]))] }).dispatches;
  assert.equal(dispatch!.bytes, 4 * (8 * 16 + 16 + 8 * 16));
  const odd = input("odd", [3, 5]);
  assert.equal(compile({ outputs: [relu(odd)] }).dispatches[0]!.bytes, 2 * 3 * 8 * 4);
});

Deno.test("a dispatch says where in the model its result stands", () => {
  const y = matmul(flatten(x), w);
  y.label = "classifier";
  assert.equal(compile({ outputs: [y] }).dispatches.at(-1)!.place, "classifier");
});

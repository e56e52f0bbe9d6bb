/** Texts that differ in numbers alone become one; what a compiler has to know stays in them. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import type { Dispatch } from "../../engine/compile/program.ts";
import { shareTexts } from "../../engine/compile/share.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { imagesOf } from "../../engine/ops/layout.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { add } from "../../engine/ops/pointwise.ts";
import { Memory } from "../../engine/gpu/memory.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { deviceTest } from "../device.ts";

/** Dispatches that have nothing but a text. */
function dispatches(...texts: string[]): Dispatch[] {
  return texts.map((wgsl) => ({ wgsl, numbers: [] }) as unknown as Dispatch);
}

const kernel = (rows: number, offset: number, size = 4) =>
  `@group(0) @binding(0) var<storage, read_write> b0: array<vec4f>;
const ROWS = ${rows}u;
const SIZE = ${size}u;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var x: array<vec4f, SIZE>;
  x[3u] = b0[id.x / 3u + ${offset}u];
  if (id.x < ROWS) { b0[id.x] = x[3u]; }
}`;

Deno.test("shareTexts() leaves one text where only numbers differ, each with its own", () => {
  const [a, b, c] = shareTexts(dispatches(kernel(10, 7), kernel(20, 8), kernel(20, 9)));
  assert.equal(a!.wgsl, b!.wgsl);
  assert.equal(b!.wgsl, c!.wgsl);
  assert.deepEqual([a!.numbers, b!.numbers, c!.numbers].map((n) => [...n].sort()), [
    [10, 7],
    [20, 8],
    [20, 9],
  ]);
  assert.match(a!.wgsl, /@binding\(1\) var<uniform> numbers: array<vec4u, 1>;/);
});

Deno.test("shareTexts() keeps what is the same in the text, and texts that nobody shares", () => {
  const [a, other] = shareTexts(dispatches(kernel(10, 7), "fn other() {}"));
  assert.deepEqual([a!.wgsl, a!.numbers], [kernel(10, 7), []]);
  assert.equal(other!.wgsl, "fn other() {}");
  const [same] = shareTexts(dispatches(kernel(10, 7), kernel(10, 8)));
  assert.equal(same!.numbers.length, 1);
});

Deno.test("shareTexts() shares no text whose arrays, registers or divisors differ", () => {
  const differ = (a: string, b: string) => {
    const [first, second] = shareTexts(dispatches(a, b));
    assert.notEqual(first!.wgsl, second!.wgsl);
  };
  const text = kernel(10, 7);
  differ(text, kernel(10, 7, 5));
  differ(text, text.replaceAll("x[3u]", "x[2u]"));
  differ(text, text.replace("/ 3u", "/ 5u"));
  differ(text, text.replace("workgroup_size(8)", "workgroup_size(16)"));
});

deviceTest("a program computes the same where dispatches read many numbers", async (device) => {
  const [images, terms] = [160, 72];
  const x = input("x", [images, 1, 1, 4]);
  const total = (first: number, step: number) =>
    Array.from({ length: terms }, (_, i) => imagesOf(x, first + step * i, 1)).reduce(add);
  const outputs = [total(0, 1), total(159, -1), total(1, 2)];
  const program = compile({ outputs }, { ...device.limits, share: true, fuse: ["inline"] });
  const counts = program.dispatches.map((d) => d.numbers.length);
  assert.ok(Math.max(...counts) > 64, `${counts}`);
  const memory = new Memory(device);
  memory.write(x, Float32Array.from({ length: x.size }, (_, i) => i));
  const runner = await Runner.create(program, memory);
  runner.run();
  const sum = (first: number, step: number) =>
    Array.from({ length: 4 }, (_, c) => terms * (4 * (first + step * (terms - 1) / 2) + c));
  const expected = [sum(0, 1), sum(159, -1), sum(1, 2)];
  for (const [i, y] of outputs.entries()) assert.deepEqual([...await runner.read(y)], expected[i]);
  runner.destroy();
  memory.destroy();
});

deviceTest("a program computes the same with shared texts", async (device) => {
  const x = input("x", [2, 6, 6, 8]);
  const w = [8, 16, 12, 16].map((n, i, all) => input(`w${i}`, [i ? all[i - 1]! : 8, n]));
  const filters = [0, 1].map((i) => input(`filter${i}`, [3, 3, 1, 16]));
  const y = filters.reduce(
    (h, f) => conv2d(h, f, { groups: 16, padding: 1 }),
    w.reduce((h: Tensor, v) => matmul(h, v), x),
  );
  const results: Float32Array[] = [];
  const texts: number[] = [];
  for (const share of [false, true]) {
    const program = compile({ outputs: [y] }, { ...device.limits, share });
    texts.push(new Set(program.dispatches.map((d) => d.wgsl)).size);
    const memory = new Memory(device);
    for (const t of [x, ...w, ...filters]) {
      memory.write(t, Float32Array.from({ length: t.size }, (_, i) => Math.sin(i + t.id)));
    }
    const runner = await Runner.create(program, memory);
    runner.run();
    results.push(await runner.read(y));
    runner.destroy();
    memory.destroy();
  }
  assert.deepEqual(results[1], results[0]);
  assert.ok(texts[1]! < texts[0]!, `${texts}`);
  assert.ok(results[0]!.some((v) => v !== 0));
});

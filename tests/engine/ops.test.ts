/** Every row of the table of cases: gradients against central differences, the device against the reference. */

import { strict as assert } from "node:assert";
import { FUSION_RULES } from "../../engine/compile/program.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { type Tensor, topological } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { deviceTest } from "../device.ts";
import { cases } from "./cases.ts";
import { deviceFeeds, error, numbers, type Problem, problem } from "./problem.ts";

/** The slope of the loss as `x` moves along `direction`, by central differences. */
function slope({ loss, feeds }: Problem, x: Tensor, direction: Float64Array): number {
  const h = 1e-5;
  const at = (step: number) =>
    interpret([loss], new Map(feeds).set(x, feeds.get(x)!.map((v, i) => v + step * direction[i]!)));
  return (at(h)[0]![0]! - at(-h)[0]![0]!) / (2 * h);
}

Deno.test("the names of cases are unique", () => {
  assert.equal(new Set(cases.map((c) => c.name)).size, cases.length);
});

Deno.test("every op of engine/ops has a row", () => {
  const folder = new URL("../../engine/ops/", import.meta.url);
  const named = [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const text = Deno.readTextFileSync(new URL(name, folder));
    return [...text.matchAll(/^const \w+Op\b[^]*?"(\w+)"/gm)].map((m) => m[1]!);
  });
  const used = new Set(
    cases.flatMap((row) => {
      const { y, grads } = problem(row);
      return topological([y, ...grads]).map((t) => t.op.name);
    }),
  );
  assert.ok(named.length > 40);
  assert.deepEqual(named.filter((name) => !used.has(name)), []);
});

for (const row of cases) {
  if (row.wrt?.length !== 0 && row.smooth !== false) {
    Deno.test(`${row.name}: gradients equal central differences`, () => {
      const p = problem(row);
      const grads = interpret(p.grads, p.feeds);
      p.wrt.forEach((x, i) => {
        assert.deepEqual(p.grads[i]!.shape, x.shape);
        for (const seed of [5, 6]) {
          const direction = numbers(x.size, seed, [-1, 1]);
          const expected = slope(p, x, direction);
          const actual = grads[i]!.reduce((s, g, j) => s + g * direction[j]!, 0);
          const scale = Math.max(1, Math.abs(expected));
          assert.ok(
            Math.abs(actual - expected) < 1e-7 * scale,
            `input ${i}: ${actual}, ${expected} was expected`,
          );
        }
      });
    });
  }
  deviceTest(`${row.name}: the device equals the reference`, async (device) => {
    const p = problem(row);
    const outputs = [p.y, ...p.grads];
    const expected = interpret(outputs, p.feeds);
    const feeds = deviceFeeds(row, p);
    // Kernels of a processor are tiled for a GPU too.
    const gpu = { ...device, limits: { ...device.limits, lanes: 1, loadBound: false } };
    const tiled = topological(outputs).some((t) => /matmul|conv2d|depthwise/.test(t.op.name));
    for (
      const [how, target, fuse] of [
        ["fused", device, true],
        ["unfused", device, false],
        ["by all rules", device, FUSION_RULES],
        ...(tiled && device.software ? [["unfused, as for a GPU", gpu, false] as const] : []),
      ] as const
    ) {
      const actual = await evaluate(target, outputs, feeds, { fuse });
      expected.forEach((values, i) => {
        const e = error(actual[i]!, values);
        const what = `${i ? `gradient ${i - 1}` : "output"}, ${how}`;
        assert.ok(e <= (row.tolerance ?? 2e-6), `${what}: error ${e}`);
      });
    }
  });
}

/** Every row of the table of cases: gradients against central differences, the device against the reference. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { FUSION_RULES } from "../../engine/compile/program.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input, type Tensor, topological } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { mul } from "../../engine/ops/pointwise.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { sum } from "../../engine/ops/sum.ts";
import { deviceTest } from "../device.ts";
import { type Case, declare } from "./cases/case.ts";
import { cases } from "./cases.ts";

interface Problem {
  readonly inputs: readonly Tensor[];
  readonly y: Tensor;
  /** Σ y·r for a random r, and its gradients by the inputs the case names. */
  readonly loss: Tensor;
  readonly wrt: readonly Tensor[];
  readonly grads: readonly Tensor[];
  readonly feeds: Map<Tensor, Float64Array>;
}

/** `count` numbers that float32 holds exactly. */
function numbers(count: number, seed: number, [low, high]: readonly [number, number]) {
  const at = (i: number) => Math.fround(low + (high - low) * uniform(seed, i));
  return Float64Array.from({ length: count }, (_, i) => at(i));
}

function problem(row: Case): Problem {
  const inputs = declare(row);
  const y = row.build(...inputs);
  const r = input("r", y.shape);
  const loss = sum(mul(y, r));
  const wrt = (row.wrt ?? inputs.map((_, i) => i)).map((i) => inputs[i]!);
  const feeds = new Map(inputs.map((t, i) => {
    const range = row.range?.[i] ?? [-2, 2];
    const limits = typeof range === "number" ? row.range as [number, number] : range;
    const values = row.bytes && i === 0
      ? numbers(t.size, i + 1, [0, 255]).map((v) => Math.round(v) / 255)
      : numbers(t.size, i + 1, limits);
    return [t, row.whole ? values.map(Math.round) : values];
  }));
  feeds.set(r, numbers(r.size, 99, [-1, 1]));
  return { inputs, y, loss, wrt, grads: wrt.length ? gradients(loss, wrt) : [], feeds };
}

/** The slope of the loss as `x` moves along `direction`, by central differences. */
function slope({ loss, feeds }: Problem, x: Tensor, direction: Float64Array): number {
  const h = 1e-5;
  const at = (step: number) =>
    interpret([loss], new Map(feeds).set(x, feeds.get(x)!.map((v, i) => v + step * direction[i]!)));
  return (at(h)[0]![0]! - at(-h)[0]![0]!) / (2 * h);
}

/** Largest difference, relative to the largest expected value. */
function error(actual: ArrayLike<number>, expected: Float64Array): number {
  assert.equal(actual.length, expected.length);
  const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1;
  const worst = expected.reduce((m, v, i) => {
    const d = Math.abs(actual[i]! - v);
    return d <= m ? m : d; // NaN stays
  }, 0);
  return worst / scale;
}

/** What to feed a device: bytes for images, four a pixel. */
function deviceFeed(row: Case, t: Tensor, i: number, values: Float64Array): ArrayLike<number> {
  if (!row.bytes || i !== 0) return values;
  return Uint8Array.from(
    { length: t.size / 3 * 4 },
    (_, j) => j % 4 === 3 ? 7 : Math.round(values[Math.floor(j / 4) * 3 + j % 4]! * 255),
  );
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
    const feeds = new Map(
      [...p.feeds].map(([t, v]) => [t, deviceFeed(row, t, p.inputs.indexOf(t), v)]),
    );
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

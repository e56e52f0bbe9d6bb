/** Activations kept as halves: how numbers are rounded, which values they are, and that every op is still right. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { isFeatureMap } from "../../engine/compile/formats.ts";
import { explain } from "../../engine/compile/explain.ts";
import { FUSION_RULES, type Precision } from "../../engine/compile/program.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input, isInput, type Tensor, topological } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { broadcastTo } from "../../engine/ops/pointwise.ts";
import { deviceTest } from "../device.ts";
import { feeds, mbconv } from "./blocks.ts";
import { cases } from "./cases.ts";
import { deviceFeeds, error, problem } from "./problem.ts";

const copy = (t: Tensor) => broadcastTo(t, t.shape);

deviceTest(
  "halves are the nearest there are: even, infinite, NaN and tiny ones too",
  async (device) => {
    const bits = new Uint16Array(2 ** 16).map((_, i) => i);
    const all = Float64Array.from(new Float16Array(bits.buffer));
    const between = all.map((v, i) => (v + (all[i + 1] ?? 0)) / 2);
    const off = [1 - 2 ** -20, 1 + 2 ** -20].flatMap((by) => [...between.map((v) => v * by)]);
    const values = Float32Array.from(
      [...all, ...between, ...off, 65519, 65520, -65520, 1e9, -1e30, 2 ** -25, 2 ** -26, 1e-40, 0],
    );
    const count = Math.ceil(values.length / 8) * 8;
    const x = input("x", [1, 2, count / 8, 4]);
    const [actual] = await evaluate(
      device,
      [copy(copy(x))],
      new Map([[x, Float32Array.from({ length: count }, (_, i) => values[i] ?? 0)]]),
      { fuse: false, precision: "f16" },
    );
    const wrong = [...values].flatMap((v, i) => {
      const same = Object.is(actual![i], Math.f16round(v));
      return same ? [] : [`${v} becomes ${actual![i]}, ${Math.f16round(v)} was expected`];
    });
    assert.deepEqual(wrong.slice(0, 5), []);
  },
);

/** An op reads halves and stores its result as halves, as it does some values between: each rounds once. */
const BAND = 2e-3;

/** Cases of which rounding makes more. */
const BANDS: Readonly<Record<string, number>> = {
  "moments far from zero, in parts": 1e-2, // the values of a channel differ in few of their bits
  "retouch, each image another way": 1.1 / 255, // results are whole levels
  "wholeLevels of a mixture": 1.1 / 255,
};

for (const row of cases) {
  deviceTest(`${row.name}: on halves, the device equals the reference`, async (device) => {
    const keep = (t: Tensor) => row.bytes && isInput(t) ? t : copy(t);
    const p = problem(row, keep);
    const outputs = [p.y, ...p.grads].map(copy);
    const expected = interpret(outputs, p.feeds);
    const gpu = { ...device, limits: { ...device.limits, lanes: 1, loadBound: false } };
    const stored = FUSION_RULES.filter((rule) => rule !== "inline"); // copies are kept
    const maps = topological(outputs).some((t) => isFeatureMap(t) && !isInput(t));
    for (
      const [how, target, fuse] of [
        ["unfused", device, false],
        ["fused, as for a GPU", gpu, stored],
      ] as const
    ) {
      const options = { fuse, precision: "f16" } as const;
      const { dispatches } = compile({ outputs }, { ...target.limits, ...options });
      const halves = dispatches.some((d) => d.bindings.some((b) => b.format === "f16"));
      if (!fuse) assert.equal(halves, maps, "which values are kept as halves");
      const actual = await evaluate(target, outputs, deviceFeeds(row, p), options);
      expected.forEach((values, i) => {
        const e = error(actual[i]!, values);
        assert.ok(
          e <= (BANDS[row.name] ?? BAND),
          `${i ? `gradient ${i - 1}` : "output"}, ${how}: error ${e}`,
        );
      });
    }
  });
}

Deno.test("activations and their gradients are halves; weights, sums and what leaves are not", () => {
  const block = mbconv(16, 28, 64, 1);
  const goal = { outputs: [block.packed], forward: [block.y] };
  const one = compile(goal);
  const two = compile(goal, { precision: "f16" });
  assert.deepEqual(
    two.dispatches.map((d) => d.label),
    one.dispatches.map((d) => d.label),
    "precision changes how values are kept, not which",
  );
  for (const [i, { label, bindings, place }] of two.dispatches.entries()) {
    for (const [k, { buffer, format, size }] of bindings.entries()) {
      const { holds } = two.buffers[buffer]!;
      const packed = label.startsWith("gather");
      if (holds || packed) assert.equal(format, "f32", place);
      if (format === "f16") assert.equal(size * 2, one.dispatches[i]!.bindings[k]!.size, place);
    }
  }
  const saved = one.memory.peak - two.memory.peak;
  assert.ok(saved > 0.4 * one.memory.peak, `${saved} of ${one.memory.peak} bytes are saved`);
  assert.ok(two.memory.kept < 0.55 * one.memory.kept);
  assert.match(explain(two), /b\d+(@[0-9a-f]+)?:f16/);
  assert.doesNotMatch(explain(one), /:f16/);
});

Deno.test("weights of grouped convolutions stay float32 where they are spread", () => {
  const x = input("x", [2, 6, 6, 8]);
  const y = conv2d(copy(x), input("w", [3, 3, 4, 8]), { groups: 2, padding: 1 });
  const { dispatches } = compile({ outputs: [y] }, { fuse: false, precision: "f16" });
  const formats = (label: string) =>
    dispatches.find((d) => d.label === label)!.bindings.find((b) => b.write)!.format;
  assert.equal(formats("expandGroups"), "f32");
  assert.equal(formats("copy"), "f16");
});

for (const target of ["this device", "a GPU"] as const) {
  deviceTest(
    `a block on halves is near float32, and repeats to the bit: ${target}`,
    async (device) => {
      const block = mbconv(2, 9, 24, 1);
      const gpu = { ...device, limits: { ...device.limits, lanes: 1, loadBound: false } };
      const run = (precision: Precision) =>
        evaluate(target === "a GPU" ? gpu : device, [block.y, ...block.grads], feeds(block), {
          precision,
        });
      const [exact, first, second] = [await run("f32"), await run("f16"), await run("f16")];
      assert.deepEqual(second, first);
      exact.forEach((values, i) => {
        const e = error(first[i]!, Float64Array.from(values));
        assert.ok(e < 1e-2, `result ${i}: ${e}`);
      });
      assert.notDeepEqual(first, exact);
    },
  );
}

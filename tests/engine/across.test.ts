/** Programs that wait for other ranks: what is put together, where they pause, what memory holds meanwhile. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { Memory } from "../../engine/gpu/memory.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { input } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { momentsAcross, sumAcross } from "../../engine/ops/across.ts";
import { moments } from "../../engine/ops/batch_norm.ts";
import { row } from "../../engine/ops/layout.ts";
import { add, mul } from "../../engine/ops/pointwise.ts";
import { captureModel, captureTraining } from "../../train/captured.ts";
import { localRanks } from "../../train/ranks.ts";
import { deviceTest } from "../device.ts";
import { optionsOf } from "../train/blocks.ts";
import { simulate } from "./simulate.ts";

Deno.test("moments of all rows follow from those of each rank's, also far from zero", () => {
  const rows = Float64Array.from({ length: 3 * 8 * 5 }, (_, i) => 1e6 + (i * 37 % 101) / 10);
  const all = input("all", [24, 5]);
  const [expected] = interpret([moments(all)], new Map([[all, rows]]));
  const own = input("own", [8, 5]);
  const parts = [0, 1, 2].map((rank) =>
    interpret([moments(own)], new Map([[own, rows.slice(rank * 40, (rank + 1) * 40)]]))[0]!
  );
  const y = momentsAcross(moments(own));
  y.op.across!(y, parts).forEach((x, i) => {
    assert.ok(Math.abs(x / expected![i]! - 1) < 1e-9, `${x}, ${expected![i]} was needed`);
  });
});

Deno.test("a training step pauses twice for each norm that is synchronised, else never", () => {
  for (const more of [{}, { recompute: true }, { precision: "f16" }] as const) {
    const pauses = (synchroniseNorms: boolean) => {
      const options = { ...optionsOf(more), ranks: localRanks(2)[0]!, synchroniseNorms };
      const { goal } = captureTraining(captureModel(options), options);
      for (const fuse of [true, false]) simulate([], goal.updates, { ...more, fuse });
      simulate([], goal.updates, { loadBound: true });
      return compile(goal, more).pauses.length;
    };
    const norms = captureModel(optionsOf(more)).variables.statistics.variables.length;
    assert.ok(norms > 1);
    assert.deepEqual([pauses(true), pauses(false)], [2 * norms, 0]);
  }
});

deviceTest("a program goes on with what the host has put together", async (device) => {
  const x = input("x", [2, 3]);
  const square = mul(x, x);
  const sum = sumAcross(square);
  const y = add(row(sum, 1), sumAcross(row(square, 1)));
  const memory = new Memory(device);
  const runner = await Runner.create(compile({ outputs: [y] }, device.limits), memory);
  memory.write(x, [1, 2, 3, 4, 5, 6]);
  assert.throws(() => runner.run(), /^TypeError: Cannot run: the program has 2 pauses/);
  const asked: number[][] = [];
  await runner.runAcross((own) => {
    asked.push([...own]);
    return Promise.resolve([own, own.map(() => 100)]);
  });
  assert.deepEqual(asked, [[1, 4, 9, 16, 25, 36], [16, 25, 36]]);
  assert.deepEqual([...await runner.read(y)], [232, 250, 272]);
  runner.destroy();
  memory.destroy();
});

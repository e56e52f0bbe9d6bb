/** What `evaluate` promises beside right numbers: inputs that are not fed, and NaN that stays NaN. */

import { strict as assert } from "node:assert";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { maxPool } from "../../engine/ops/max_pool.ts";
import { add, relu } from "../../engine/ops/pointwise.ts";
import { deviceTest } from "../device.ts";

deviceTest("evaluate() refuses to compute with an input that is not fed", async (device) => {
  const [x, z] = [input("x", [2]), input("z", [2])];
  const expected = {
    name: "TypeError",
    message: /^Cannot (evaluate|compute) %\d+ = input\(\) \[2\] z: /,
  };
  await assert.rejects(evaluate(device, [add(x, z)], new Map([[x, [1, 2]]])), expected);
  assert.throws(() => interpret([add(x, z)], new Map([[x, Float64Array.of(1, 2)]])), expected);
});

// What makes a diverged run visible: a NaN reaches the loss.
deviceTest("relu() and maxPool() keep NaN", async (device) => {
  const x = input("x", [1, 2, 4, 1]);
  const values = [NaN, 1, -1, 2, 3, 4, 5, NaN];
  for (
    const [y, expected] of [
      [relu(x), [NaN, 1, 0, 2, 3, 4, 5, NaN]],
      [maxPool(x, { kernel: 2 }), [NaN, NaN]],
      [maxPool(x, { kernel: 2, stride: 1 }), [NaN, 5, NaN]],
    ] as const
  ) {
    const feeds = Float64Array.from(values);
    assert.deepEqual([...interpret([y], new Map([[x, feeds]]))[0]!], expected);
    assert.deepEqual([...(await evaluate(device, [y], new Map([[x, feeds]])))[0]!], expected);
  }
});

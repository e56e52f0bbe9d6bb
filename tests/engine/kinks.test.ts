/** The slopes of activations where central differences see none: at their kinks, in PyTorch's numbers. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { hardSigmoid, hardSwish, relu, relu6 } from "../../engine/ops/pointwise.ts";
import { sum } from "../../engine/ops/sum.ts";
import { deviceTest } from "../device.ts";

const KINKS: readonly [(x: Tensor) => Tensor, Readonly<Record<number, number>>][] = [
  [relu, { "-1": 0, 0: 0, 1: 1 }],
  [relu6, { "-1": 0, 0: 0, 3: 1, 6: 0, 7: 0 }],
  [hardSigmoid, { "-4": 0, "-3": 0, 0: 1 / 6, 3: 0, 4: 0 }],
  [hardSwish, { "-4": 0, "-3": -0.5, 0: 0.5, 3: 1.5, 4: 1 }],
];

for (const [activation, slopes] of KINKS) {
  const at = Object.keys(slopes).map(Number);
  const expected = at.map((v) => slopes[v]!);
  const x = input("x", [at.length]);
  const dx = gradients(sum(activation(x)), [x]);

  Deno.test(`${activation.name}() has PyTorch's slopes at its kinks`, () => {
    const [slope] = interpret(dx, new Map([[x, Float64Array.from(at)]]));
    assert.deepEqual([...slope!], expected);
  });

  deviceTest(`${activation.name}() has them on the device`, async (device) => {
    const [slope] = await evaluate(device, dx, new Map([[x, at]]));
    slope!.forEach((v, i) => assert.ok(Math.abs(v - expected[i]!) < 1e-7, `${at[i]}: ${v}`));
  });
}

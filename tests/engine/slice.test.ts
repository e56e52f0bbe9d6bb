/** Slices of a batch on a device that sees little at once: the numbers of the whole batch, in every mode. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { MemoryError } from "../../engine/compile/program.ts";
import { sliceBatch } from "../../engine/compile/slice.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input, type Tensor, topological } from "../../engine/graph.ts";
import { interpret } from "../../engine/interpret.ts";
import { gradients } from "../../engine/autodiff.ts";
import { averagePool } from "../../engine/ops/average_pool.ts";
import { dropout, dropPath } from "../../engine/ops/dropout.ts";
import { maxPool } from "../../engine/ops/max_pool.ts";
import { pack } from "../../engine/ops/layout.ts";
import { add, mul, relu, silu } from "../../engine/ops/pointwise.ts";
import { mean, sum } from "../../engine/ops/sum.ts";
import { storedBytes } from "../../engine/shape.ts";
import { deviceTest } from "../device.ts";
import { basic, type Block, feeds, mbconv } from "./blocks.ts";
import { simulate } from "./simulate.ts";

/** Pools of both kinds, what they are made of, and samples that are dropped. */
function pools(n: number): Block {
  const inputs = [input("x", [n, 6, 6, 8]), input("r", [n, 3, 3, 8]), input("seed", [1])];
  const [x, r, seed] = inputs as [Tensor, Tensor, Tensor];
  const y = add(
    maxPool(silu(mul(x, x)), { kernel: 3, stride: 2, padding: 1 }),
    averagePool(relu(dropPath(add(x, x), 0.4, seed, 1)), { kernel: 2 }),
  );
  const grads = gradients(sum(mul(y, r)), [x, r]);
  return { inputs, y, grads, packed: pack(grads) };
}

const blocks: Readonly<Record<string, () => Block>> = {
  "an inverted bottleneck": () => mbconv(12, 12, 24, 1),
  "one of stride 2": () => mbconv(12, 12, 24, 2),
  "a residual block": () => basic(8, 20),
  "pools": () => pools(6),
};

/** Its value, its gradients, and those of its weights packed. */
const goalOf = ({ y, grads }: Block) => [y, ...grads, pack([mean(y), ...grads.slice(1, -1)])];

/** Bytes of the largest images that are computed. */
function largest(outputs: readonly Tensor[], batch: number): number {
  const computed = topological(outputs, (t) => t.operands).filter(({ operands, shape }) =>
    operands.length && shape.length === 4 && shape[0] === batch
  );
  return Math.max(...computed.map((t) => storedBytes(t.shape)));
}

function error(actual: ArrayLike<number>, expected: Float64Array): number {
  const scale = Math.max(...expected.map(Math.abs)) || 1;
  return Math.max(...Array.from(actual, (v, i) => Math.abs(v - expected[i]!))) / scale;
}

for (const [name, make] of Object.entries(blocks)) {
  Deno.test(`sliced and whole batches are the same numbers: ${name}`, () => {
    const block = make();
    const outputs = goalOf(block);
    const expected = interpret(outputs, feeds(block));
    const [n] = block.inputs[0]!.shape as [number];
    const bytes = largest(outputs, n);
    for (const maxBinding of [bytes - 1, Math.ceil(bytes / 2), Math.ceil(bytes / n)]) {
      const sliced = sliceBatch(outputs, { maxBinding, maxBuffers: 8 });
      const again = interpret(outputs.map((t) => sliced.get(t)!), feeds(block));
      again.forEach((values, i) => {
        const e = error(values, expected[i]!);
        assert.ok(e < 1e-10, `output ${i}, ${maxBinding} bytes: error ${e}`);
      });
    }
  });
}

Deno.test("a sliced batch is one batch: all of it is seen a few images at a time, in one plan", () => {
  const block = mbconv(12, 12, 24, 1);
  const outputs = goalOf(block);
  const maxBinding = largest(outputs, 12) - 1;
  for (const fuse of [true, false]) {
    simulate(outputs, new Map(), { maxBinding, fuse });
    const whole = compile({ outputs }, { fuse });
    const { dispatches } = compile({ outputs }, { maxBinding, fuse });
    const seen = dispatches.flatMap((d) => d.bindings.map((b) => b.size));
    assert.ok(Math.max(...seen) <= maxBinding);
    assert.ok(dispatches.length > whole.dispatches.length);
  }
  // Nothing is sliced where everything fits, and what is small stays in one piece.
  const same = sliceBatch(outputs, {});
  assert.ok(outputs.every((t) => same.get(t) === t));
});

Deno.test("what one image needs is refused where a device does not see it, by name", () => {
  const { y } = mbconv(2, 8, 24, 1);
  const maxBinding = 64 * 24 * 4 - 1;
  assert.throws(() => compile({ outputs: [y] }, { maxBinding }), (error) => {
    assert.ok(error instanceof MemoryError);
    assert.match(error.message, /^Cannot place %\d+ = \w+\(.*\[1,8,8,24\].*; a smaller image size/);
    return true;
  });
});

Deno.test("elements dropped from a large batch are not drawn slice by slice", () => {
  const x = input("x", [4, 8, 8, 4]);
  const y = dropout(mul(x, x), 0.5, input("seed", [1]), 3);
  assert.throws(() => compile({ outputs: [y] }, { maxBinding: 2048 }), /batch of 2 or fewer/);
});

for (const [name, make] of Object.entries(blocks)) {
  deviceTest(`a device that sees little computes the same: ${name}`, async (device) => {
    const block = make();
    const outputs = goalOf(block);
    const numbers = feeds(block);
    const expected = interpret(outputs, numbers);
    const [n] = block.inputs[0]!.shape as [number];
    const maxBinding = largest(outputs, n) - 1;
    const small = { ...device, limits: { ...device.limits, maxBinding } };
    const actual = await evaluate(small, outputs, numbers);
    actual.forEach((values, i) => {
      const e = error(values, expected[i]!);
      assert.ok(e < 1e-4, `output ${i}: error ${e}`);
    });
    const again = await evaluate(small, outputs, numbers);
    assert.deepEqual(again, actual, "the same bits each time");
  });
}

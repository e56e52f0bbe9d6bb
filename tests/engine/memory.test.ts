/** Memory in use over a program: what is live, what is kept, and that gradients do not wait for the end. */

import { strict as assert } from "node:assert";
import { gradients } from "../../engine/autodiff.ts";
import { explain } from "../../engine/compile/explain.ts";
import { compile } from "../../engine/compile/mod.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { pack } from "../../engine/ops/layout.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { add, mul, silu } from "../../engine/ops/pointwise.ts";
import { mean } from "../../engine/ops/sum.ts";

const [rows, width] = [64, 8];
const bytes = rows * width * 4;

/** `depth` products, each of which its gradient needs again; the gradients packed. */
function network(depth: number) {
  const weights = Array.from({ length: depth }, (_, i) => input(`w${i}`, [width, width]));
  const x = input("x", [rows, width]);
  const y = weights.reduce((h: Tensor, w) => silu(matmul(h, w)), x);
  const loss = mean(mul(y, y));
  return { loss, gradient: pack(gradients(loss, weights)) };
}

Deno.test("compile() counts a value from where it is written to where it is read last", () => {
  const [x, w] = [input("x", [rows, width]), input("w", [width, width])];
  const two = compile({ outputs: [matmul(matmul(x, w), w)] });
  assert.deepEqual(two.memory, { allocated: 2 * bytes, peak: 2 * bytes, kept: 0 });
  const [a, b] = [matmul(x, w), matmul(add(x, x), w)];
  const sum = compile({ outputs: [matmul(add(a, b), w)] });
  assert.equal(sum.memory.peak, 3 * bytes);
  // The output is read after the step, however early it is written.
  const early = compile({ outputs: [a, matmul(matmul(matmul(a, w), w), w)] });
  assert.equal(early.memory.peak, 3 * bytes);
});

Deno.test("compile() counts what the forward pass leaves to the backward pass as kept", () => {
  for (const depth of [4, 8]) {
    const { loss, gradient } = network(depth);
    const program = compile({ outputs: [gradient], forward: [loss] });
    assert.equal(program.memory.kept, depth * bytes, "each product is read by its gradient");
    assert.match(explain(program), /\nkept from the forward pass for later: \d/);
  }
});

Deno.test("a step computes each gradient as soon as it can: memory is that of what is kept", () => {
  for (const depth of [4, 16]) {
    const { loss, gradient } = network(depth);
    const program = compile({ outputs: [gradient], forward: [loss] });
    const { peak, kept, allocated } = program.memory;
    const arena = depth * width * width * 4;
    assert.ok(allocated <= peak + arena, `${allocated} of slots for ${peak}`);
    assert.ok(
      peak <= kept + arena + 4 * bytes,
      `${peak} for ${kept} kept and ${arena} of gradients`,
    );
  }
});

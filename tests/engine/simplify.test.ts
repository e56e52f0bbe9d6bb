/** Simplification: what becomes one, what vanishes, and what must stay. */

import { strict as assert } from "node:assert";
import { simplify } from "../../engine/compile/simplify.ts";
import { constant, input, type Tensor, topological } from "../../engine/graph.ts";
import { sumTo } from "../../engine/ops/sum.ts";
import { add, full, mul, relu, silu, sub } from "../../engine/ops/pointwise.ts";
import { transpose } from "../../engine/ops/layout.ts";

const x = input("x", [2, 3]);
const y = input("y", [2, 3]);

/** `roots` after simplification. */
function simple(...roots: Tensor[]): Tensor[] {
  const result = simplify(roots);
  return roots.map((t) => result.get(t)!);
}

Deno.test("simplify() makes equal expressions one", () => {
  const [a, b] = simple(silu(mul(x, y)), silu(mul(x, y))) as [Tensor, Tensor];
  assert.ok(a === b);
  const [s] = simple(add(silu(mul(x, y)), silu(mul(x, y)))) as [Tensor];
  assert.equal(topological([s]).length, 5); // x, y, mul, silu, add
});

Deno.test("simplify() keeps apart what differs in op, operands, order, shape or attributes", () => {
  for (
    const [a, b] of [
      [silu(x), relu(x)],
      [silu(x), silu(y)],
      [sub(x, y), sub(y, x)],
      [full(1, [2]), full(1, [3])],
      [full(1, [2]), full(2, [2])],
      [constant([1, 2], [2]), constant([1, 3], [2])],
      [transpose(input("s", [3, 3]), [1, 0]), transpose(input("s", [3, 3]), [1, 0])],
    ] as const
  ) {
    const [p, q] = simple(a, b);
    assert.ok(p !== q, `${a} and ${b}`);
  }
});

Deno.test("simplify() drops products with 1 and sums with 0", () => {
  const shape = [2, 3];
  const same = [
    mul(x, full(1, shape)),
    mul(full(1, []), x),
    add(x, full(0, [])),
    add(full(0, shape), mul(x, full(1, [3]))),
  ];
  for (const t of simple(...same)) assert.ok(t === x);
});

Deno.test("simplify() keeps a product with 1 that stretches, and differences", () => {
  const b = input("b", [3]);
  assert.deepEqual(simple(mul(b, full(1, [2, 3])))[0]!.shape, [2, 3]);
  assert.ok(simple(sub(full(0, []), x))[0] !== x);
  assert.ok(simple(add(x, full(1, [])))[0] !== x);
});

Deno.test("simplify() drops inputs that only gradients need", () => {
  const [s] = simple(sumTo(mul(x, y), [3])) as [Tensor];
  assert.equal(s.inputs.length, 1);
  assert.ok(!topological([s]).some((t) => t.op.name === "sumTo" && t.inputs.length > 1));
});

Deno.test("simplify() keeps labels", () => {
  const a = silu(x);
  const b = silu(x);
  b.label = "head";
  const [p] = simple(a, b) as [Tensor];
  assert.equal(p.label, "head");
});

/** What every plan must keep: no value is overwritten before it is read, whatever the graph. No GPU. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { MemoryError } from "../../engine/compile/program.ts";
import { bufferBytes } from "../../engine/compile/formats.ts";
import { written } from "../../engine/compile/steps.ts";
import { gradients } from "../../engine/autodiff.ts";
import { input, type Tensor } from "../../engine/graph.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { dropout } from "../../engine/ops/dropout.ts";
import { arenaLayout, pack, part, reshape, row, transpose } from "../../engine/ops/layout.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { add, broadcastTo, div, full, mul, silu, sqrt, sub } from "../../engine/ops/pointwise.ts";
import { mean, sum } from "../../engine/ops/sum.ts";
import { randomGoal } from "./random_goal.ts";
import { simulate } from "./simulate.ts";

const one = full(1, []);

/** A network of `depth` layers, its loss and its gradients packed. */
function network(depth: number, width: number) {
  const shapes = Array.from({ length: depth }, () => [width, width]);
  const { offsets, shape: arenaShape } = arenaLayout(shapes);
  const arena = input("weights", arenaShape);
  const weights = shapes.map((shape, i) => part(arena, offsets[i]!, shape));
  const x = input("x", [6, width]);
  const y = weights.reduce((h, w) => add(silu(matmul(h, w)), h), x);
  const loss = mean(mul(y, y));
  return { arena, x, loss, packed: pack(gradients(loss, weights)) };
}

Deno.test("plan() reuses slots and never reads what was overwritten", () => {
  const { loss, packed } = network(8, 60);
  for (const fuse of [true, false]) {
    const planned = simulate([loss, packed], new Map(), { fuse });
    const { slots, buffers } = planned;
    const inSlots = slots.filter((s) => !buffers[s.buffer]!.holds);
    const heap = buffers[inSlots[0]!.buffer]!;
    assert.ok(inSlots.some((a) => inSlots.some((b) => a !== b && a.offset === b.offset)));
    const stored = planned.steps.flatMap(written).reduce((n, t) => n + bufferBytes(t), 0);
    assert.ok(heap.size < stored, `${heap.size} bytes for ${stored} of values`);
  }
  // A chain needs room for two values besides its inputs, however long it is.
  let x = input("x", [5, 5]);
  const w = input("w", [5, 5]);
  for (let i = 0; i < 20; i++) x = matmul(x, w);
  assert.deepEqual(simulate([x]).buffers.map((b) => b.size), [160, 160, 512]);
});

Deno.test("plan() replaces states in place, by one dispatch where they belong together", () => {
  const { arena, packed, loss } = network(2, 4);
  const m = input("m", arena.shape);
  const v = input("v", arena.shape);
  const rate = input("rate", []);
  const nextM = add(mul(m, full(0.9, [])), mul(packed, full(0.1, [])));
  const nextV = add(mul(v, full(0.99, [])), mul(mul(packed, packed), full(0.01, [])));
  const next = sub(arena, mul(div(nextM, add(sqrt(nextV), full(1e-8, []))), rate));
  const planned = simulate([loss], new Map([[arena, next], [m, nextM], [v, nextV]]));
  const last = planned.steps.at(-1)!;
  const written = last.stores.map((t) => planned.places.get(t)!.slot).sort();
  assert.deepEqual(written, [arena, m, v].map((t) => planned.places.get(t)!.slot).sort());
});

Deno.test("plan() splits updates that belong to no other over dispatches of 8 buffers", () => {
  const x = input("x", [4]);
  const states = Array.from({ length: 10 }, (_, i) => input(`s${i}`, [4]));
  const planned = simulate([], new Map(states.map((s, i) => [s, add(s, mul(x, full(i, [])))])));
  assert.deepEqual(planned.steps.map((s) => s.stores.length), [7, 3]);
});

Deno.test("plan() keeps states that others take over", () => {
  const [a, b, c] = [input("a", [2]), input("b", [2]), input("c", [2])];
  simulate([], new Map([[a, b], [b, a]]));
  simulate([], new Map([[a, b], [b, add(b, one)]]));
  simulate([], new Map([[b, add(b, one)], [a, b]]));
  simulate([], new Map([[a, add(b, one)], [b, add(c, one)], [c, add(a, one)]]));
  simulate([], new Map([[a, a]]));
});

Deno.test("plan() gives each state its value where several become the same", () => {
  const [a, b, c] = [input("a", [2]), input("b", [2]), input("c", [2])];
  simulate([], new Map([[a, full(0, [2])], [b, full(0, [2])]]));
  simulate([], new Map([[a, add(c, one)], [b, add(c, one)], [c, add(c, one)]]));
});

Deno.test("plan() writes over no state that is read elsewhere than it is written", () => {
  const a = input("a", [2, 4]);
  const shifted = add(a, broadcastTo(row(a, 1), [2, 4]));
  assert.equal(simulate([], new Map([[a, shifted]])).steps.length, 2);
  const b = input("b", [2, 4]);
  simulate([], new Map([[a, add(a, b)], [b, add(b, reshape(mul(a, a), [2, 4]))]]));
  simulate([], new Map([[a, add(a, b)], [b, add(b, row(a, 0))]]));
  const next = add(a, b);
  simulate([matmul(next, transpose(next, [1, 0]))], new Map([[a, next]]));
});

Deno.test("plan() computes parts of packs in place and copies only what it must", () => {
  const [x, w] = [input("x", [4, 4]), input("w", [4, 4])];
  const g = matmul(x, w);
  const alone = simulate([pack([g, matmul(w, x), sum(x, [0])])]);
  assert.ok(alone.steps.every((s) => written(s)[0]!.op.name !== "copy"));
  const copies = (t: Tensor) =>
    simulate([t]).steps.flatMap(written).filter((s) => s.op.name === "copy").length;
  assert.equal(copies(pack([g, g])), 1);
  assert.equal(copies(pack([x, g])), 1);
  assert.equal(copies(pack([reshape(g, [2, 8]), w])), 1);
  simulate([pack([matmul(g, w), g, silu(g)]), pack([g, x])]);
});

Deno.test("compile() names the tensor that does not fit, and the largest batch that would", () => {
  const make = (n: number) => {
    // What is dropped depends on where it stands in the batch, which is not divided then.
    const y = dropout(matmul(input("x", [n, 8]), input("w", [8, 1024])), 0.5, input("seed", []), 1);
    y.label = "head";
    return y;
  };
  const error = (() => {
    try {
      compile({ outputs: [make(64)] }, { maxBinding: 100_000 });
    } catch (e) {
      return e;
    }
  })();
  assert.ok(error instanceof MemoryError);
  assert.match(error.message, /dropout.*\[64,1024\] head.*batch of 24 or fewer/);
  // The batch it names does fit.
  compile({ outputs: [make(24)] }, { maxBinding: 100_000 });
});

Deno.test("compile() refuses a grid that no device runs", () => {
  const make = (n: number, height: number) =>
    conv2d(input("x", [n, height, 224, 3]), input("w", [3, 3, 3, 4]), { padding: 1 });
  const options = { maxBinding: 2 ** 32 - 1, maxBuffer: 2 ** 32 - 1 };
  const { dispatches } = compile({ outputs: [make(1024, 225)] }, options);
  assert.ok(dispatches.length > 1, "a few images at a time");
  assert.throws(() => compile({ outputs: [make(1, 1024 * 225)] }, options), (error) => {
    assert.ok(error instanceof MemoryError);
    assert.match(error.message, /^Cannot compute %\d+ = conv2d.*: a grid of 1×\d+×1 workgroups/);
    return true;
  });
});

Deno.test("compile() binds at most maxBuffers buffers", () => {
  const inputs = Array.from({ length: 12 }, (_, i) => input(`x${i}`, [3, 5]));
  const total = inputs.reduce((a, b) => add(a, b));
  for (const maxBuffers of [4, 8]) {
    for (const y of [total, sum(total), matmul(silu(total), input("w", [5, 2]))]) {
      simulate([y], new Map(), { maxBuffers });
      const { dispatches } = compile({ outputs: [y] }, { maxBuffers });
      assert.ok(dispatches.every((d) => d.bindings.length <= maxBuffers));
    }
  }
});

Deno.test("plan() holds for random graphs and updates", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const { outputs, updates } = randomGoal(seed);
    const maxBuffers = 4 + seed % 5;
    const maxBuffer = seed % 2 ? 2 ** 28 : 2048; // many heaps
    for (const fuse of [true, false]) simulate(outputs, updates, { fuse, maxBuffers, maxBuffer });
  }
});

/** What `explain` says of a small program: the text is the decision of the compiler, kept here. */

import assert from "node:assert/strict";
import { compile } from "../../engine/compile/mod.ts";
import { explain } from "../../engine/compile/explain.ts";
import { input } from "../../engine/graph.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { add, mul, relu, sub } from "../../engine/ops/pointwise.ts";
import { globalAveragePool, sum } from "../../engine/ops/sum.ts";

Deno.test("explain: ops join the dispatch that computes what they read, and the costs add up", () => {
  const x = input("x", [1, 64, 64, 4]);
  const w = input("w", [3, 3, 4, 8]);
  const bias = input("b", [8]);
  const y = relu(add(conv2d(x, w, { padding: 1 }), bias));
  const text = explain(compile({ outputs: [globalAveragePool(y)] }));
  const labels = text.split("\n").map((line) => line.replace(/^ *\d+ {2}/, "").split(" ")[0]);
  assert.deepEqual(labels.slice(0, 2), ["conv2d+add+relu+sum", "sum+mul"]);
  assert.match(text, /2 dispatches move 68\.8 kB/);
  assert.match(text, /3 inputs, states and constants: 66\.7 kB/);
});

Deno.test("explain: a sum that cannot join says why", () => {
  const x = input("x", [8, 16, 16, 8]);
  const z = matmul(x, input("w", [8, 8]));
  const mean = sum(z, [0, 1, 2]);
  const text = explain(compile({ outputs: [sum(mul(sub(z, mean), sub(z, mean)))] }));
  assert.match(text, /\[apart: its newest operand is a sum, complete only after that\]/);
});

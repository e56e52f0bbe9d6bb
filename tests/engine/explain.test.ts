/** What `explain` says of a small program: the text is the decision of the compiler, kept here. */

import assert from "node:assert/strict";
import { compile } from "../../engine/compile/mod.ts";
import { explain } from "../../engine/compile/explain.ts";
import { input } from "../../engine/graph.ts";
import { conv2d } from "../../engine/ops/conv2d.ts";
import { add, relu } from "../../engine/ops/pointwise.ts";
import { globalAveragePool } from "../../engine/ops/sum.ts";

Deno.test("explain: pointwise ops join the dispatch that reads them, and the costs add up", () => {
  const x = input("x", [1, 16, 16, 4]);
  const w = input("w", [3, 3, 4, 8]);
  const bias = input("b", [8]);
  const y = relu(add(conv2d(x, w, { padding: 1 }), bias));
  const text = explain(compile({ outputs: [globalAveragePool(y)] }));
  const labels = text.split("\n").map((line) => line.replace(/^ *\d+ {2}/, "").split(" ")[0]);
  assert.deepEqual(labels.slice(0, 2), ["conv2d+add+relu+sum", "sum+mul"]);
  assert.match(text, /2 dispatches move \d+\.\d kB/);
  assert.match(text, /3 inputs, states and constants: 5\.3 kB/);
});

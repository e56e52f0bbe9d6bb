/** Random graphs with outputs and updates: no sense in them, every kind of op and of sharing. */

import { constant, input, type Tensor } from "../../engine/graph.ts";
import { pack, part, reshape, row, transpose } from "../../engine/ops/layout.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { add, broadcastTo, mul, silu } from "../../engine/ops/pointwise.ts";
import { uniform } from "../../engine/ops/dropout.ts";
import { sum } from "../../engine/ops/sum.ts";

/** A goal that is another one for each seed; all states and `x` are [4, 4]. */
export function randomGoal(seed: number) {
  let counter = 0;
  const pick = (n: number) => Math.floor(uniform(seed, counter++) * n);
  const states = Array.from({ length: 4 }, (_, i) => input(`s${i}`, [4, 4]));
  const x = input("x", [4, 4]);
  const values: Tensor[] = [...states, constant([0.1, 0.2, -0.3, 0.4], [4]), x];
  const choose = () => values[pick(values.length)]!;
  const square = () => broadcastTo(choose(), [4, 4]);
  const makers = [
    () => add(choose(), choose()),
    () => mul(choose(), choose()),
    () => silu(choose()),
    () => matmul(square(), square()),
    () => sum(choose(), [0]),
    () => row(square(), pick(4)),
    () => reshape(reshape(square(), [2, 8]), [4, 4]),
    () => transpose(square(), [1, 0]),
    () => part(pack([choose(), choose()]), 0, [4, 4]),
  ];
  for (let i = 0; i < 14; i++) values.push(makers[pick(makers.length)]!());
  const updates = new Map(states.filter(() => pick(4) > 0).map((s) => [s, square()]));
  return { states, x, outputs: [choose(), choose()], updates };
}

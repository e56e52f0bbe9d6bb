/** Rows of the table of cases: ops that move elements. */

import {
  after,
  arenaLayout,
  concatenate,
  flatten,
  imagesOf,
  pack,
  part,
  reshape,
  row,
  transpose,
} from "../../../engine/ops/layout.ts";
import { matmul } from "../../../engine/ops/matmul.ts";
import { add, full, mul, silu } from "../../../engine/ops/pointwise.ts";
import { squeeze } from "../../../engine/ops/sum.ts";
import type { Case } from "./case.ts";

/** Reshapes, transposes, rows, parts and packs. */
export const layoutCases: Case[] = [
  { name: "reshape, a view", inputs: [[2, 3, 4]], build: (x) => silu(reshape(x!, [6, 4])) },
  {
    name: "reshape, multiples of four",
    inputs: [[2, 3, 8]],
    build: (x) => silu(reshape(x!, [4, 12])),
  },
  { name: "reshape, channels moved", inputs: [[2, 3, 5]], build: (x) => reshape(x!, [5, 6]) },
  { name: "flatten", inputs: [[2, 3, 3, 5]], build: (x) => flatten(x!) },
  { name: "flatten of a sum", inputs: [[2, 1, 3, 7]], build: (x) => flatten(add(x!, x!)) },
  { name: "squeeze", inputs: [[3, 1, 1, 5]], build: (x) => squeeze(x!) },
  { name: "transpose", inputs: [[5, 7]], build: (x) => transpose(x!, [1, 0]) },
  {
    name: "transpose, five axes",
    inputs: [[2, 3, 2, 4, 3]],
    build: (x) => transpose(silu(x!), [4, 0, 3, 1, 2]),
  },
  { name: "row", inputs: [[3, 5], [2, 5]], build: (x, y) => mul(row(x!, 1), y!), wrt: [1] },
  {
    name: "after",
    inputs: [[3, 5], [2, 5]],
    build: (x, y) => add(silu(x!), silu(after(x!, matmul(y!, transpose(y!, [1, 0]))))),
    wrt: [],
  },
  {
    name: "after, of bytes",
    inputs: [[1, 3, 2, 3], [2, 5]],
    build: (x, y) => silu(after(x!, transpose(y!, [1, 0]))),
    wrt: [],
    bytes: true,
  },
  {
    name: "images of a batch, one behind the other again",
    inputs: [[3, 2, 3, 5]],
    build: (x) => {
      const slices = [imagesOf(x!, 0, 2), imagesOf(silu(x!), 2, 1)];
      return mul(concatenate(slices.map(silu), x!.shape), full(2, []));
    },
    wrt: [],
  },
  {
    name: "pack and part",
    inputs: [[3, 5], [7], [2, 2, 4]],
    build: (a, b, c) => {
      const parts = [silu(a!), b!, add(c!, c!)];
      const { offsets } = arenaLayout(parts.map((t) => t.shape));
      return mul(part(pack(parts), offsets[0]!, [3, 5]), full(2, []));
    },
    wrt: [],
  },
];

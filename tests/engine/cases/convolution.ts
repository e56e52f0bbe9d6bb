/** Rows of the table of cases: convolutions, dense, grouped and depthwise. */

import { conv2d, type Conv2dOptions } from "../../../engine/ops/conv2d.ts";
import { add, silu } from "../../../engine/ops/pointwise.ts";
import type { Shape } from "../../../engine/shape.ts";
import type { Case } from "./case.ts";

/** A convolution of `x` by `w`, named by its sizes. */
function convolution(x: Shape, w: Shape, options: Conv2dOptions = {}): Case {
  const details = Object.entries(options).map(([key, value]) => `, ${key} ${value}`).join("");
  return {
    name: `conv2d of ${x.join("×")} by ${w.join("×")}${details}`,
    inputs: [x, w],
    build: (x, w) => conv2d(x!, w!, options),
  };
}

/** Windows of all kinds, channels that fill quads and that do not. */
export const convolutionCases: Case[] = [
  convolution([2, 5, 6, 3], [3, 3, 3, 5], { padding: 1 }),
  convolution([1, 7, 7, 3], [3, 3, 3, 8], { stride: 2, padding: 1 }),
  convolution([2, 6, 5, 4], [3, 3, 4, 4]),
  convolution([1, 9, 11, 3], [7, 7, 3, 6], { stride: 2, padding: 3 }),
  convolution([2, 5, 5, 7], [1, 1, 7, 12], { stride: 2 }),
  convolution([2, 3, 3, 5], [1, 1, 5, 7]),
  convolution([1, 4, 4, 1], [3, 3, 1, 1], { padding: 1 }),
  convolution([1, 6, 5, 2], [1, 3, 2, 5], { padding: 1 }),
  convolution([1, 4, 6, 3], [2, 2, 3, 4], { stride: 2 }),
  convolution([1, 7, 5, 2], [2, 2, 2, 3], { stride: 3, padding: 1 }),
  convolution([1, 5, 5, 68], [3, 3, 68, 9], { padding: 1 }),
  convolution([1, 17, 19, 4], [3, 3, 4, 8], { padding: 1 }),
  convolution([1, 1, 1, 3], [3, 3, 3, 4], { padding: 1 }),

  convolution([1, 8, 7, 3], [3, 3, 3, 8], { stride: 2, padding: "same" }),
  convolution([2, 5, 6, 4], [5, 5, 4, 4], { stride: 2, padding: "same" }),
  convolution([1, 4, 5, 2], [2, 3, 2, 5], { padding: "same" }),
  convolution([1, 5, 4, 3], [1, 1, 3, 4], { stride: 2, padding: "same" }),
  convolution([1, 4, 3, 3], [1, 1, 3, 4], { padding: "same" }),

  convolution([2, 5, 4, 6], [3, 3, 3, 4], { padding: 1, groups: 2 }),
  convolution([1, 5, 5, 8], [3, 3, 2, 12], { stride: 2, padding: 1, groups: 4 }),
  convolution([1, 4, 4, 3], [3, 3, 1, 6], { padding: 1, groups: 3 }),
  convolution([1, 3, 3, 6], [1, 1, 3, 8], { groups: 2 }),

  convolution([2, 5, 6, 5], [3, 3, 1, 5], { padding: 1, groups: 5 }),
  convolution([1, 7, 7, 8], [3, 3, 1, 8], { stride: 2, padding: 1, groups: 8 }),
  convolution([1, 9, 8, 7], [5, 5, 1, 7], { stride: 2, padding: 2, groups: 7 }),
  convolution([1, 6, 7, 4], [5, 5, 1, 4], { padding: 2, groups: 4 }),
  convolution([1, 5, 4, 3], [2, 2, 1, 3], { groups: 3 }),
  convolution([2, 8, 7, 6], [3, 3, 1, 6], { stride: 2, padding: "same", groups: 6 }),
  convolution([1, 9, 14, 5], [5, 5, 1, 5], { stride: 2, padding: "same", groups: 5 }),
  convolution([2, 15, 15, 12], [3, 3, 1, 12], { padding: 1, groups: 12 }),

  {
    name: "conv2d between activations",
    inputs: [[2, 5, 5, 6], [3, 3, 6, 7], [7]],
    build: (x, w, b) => silu(add(conv2d(silu(x!), w!, { padding: 1 }), b!)),
  },
  {
    name: "depthwise conv2d between activations",
    inputs: [[2, 5, 5, 6], [3, 3, 1, 6], [6]],
    build: (x, w, b) => silu(add(conv2d(silu(x!), w!, { stride: 2, padding: 1, groups: 6 }), b!)),
  },
];

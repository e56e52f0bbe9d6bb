/** Rows of the table of cases: images retouched and mixed. Numbers say what is done, so one program has many operations. */

import { constant, type Tensor } from "../../../engine/graph.ts";
import { mixBatch } from "../../../engine/ops/mix_batch.ts";
import { mul } from "../../../engine/ops/pointwise.ts";
import { retouch, wholeLevels } from "../../../engine/ops/retouch.ts";
import { projection, RETOUCH, RETOUCH_NUMBERS } from "../../../engine/ops/retouch_codes.ts";
import type { Case } from "./case.ts";

/** Turned by 20° about the middle of 6 × 5 pixels, made smaller to the right. */
const map = projection([[0.94, -0.34, 0.01], [0.34, 0.94, 0], [-0.3, 1.4, 1]], {
  ...{ width: 6, height: 5, fill: [200, 3, 90] },
});

/** One operation for each image. */
const OPERATIONS: readonly (readonly number[])[] = [
  [RETOUCH.keep],
  [RETOUCH.mirror],
  [RETOUCH.flip],
  [RETOUCH.nearest, 0, 0, 0, ...map],
  [RETOUCH.bilinear, 0, 0, 0, ...map],
  [RETOUCH.saturate, 1.6],
  [RETOUCH.hue, 200],
  [RETOUCH.sharpen, 2.2],
  [RETOUCH.blur, 3, 5, 0, 0.8, 1.7],
  [RETOUCH.noise, 4321, 7, 30],
  [RETOUCH.erase, -1, 0, 0, 1, 2, 4, 9, 5, 6, 7],
  [RETOUCH.erase, 99, 0, 0, 0, 1, 5, 4, 120, 130, 140, 0, 60, 50, 40],
  [RETOUCH.brighten, 1.3],
  [RETOUCH.posterize, 3],
  [RETOUCH.solarize, 128],
  [RETOUCH.contrast, 1.9],
  [RETOUCH.stretch],
  [RETOUCH.equalize],
];

function numbers(rows: readonly (readonly number[])[]): Tensor {
  const filled = rows.flatMap((row) => [...row, ...Array(RETOUCH_NUMBERS - row.length).fill(0)]);
  return constant(filled.map(Math.fround), [rows.length, RETOUCH_NUMBERS]);
}

/** A level, which rounding may decide. */
const tolerance = 1.01 / 255;

/** Retouching, tables of levels and mixtures. */
export const retouchCases: Case[] = [
  {
    name: "retouch, each image another way",
    inputs: [[OPERATIONS.length, 5, 6, 3]],
    build: (x) => retouch(x!, numbers(OPERATIONS)),
    bytes: true,
    wrt: [],
    tolerance,
  },
  {
    name: "retouch of images whose levels can be made equal",
    inputs: [[2, 16, 17, 3]],
    build: (x) => retouch(x!, numbers([[RETOUCH.equalize], [RETOUCH.stretch]])),
    bytes: true,
    wrt: [],
    tolerance,
  },
  {
    name: "retouch twice, without tables",
    inputs: [[2, 3, 3, 3]],
    build: (x) => {
      const first = retouch(x!, numbers([[RETOUCH.mirror], [RETOUCH.saturate, 0]]), false);
      return retouch(first, numbers([[RETOUCH.hue, 128], [RETOUCH.flip]]), false);
    },
    bytes: true,
    wrt: [],
    tolerance,
  },
  {
    name: "wholeLevels of a mixture",
    inputs: [[3, 4, 5, 3]],
    build: (x) =>
      retouch(
        wholeLevels(mul(x!, constant([0.3, 1, 1.2], [3, 1, 1, 1]))),
        numbers([[RETOUCH.keep], [RETOUCH.mirror], [RETOUCH.flip]]),
        false,
      ),
    bytes: true,
    wrt: [],
    tolerance,
  },
  {
    name: "mixBatch of bytes",
    inputs: [[3, 4, 5, 3]],
    build: (x) => mixBatch(x!, constant([0.7, 0, 0, 0, 0, 0, 0, 0], [8])),
    bytes: true,
    wrt: [],
  },
  {
    name: "mixBatch of one image and a box, then of shares",
    inputs: [[4, 3, 6, 5]],
    build: (x) => {
      const boxed = mixBatch(x!, constant([1, 1, 1, 4, 3, 0, 0, 0], [8]));
      return mixBatch(boxed, constant([0.25, 0, 0, 0, 0, 0, 0, 0], [8]));
    },
    wrt: [],
  },
];

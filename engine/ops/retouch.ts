/**
 * Retouching: one operation on each image of a batch, chosen by numbers that are fed, not by the program.
 *
 * A row of numbers says what is done to an image. Number 0 is a code of {@linkcode RETOUCH}, then come, in
 * levels from 0 to 255 and pixels:
 *
 * - saturate, sharpen, brighten, contrast: 1 the factor; posterize: 1 the bits; solarize: 1 the threshold
 * - hue: 1 the turn, a whole number of the 255 parts of the circle, 0 … 255
 * - blur: 1, 2 taps along rows and columns; 4, 5 deviations
 * - noise: 1 the seed, below 2²⁴; 2 mean; 3 deviation
 * - erase: 1 the seed of noise, −1 for none; 4 … 7 left, top, right, bottom; 8 … 10 fill; 12 … 14 deviations
 * - nearest, bilinear: what {@linkcode projection} gives
 */

import retouchShader from "../../shaders/retouch.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import { ceilDiv } from "../shape.ts";
import { levelTables } from "./levels.ts";
import { full } from "./pointwise.ts";
import { hueFalls, retouched } from "./retouch_reference.ts";
import { RETOUCH, RETOUCH_NUMBERS } from "./retouch_codes.ts";

const retouchOp: Op = {
  name: "retouch",
  bytes: true,
  kernel(y) {
    const [n, h, w] = y.shape as [number, number, number];
    const { keep: _, ...codes } = RETOUCH;
    const falls = Array.from(
      { length: 8 },
      (_, word) =>
        Array.from({ length: 32 }, (_, bit) => hueFalls(32 * word + bit) ? 2 ** bit : 0)
          .reduce((a, b) => a + b, 0),
    );
    return {
      shader: retouchShader,
      consts: {
        ...{ H: h, W: w, P4: RETOUCH_NUMBERS / 4, TABLE: RETOUCH.brighten },
        ...Object.fromEntries(Object.entries(codes).map(([k, code]) => [k.toUpperCase(), code])),
        ...Object.fromEntries(falls.map((bits, i) => [`FALLS${i}`, bits])),
      },
      grid: [ceilDiv(w, 8), ceilDiv(h, 8), n],
    };
  },
  reference: (y, images, numbers, tables) =>
    retouched(y.shape, { images: images!, numbers: numbers!, tables: tables! }),
};

const wholeLevelsOp: Op = {
  name: "wholeLevels",
  bytes: true,
  pointwise: (_, [x]) => `floor(clamp(${x}, vec4f(), vec4f(1.0)) * 255.0) / 255.0`,
  reference: (_, x) => x!.map((v) => Math.floor(Math.min(1, Math.max(0, v)) * 255) / 255),
};

/** Images [n, h, w, 3] cut to 0 … 1 and then down to whole levels / 255, kept as bytes. No gradient flows. */
export function wholeLevels(images: Tensor): Tensor {
  return new Tensor(wholeLevelsOp, [images], images.shape, {});
}

/**
 * Images [n, h, w, 3], levels / 255, each after the operation that its row of `numbers`
 * [n, {@linkcode RETOUCH_NUMBERS}] says; results are whole levels / 255 too and are kept as bytes. `tables`
 * may be false where no operation from `brighten` on occurs: those look levels up in tables.
 * No gradient flows. Throws RangeError for other shapes.
 */
export function retouch(images: Tensor, numbers: Tensor, tables = true): Tensor {
  const [n, , , c] = images.shape;
  if (images.shape.length !== 4 || c !== 3 || numbers.size !== n! * RETOUCH_NUMBERS) {
    throw new RangeError(
      `Cannot retouch [${images.shape}] by [${numbers.shape}]: [n, h, w, 3] and ` +
        `[n, ${RETOUCH_NUMBERS}] were needed`,
    );
  }
  const made = tables ? levelTables(images, numbers) : full(0, [n!, 1, 256, 3]);
  return new Tensor(retouchOp, [images, numbers, made], images.shape, {});
}

/** Blocks of one's own: any number of channels, and what the options change. Computes nothing. */

import assert from "node:assert/strict";
import { input } from "../../engine/graph.ts";
import { declare } from "../../engine/nn/scope.ts";
import { relu } from "../../engine/ops/pointwise.ts";
import { mbconv, type MbconvOptions, roundChannels } from "../../models/mbconv.ts";

const PLAIN: MbconvOptions = { channels: 12, kernel: 3, expansion: 1, activation: relu };

/** The shape of a block's result on [1, 7, 8, 12], and its convolutions. */
function block(options: Partial<MbconvOptions>) {
  let shape: readonly number[] = [];
  const { all } = declare((scope) => {
    const y = mbconv(scope, input("x", [1, 7, 8, 12]), { ...PLAIN, ...options });
    shape = y.shape;
    return y;
  }, [1, 7, 8, 3]);
  const convolutions = all.filter((v) => v.layout === "convolution");
  return { shape, convolutions: Object.fromEntries(convolutions.map((v) => [v.name, v.shape])) };
}

Deno.test("mbconv() without expansion keeps its channels inside, whatever their number", () => {
  assert.deepEqual(block({}), {
    shape: [1, 7, 8, 12],
    convolutions: { "conv_dw.weight": [3, 3, 1, 12], "conv_pw.weight": [1, 1, 12, 12] },
  });
});

Deno.test("mbconv() rounds the channels it expands to, and halves images with either padding", () => {
  const { shape, convolutions } = block({ expansion: 3, channels: 20, stride: 2, kernel: 5 });
  assert.deepEqual(shape, [1, 4, 4, 20]);
  assert.deepEqual(convolutions, {
    "conv_pw.weight": [1, 1, 12, 40],
    "conv_dw.weight": [5, 5, 1, 40],
    "conv_pwl.weight": [1, 1, 40, 20],
  });
  assert.deepEqual(block({ stride: 2, padding: "same" }).shape, [1, 4, 4, 12]);
});

Deno.test("roundChannels() gives multiples of 8 that keep nine tenths", () => {
  assert.deepEqual([3, 12, 18, 44.8, 22.4, 156.8].map(roundChannels), [8, 16, 24, 48, 24, 160]);
});

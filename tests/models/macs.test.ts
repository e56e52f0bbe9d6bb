/** Multiply-adds that the compiler counts, against what is published of the models. No device. */

import assert from "node:assert/strict";
import { stepProgram } from "../../cli/steps.ts";
import { compile } from "../../engine/compile/mod.ts";
import type { Program } from "../../engine/compile/program.ts";
import { input } from "../../engine/graph.ts";
import { apply, declare } from "../../engine/nn/scope.ts";
import { modelInfo } from "../../models/mod.ts";

function macs(program: Program): number {
  return program.dispatches.reduce((n, d) => n + d.macs, 0);
}

Deno.test("a forward pass of 224 px has the multiply-adds that torchvision lists, a step three times those", () => {
  // GFLOPS of its table of weights, multiply-adds there: EfficientNet_B0 0.39, ResNet18 1.81; 1000 classes.
  for (const [name, gmacs] of [["efficientnet_b0", 0.39], ["resnet18", 1.81]] as const) {
    const model = modelInfo(name).build({ classes: 1000, dropRate: 0, dropPathRate: 0 });
    const images = input("images", [1, 224, 224, 3]);
    const { logits } = apply(model, declare(model, images.shape), images, { training: false });
    const forward = macs(compile({ outputs: [logits] }));
    assert.equal((forward / 1e9).toFixed(2), gmacs.toFixed(2), name);
    const ratio = macs(stepProgram({ model: name, size: 224, batch: 1 })) / forward;
    assert.ok(ratio > 2.85 && ratio <= 3, `${name}: ${ratio}`); // the images get no gradient
  }
});

/** The registry: names, tags and what a wrong one is told. Builds no model. */

import assert from "node:assert/strict";
import { pretrainedInfo } from "../../models/mod.ts";

Deno.test("pretrainedInfo() gives timm's default tag, or the one asked for", () => {
  assert.equal(pretrainedInfo("efficientnet_b0").tag, "ra_in1k");
  assert.equal(pretrainedInfo("resnet18", "a1_in1k").crop, 0.95);
});

Deno.test("pretrainedInfo() names the nearest tags for one that a model does not have", () => {
  assert.throws(() => pretrainedInfo("resnet18", "a1_in1K"), {
    name: "RangeError",
    message: /^Cannot find the pretrained weights a1_in1K of resnet18: a1_in1k/,
  });
  assert.throws(() => pretrainedInfo("resnet19"), { name: "RangeError", message: /resnet18/ });
});

/** Which blocks of which models are stages, and what of them stays as it is. */

import { strict as assert } from "node:assert";
import { declare, type Model, type Variables } from "../../engine/nn/scope.ts";
import { stagesOf } from "../../engine/nn/stages.ts";
import { convolution, linear, norm } from "../../engine/nn/layers.ts";
import { globalAveragePool, squeeze } from "../../engine/ops/sum.ts";
import { modelInfo } from "../../models/mod.ts";
import { decodeVariables, initialNumbers } from "../../train/weights.ts";

const shape = [2, 32, 32, 3];
const names = ({ all }: Variables) => stagesOf(all).map((s) => s.name);
const built = (name: string) => modelInfo(name).build({ classes: 2 });

/** A model of layers without blocks. */
const flat: Model = (scope, images) => {
  let x = norm(scope, "bn0", images);
  x = norm(scope, "bn1", convolution(scope, "conv1", x, 4));
  x = norm(scope, "features.1", convolution(scope, "features.0", x, 4));
  const initial = { kind: "uniform", bound: 1 } as const;
  return linear(scope, "fc", squeeze(globalAveragePool(x)), 2, { weight: initial, bias: initial });
};

Deno.test("stagesOf() finds the stages of every family by the names of its variables", () => {
  const numbered = (name: string, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => `${name}${from + i}`);
  const residual = ["conv1", ...numbered("layer", 1, 4), "fc"];
  const inverted = (last: number) => [
    "conv_stem",
    ...numbered("blocks.", 0, last),
    "conv_head",
    "classifier",
  ];
  for (
    const [model, expected] of [
      ["resnet18", residual],
      ["resnet50", residual],
      ["efficientnet_b0", inverted(6)],
      ["tf_efficientnet_lite0", inverted(6)],
      ["mobilenetv3_large_100", inverted(6)],
      ["mobilenetv3_small_100", inverted(5)],
    ] as const
  ) assert.deepEqual(names(declare(built(model), shape)), expected, model);
  assert.deepEqual(names(declare(flat, shape)), ["bn0", "conv1", "features.0", "fc"]);
});

Deno.test("stagesOf() puts every variable into one stage", () => {
  const { all } = declare(built("efficientnet_b0"), shape);
  const members = stagesOf(all).flatMap((s) => s.variables);
  assert.equal(members.length, all.length);
  assert.deepEqual(new Set(members), new Set(all));
});

Deno.test("declare() puts frozen stages into an arena of their own, statistics and all", () => {
  const model = built("resnet18");
  const whole = declare(model, shape);
  const { parameters, statistics, frozen, all } = declare(model, shape, { freeze: 2 });
  assert.ok(frozen.variables.every((v) => /^(conv1|bn1|layer1)\b/.test(v.name)));
  assert.ok(frozen.variables.some((v) => v.layout === "statistics"));
  assert.ok(
    [...parameters.variables, ...statistics.variables].every((v) =>
      /^(layer[234]|fc)/.test(v.name)
    ),
  );
  assert.deepEqual(all.map((v) => v.name), whole.all.map((v) => v.name));
  assert.ok(parameters.tensor.size + frozen.tensor.size < 1.01 * whole.parameters.tensor.size);

  const backbone = declare(model, shape, { freeze: "backbone" });
  assert.deepEqual(backbone.parameters.variables.map((v) => v.name), ["fc.weight", "fc.bias"]);
  assert.equal(backbone.statistics.variables.length, 0);

  const norms = declare(model, shape, { frozenNorm: true });
  assert.deepEqual(norms.frozen.variables, whole.statistics.variables);
  assert.deepEqual(norms.parameters.variables, whole.parameters.variables);
});

Deno.test("a variable begins with the same numbers whichever arena it is in", () => {
  const begun = (freeze: number) => {
    const variables = declare(flat, shape, { freeze });
    return decodeVariables(variables, initialNumbers(variables, 3), () => 0);
  };
  const [whole, parts] = [begun(0), begun(3)];
  assert.equal(parts.size, whole.size);
  for (const [key, weight] of whole) assert.deepEqual(parts.get(key), weight, key);
});

Deno.test("declare() refuses to freeze more stages than there are, and names them", () => {
  const model = built("resnet18");
  assert.throws(
    () => declare(model, shape, { freeze: 6 }),
    /^RangeError: Cannot freeze 6 stages: the model has 6 \(conv1, layer1, .*, fc\), at most 5 was needed/,
  );
  for (const freeze of [-1, 1.5, NaN]) {
    assert.throws(() => declare(model, shape, { freeze }), RangeError);
  }
  const one: Model = (scope, images) => convolution(scope, "fc", images, 2);
  assert.throws(
    () => declare(one, shape, { freeze: "backbone" }),
    /^RangeError: Cannot freeze the backbone: the model has 1 \(fc\), 2 or more were needed/,
  );
});

/** Distributions of what transforms choose: moments over a few thousand draws, and the sizes they lead to. */
import assert from "node:assert/strict";
import { draw, placed, readPipeline, type Step } from "../../data/pipeline.ts";
import { inRounds, roundsOf } from "../../data/rounds.ts";
import { sequence, stream } from "../../data/random.ts";
import { dirichlet, gamma, normal, permutation } from "../../data/transforms/chance.ts";
import { TRANSFORMS } from "../../data/transforms/mod.ts";
import { resizedBy } from "../../data/transforms/operations.ts";
import type { Drawn } from "../../data/transforms/transform.ts";
import {
  assertMoments,
  chance,
  CROP,
  draws,
  IMAGE,
  N,
  type Numbers,
  operation,
  TABLE,
  uniform,
} from "./moments.ts";

Deno.test("what transforms choose has the means and variances of torchvision's choices", () => {
  for (const [step, picked, moments] of TABLE) {
    const values = draws(step).map(picked).filter((value) => value !== undefined);
    assert.ok(values.length > 200, `${JSON.stringify(step)}: ${values.length} values`);
    assertMoments(values, moments, JSON.stringify(step));
  }
});

Deno.test("every transform that chooses is in the table of moments, or in a test of its own", () => {
  const own = [
    "RandomResizedCrop",
    "AutoAugment",
    "CutMix",
    "Compose",
    "RandomOrder",
    "FiveCrop",
    "TenCrop",
  ];
  const seen = new Set([...TABLE.map(([{ name }]) => name), ...own]);
  const missing = [...TRANSFORMS.values()].filter(({ random, name }) => random && !seen.has(name));
  assert.deepEqual(missing.map(({ name }) => name), []);
});

Deno.test("RandomResizedCrop takes shares and shapes of the ranges, and fits where none does", () => {
  const crops = draws({ name: "RandomResizedCrop", options: { scale: [0.1, 0.3] } })
    .map((drawn) => drawn[0]!.parameters as Numbers);
  assertMoments(crops.map((c) => c["width"]! * c["height"]! / 9600), uniform(0.1, 0.3), "area");
  const log = Math.log(4 / 3);
  assertMoments(
    crops.map((c) => Math.log(c["width"]! / c["height"]!)),
    uniform(-log, log),
    "logarithm of the ratio",
  );
  const wide = draws(
    { name: "RandomResizedCrop", options: { scale: [1, 1], ratio: [0.5, 0.6] } },
    20,
  );
  for (const [{ parameters }] of wide as [Drawn][]) {
    assert.deepEqual(parameters, { left: 36, top: 0, width: 48, height: 80 });
  }
});

Deno.test("RandomErasing covers shares and shapes of the ranges", () => {
  const boxes = draws({
    name: "RandomErasing",
    options: { p: 1, scale: [0.02, 0.1], ratio: [0.8, 1.25] },
  })
    .map((drawn) => drawn[0]!.parameters as Numbers);
  assertMoments(boxes.map((b) => b["width"]! * b["height"]! / 9600), uniform(0.02, 0.1), "area");
  assert.ok(boxes.every((b) => b["left"]! + b["width"]! <= 120 && b["top"]! + b["height"]! <= 80));
});

Deno.test("CutMix pastes boxes whose middles are everywhere", () => {
  const boxes = draws({ name: "CutMix" }).map((drawn) => drawn[0]!.parameters as Numbers);
  for (const b of boxes) {
    assert.ok(b["left"]! >= 0 && b["left"]! + b["width"]! <= 120);
    assert.ok(b["top"]! >= 0 && b["top"]! + b["height"]! <= 80);
  }
  // E[min(x + hw, W) − max(x − hw, 0)] over both axes has no short form: a wide band around 0.34.
  const share = boxes.reduce((sum, b) => sum + b["width"]! * b["height"]! / 9600, 0) / N;
  assert.ok(share > 0.25 && share < 0.4, `${share}`);
});

Deno.test("AutoAugment takes pairs of its policy as often as their probabilities say", () => {
  const drawn = draws({ name: "AutoAugment" });
  // Invert: pairs 13, 17 and 22, with 0.6 each.
  assertMoments(drawn.map(operation("invert")), chance(3 * 0.6 / 25), "invert");
  // ShearX: pair 18 with 0.6, at bin 5 of 9 of 0.3 to either side.
  assertMoments(drawn.map(operation("affine")), chance(0.6 / 25), "shear");
});

Deno.test("ColorJitter and RandomOrder take every order", () => {
  const step: Step = {
    name: "ColorJitter",
    options: { brightness: 0.1, contrast: 0.1, saturation: 0.1, hue: 0.1 },
  };
  const orders = new Map<string, number>();
  for (const drawn of draws(step)) {
    const order = drawn.map(({ name }) => name[0]).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assert.equal(orders.size, 24);
  for (const count of orders.values()) {
    assert.ok(Math.abs(count - N / 24) < 5 * Math.sqrt(N / 24), `${count} of ${N}`);
  }
  const names = ["Grayscale", "CenterCrop", "RandomInvert"].map((name) => ({
    name,
    options: name === "RandomInvert" ? { p: 1 } : {},
  }));
  const found = new Set(
    draws({ name: "RandomOrder", options: { transforms: names } }, 200)
      .map((drawn) => drawn.map(({ name }) => name).join()),
  );
  assert.equal(found.size, 6);
});

Deno.test("FiveCrop and TenCrop show each pass of a prediction another view", () => {
  for (const [name, views] of [["FiveCrop", 5], ["TenCrop", 10]] as const) {
    const read = placed(readPipeline([{ name }], { size: 32, resize: 40 }));
    const seen = Array.from(
      { length: 2 * views },
      (_, i) => JSON.stringify(draw(read, [1], { width: 60, height: 50, pass: i + 1 }).drawn),
    );
    assert.equal(new Set(seen).size, views);
    assert.deepEqual(seen.slice(views), seen.slice(0, views));
    assert.throws(() => draw(read, [1], { width: 60, height: 50 }), /passes of a prediction/);
  }
});

Deno.test("distributions have the moments that are known of them", () => {
  const random = sequence(3);
  const many = (next: () => number) => Array.from({ length: 20000 }, next);
  assertMoments(many(() => normal(random)), [0, 1], "normal");
  for (const alpha of [0.3, 1, 4.5]) {
    const values = many(() => gamma(random, alpha));
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    assert.ok(Math.abs(mean - alpha) < 5 * Math.sqrt(alpha / values.length), `gamma ${alpha}`);
  }
  const shares = dirichlet(random, 4, 0.7);
  assert.ok(Math.abs(shares.reduce((a, b) => a + b, 0) - 1) < 1e-12);
  assert.deepEqual(permutation(random, 6).toSorted(), [0, 1, 2, 3, 4, 5]);
});

Deno.test("streams share no number, and the first goes on as the sequence did", () => {
  const draws = Array.from({ length: 6 }, (_, position) => {
    const random = stream(position, 5, 6);
    return Array.from({ length: 50 }, random);
  });
  assert.equal(new Set(draws.flat()).size, 300);
  const before = sequence(5, 6);
  const [top, left, flip] = [before(), before(), before()];
  assert.deepEqual([draws[0]![0], draws[0]![1], draws[1]![0]], [top, left, flip]);
});

Deno.test("choices of a step do not depend on those of others", () => {
  const run = { size: 32, resize: 40 };
  const rotation = (degrees: number) => [
    {
      name: "RandomApply",
      options: { p: 0.5, transforms: [{ name: "RandomAffine", options: { degrees } }] },
    },
    { name: "RandomErasing", options: { p: 1 } },
    CROP,
  ];
  const last = (degrees: number) =>
    Array.from(
      { length: 50 },
      (_, i) =>
        draw(placed(readPipeline(rotation(degrees), run)), [i], IMAGE).drawn.find(({ name }) =>
          name === "erase"
        ),
    );
  assert.deepEqual(last(5), last(50));
});

Deno.test("the sizes that are drawn are those of the operations", () => {
  const read = readPipeline([
    { name: "Resize" },
    { name: "RandomRotation", options: { degrees: 40, expand: true } },
    { name: "Pad", options: { padding: [1, 2] } },
    { name: "RandomResizedCrop" },
  ], { size: 32, resize: 40 });
  for (let i = 0; i < 50; i++) {
    const { drawn, image } = draw(placed(read), [i], IMAGE);
    let size: { width: number; height: number } = IMAGE;
    for (const one of drawn) size = resizedBy(size, one);
    assert.deepEqual([size.width, size.height], [32, 32]);
    assert.deepEqual([image.width, image.height], [32, 32]);
  }
});

Deno.test("a round is left for everything that a pipeline may choose", () => {
  const recipe = readPipeline([
    { name: "Resize", options: { size: [9, 7] } },
    { name: "ColorJitter", options: { brightness: 0.2, contrast: [1, 1], hue: 0.1 } },
    {
      name: "RandomChoice",
      options: {
        transforms: [
          { name: "RandAugment", options: { numOps: 3 } },
          {
            name: "Compose",
            options: { transforms: [{ name: "AutoAugment" }, { name: "AugMix" }] },
          },
        ],
      },
    },
    {
      name: "RandomOrder",
      options: {
        transforms: [
          { name: "RandomInvert" },
          { name: "RandomApply", options: { transforms: [{ name: "TrivialAugmentWide" }] } },
          { name: "RandomErasing" },
        ],
      },
    },
    { name: "Resize", options: { size: [8, 8] } },
  ], { size: 8, resize: 8 });
  const parts = placed(recipe).slice(1, -1);
  const rounds = roundsOf(parts.map(({ step }) => step));
  assert.deepEqual(rounds[0]!.operations, ["brightness", "hue"]);
  assert.equal(rounds.filter(({ chains }) => chains).length, 1);
  const longest = new Set<number>();
  for (let k = 0; k < 500; k++) {
    const { drawn } = draw(parts, [k], IMAGE);
    const done = inRounds(drawn, rounds);
    assert.deepEqual(done.filter((one) => one !== undefined), drawn);
    done.forEach((one, i) => assert.ok(!one || rounds[i]!.operations.includes(one.name)));
    longest.add(drawn.length);
  }
  assert.ok(longest.size > 4);
});

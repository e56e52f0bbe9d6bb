/** Tests of parts as files and of their merging, without a device. */
import assert from "node:assert/strict";
import { differenceOf, mergeParts, type NamedPart } from "../../train/merge.ts";
import {
  formatPart,
  idsOf,
  noAnswers,
  parsePart,
  type Part,
  partName,
  type PartPlan,
  stretchOf,
} from "../../train/part.ts";
import { type Average, AVERAGES, ensemble, type Prediction } from "../../train/predict.ts";
import { message } from "../data/folders.ts";

const CLASSES = ["real", "fake", "other"];

/** What a model might say of so many images: numbers without a pattern, some of them equal. */
function answers(images: number, seed: number): Prediction {
  const value = (i: number, k: number) => Math.sin(1 + i % 9 * 31 + k * 7 + seed * 13);
  const logits = Float64Array.from(
    { length: images * 3 },
    (_, j) => value(Math.floor(j / 3), j % 3),
  );
  const sums = Float64Array.from(
    { length: images },
    (_, i) => [0, 1, 2].reduce((sum, k) => sum + Math.exp(value(i, k)), 0),
  );
  const probabilities = logits.map((x, j) => Math.exp(x) / sums[Math.floor(j / 3)]!);
  const scatter = probabilities.map((p) => p / 7);
  return {
    ...{ probabilities, logits, scatter, classes: 3, views: 2 },
    labels: new Int32Array(images).fill(-1),
  };
}

const names = (images: number) => Array.from({ length: images }, (_, i) => `é${i}, "x".png`);

async function planOf(images: number, average: Average = "ranks"): Promise<PartPlan> {
  const ids = await idsOf(names(images));
  const options = { tta: "hflip", batch: [4, 4] };
  return { images, ids, checkpoints: ["c0", "c1"], classes: CLASSES, average, options };
}

/** All parts of a prediction of so many images, through their files. */
async function partsOf(images: number, count: number, change: Partial<PartPlan> = {}) {
  const plan = { ...await planOf(images), ...change };
  const whole = [answers(images, 0), answers(images, 1)];
  return await Promise.all(Array.from({ length: count }, async (_, index): Promise<NamedPart> => {
    const { first, end } = stretchOf({ index, count }, images);
    const cut = (all: ArrayLike<number>) => Float64Array.from(all).slice(3 * first, 3 * end);
    const predictions = end === first ? whole.map(() => noAnswers(3, 2)) : whole.map((one) => ({
      ...one,
      probabilities: cut(one.probabilities),
      logits: cut(one.logits),
      scatter: cut(one.scatter),
    }));
    const part: Part = {
      ...{ shard: { index, count }, plan, predictions },
      names: names(images).slice(first, end),
      device: index % 2 === 0 ? "A" : "B",
    };
    const path = partName({ index, count });
    return { path, part: await parsePart(new Uint8Array(await formatPart(part)), path) };
  }));
}

Deno.test("stretches are disjoint, complete and as long as each other, or one longer", () => {
  for (const [images, count] of [[10, 3], [7, 7], [3, 5], [1e9, 1024], [0, 2]] as const) {
    const all = Array.from({ length: count }, (_, index) => stretchOf({ index, count }, images));
    assert.equal(all[0]!.first, 0);
    assert.equal(all.at(-1)!.end, images);
    all.slice(1).forEach(({ first }, i) => assert.equal(first, all[i]!.end));
    const lengths = all.map(({ first, end }) => end - first);
    assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1);
  }
});

Deno.test("parts in any order merge to what was divided, under every average", async () => {
  for (const [images, count] of [[23, 7], [2, 3]] as const) {
    const parts = (await partsOf(images, count)).reverse();
    const merged = await mergeParts(parts);
    assert.deepEqual(merged.names, names(images));
    assert.deepEqual(merged.devices.toSorted(), ["A", "B"]);
    for (const average of AVERAGES) {
      const whole = ensemble([answers(images, 0), answers(images, 1)], average);
      const together = ensemble(merged.predictions, average);
      assert.deepEqual(together.scores, whole.scores, average);
      assert.deepEqual(together.spread, whole.spread);
    }
  }
});

Deno.test("mergeParts() names what is lost, what is there twice, and what is of another prediction", async () => {
  const parts = await partsOf(23, 7);
  const refused = async (some: readonly NamedPart[], reason: RegExp) =>
    assert.match(await message(mergeParts(some)), reason);
  await refused([], /at least one was needed/);
  await refused(
    parts.toSpliced(3, 1),
    /part 3 of 7 \(images 10 to 13 of 23\) is missing, .*; predict --shard 3\/7 makes it/,
  );
  await refused(parts.slice(5), /5 of 7 parts \(0, 1, 2, 3, 4\) are missing.*makes the first/);
  await refused(
    [...parts, { ...parts[2]!, path: "copy" }],
    /copy with part-00002-of-00007\.safetensors: both are part 2 of 7/,
  );
  const others = {
    "other checkpoints": { checkpoints: ["c0", "c2"] },
    "other classes": { classes: ["a", "b", "c"] },
    "another --average": { average: "logits" },
    "other options (tta)": { options: { tta: "none", batch: [4, 4] } },
    "other images": { ids: "0" },
    "another --sample": { sample: { columns: ["id", "p"], nameAt: 0 } },
  } as const;
  for (const [what, change] of Object.entries(others)) {
    const [foreign] = await partsOf(23, 7, change);
    const text = await message(mergeParts([...parts.slice(1), foreign!]));
    assert.ok(text.includes(`${foreign!.path} with`) && text.includes(`it is of ${what},`), text);
    assert.equal(differenceOf(parts[0]!.part.plan, foreign!.part.plan), what);
  }
  const [eight] = await partsOf(23, 8);
  await refused([...parts, eight!], /it is of a division into 8 parts, not 7/);
  const renamed = parts.with(1, {
    path: "renamed",
    part: { ...parts[1]!.part, names: ["a", "b", "c"] },
  });
  await refused(renamed, /their names together are not those of the prediction/);
});

Deno.test("parsePart() refuses a part that is cut, changed at any byte, or another file", async () => {
  const [{ part }] = await partsOf(5, 2) as [NamedPart, NamedPart];
  const bytes = new Uint8Array(await formatPart(part));
  for (let at = 0; at < bytes.length; at += 7) {
    const flipped = bytes.map((byte, i) => i === at ? byte ^ 1 : byte);
    assert.match(await message(parsePart(flipped, "p")), /Cannot use p: /, `byte ${at}`);
    assert.match(await message(parsePart(bytes.slice(0, at), "p")), /Cannot use p: /);
  }
  const plain = new TextEncoder().encode("\x02\0\0\0\0\0\0\0{}");
  assert.match(await message(parsePart(plain, "p")), /it is another file, a part/);
});

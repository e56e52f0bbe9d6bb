/** Tests of dividing samples: shares of classes hold, groups stay whole, folds are a partition. */
import assert from "node:assert/strict";
import { DataError } from "../../data/errors.ts";
import { hash } from "../../data/random.ts";
import type { Sample } from "../../data/sample.ts";
import { countClasses, foldSplit, requireClasses, split } from "../../data/split.ts";

/** Samples with 3 classes in the ratio 6 : 3 : 1. */
function samples(count: number): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `${i}.jpg`,
    path: `${i}.jpg`,
    label: i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2,
  }));
}

/** The same with groups of 1 to 20, as videos have frames, each group of one class. */
function inGroups(count: number): Sample[] {
  const all: Sample[] = [];
  for (let group = 0; all.length < count; group++) {
    const label = [0, 0, 1][group % 3]!;
    const frames = 1 + hash(group) % 20;
    for (let i = 0; i < frames; i++) {
      all.push({ name: `${group}_${i}.jpg`, path: "", label, group: `video ${group}` });
    }
  }
  return all;
}

const groupsOf = (part: readonly Sample[]) => new Set(part.map(({ group }) => group));
const namesOf = (part: readonly Sample[]) => part.map(({ name }) => name);

Deno.test("split() keeps the share of each class and the order, by the seed alone", () => {
  const all = samples(100);
  const { train, validation } = split(all, 0.2, 3);
  assert.deepEqual(countClasses(train, 3), [48, 24, 8]);
  assert.deepEqual(countClasses(validation, 3), [12, 6, 2]);
  assert.deepEqual([...namesOf(train)].sort((a, b) => parseInt(a) - parseInt(b)), namesOf(train));
  assert.deepEqual(split(all, 0.2, 3), { train, validation });
  assert.notDeepEqual(split(all, 0.2, 4).validation, validation);
});

Deno.test("split() lets no group cross and comes near the share of each class", () => {
  const all = inGroups(1000);
  const total = countClasses(all, 2);
  for (const seed of [0, 1, 2]) {
    const { train, validation } = split(all, 0.2, seed);
    assert.equal(train.length + validation.length, all.length);
    assert.ok(groupsOf(train).isDisjointFrom(groupsOf(validation)));
    for (const [label, count] of countClasses(validation, 2).entries()) {
      const share = count / total[label]!;
      assert.ok(Math.abs(share - 0.2) < 0.03, `${share} of class ${label}`);
    }
  }
  assert.notDeepEqual(split(all, 0.2, 0).validation, split(all, 0.2, 1).validation);
  assert.throws(() => split(all, 0, 0), RangeError);
});

for (const [kind, all] of [["samples", samples(103)], ["groups", inGroups(1000)]] as const) {
  Deno.test(`foldSplit() of ${kind} is a partition, whatever fold is asked for`, () => {
    const classes = kind === "groups" ? 2 : 3;
    const total = countClasses(all, classes);
    const seen: string[] = [];
    for (let fold = 0; fold < 5; fold++) {
      const { train, validation } = foldSplit(all, { folds: 5, fold }, 7);
      assert.deepEqual(
        [...namesOf(train), ...namesOf(validation)].sort(),
        [...namesOf(all)].sort(),
      );
      seen.push(...namesOf(validation));
      if (kind === "groups") assert.ok(groupsOf(train).isDisjointFrom(groupsOf(validation)));
      const counts = countClasses(validation, classes);
      for (const [label, count] of counts.entries()) {
        // Without groups a class differs by one image at most.
        const slack = kind === "groups" ? 0.03 * total[label]! : 1;
        assert.ok(Math.abs(count - total[label]! / 5) <= slack, `${counts} of ${total}`);
      }
      if (kind === "samples") assert.ok([20, 21].includes(validation.length));
    }
    assert.deepEqual(seen.sort(), [...namesOf(all)].sort());
    assert.notDeepEqual(
      foldSplit(all, { folds: 5, fold: 0 }, 8).validation,
      foldSplit(all, { folds: 5, fold: 0 }, 7).validation,
    );
  });
}

Deno.test("foldSplit() refuses a fold that is none", () => {
  for (const [folds, fold] of [[1, 0], [3, 3], [3, -1], [2.5, 0], [3, 0.5]] as const) {
    assert.throws(() => foldSplit(samples(20), { folds, fold }, 0), RangeError);
  }
});

Deno.test("requireClasses() counts what is needed", () => {
  const classes = ["a", "b", "c"];
  requireClasses(samples(20), classes, "here");
  assert.throws(() => requireClasses(samples(10), classes, "here"), DataError);
  requireClasses(samples(10), classes, "here", 1);
});

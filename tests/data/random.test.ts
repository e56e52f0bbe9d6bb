/** Tests of the random choices: the hash is MurmurHash3, choices are even and repeat. */
import assert from "node:assert/strict";
import { hash, sequence, shuffled, uniform } from "../../data/random.ts";

Deno.test("hash() is MurmurHash3_x86_32 of the keys' 64-bit words", () => {
  // Computed by a Python version checked against the published value of "test" with seed 0.
  assert.equal(hash(), 2462723854);
  assert.equal(hash(0), 31876018);
  assert.equal(hash(1, 2), 2050696594);
  assert.equal(hash(2, 1), 1693366518);
  assert.equal(hash(-1), 398233343);
  assert.equal(hash(2 ** 32 + 5, 7), 3149132971);
  assert.equal(hash(2 ** 53 - 1), 1038452223);
});

Deno.test("hash() refuses what is not an integer", () => {
  for (const key of [0.5, NaN, Infinity, 2 ** 53]) assert.throws(() => hash(1, key), RangeError);
});

Deno.test("uniform() is even over [0, 1)", () => {
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 16000; i++) counts[Math.floor(uniform(7, 3, i) * 16)]!++;
  const chiSquare = counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  assert.ok(
    chiSquare < 37.7,
    `chi-square ${chiSquare} of 15 degrees of freedom, p = 0.001 is 37.7`,
  );
});

Deno.test("shuffled() is a permutation that its keys decide", () => {
  const order = shuffled(100, 1, 0);
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
  assert.deepEqual(shuffled(100, 1, 0), order);
  assert.notDeepEqual(shuffled(100, 1, 1), order);
  assert.notDeepEqual(shuffled(100, 2, 0), order);
  assert.equal(shuffled(0, 1).length, 0);
});

Deno.test("shuffled() puts each number everywhere equally often", () => {
  const counts = new Array<number>(36).fill(0);
  for (let epoch = 0; epoch < 3600; epoch++) {
    shuffled(6, 5, epoch).forEach((value, place) => counts[place * 6 + value]!++);
  }
  const chiSquare = counts.reduce((sum, n) => sum + (n - 600) ** 2 / 600, 0);
  assert.ok(chiSquare < 60, `chi-square ${chiSquare} of 25 free cells`);
});

Deno.test("sequence() repeats for its keys and does not repeat itself", () => {
  const [a, b] = [sequence(1, 2), sequence(1, 2)];
  const values = Array.from({ length: 50 }, a);
  assert.deepEqual(Array.from({ length: 50 }, b), values);
  assert.equal(new Set(values).size, 50);
});

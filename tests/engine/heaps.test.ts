/** Layouts of heaps: slots in use at one time never meet, and little more memory is taken than is in use. */

import { strict as assert } from "node:assert";
import { type Claim, layOut, type Use } from "../../engine/compile/heaps.ts";

/** A slot used whole from step `first` to step `last`. */
function whole(size: number, first: number, last: number): Claim {
  return { size, uses: [{ from: 0, to: size, first, last }] };
}

/** Deterministic numbers below `below`. */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** Slots of a made-up step: some used whole, some stretch by stretch. */
function madeUpSlots(seed: number): Claim[] {
  const draw = draws(seed);
  return Array.from({ length: 60 }, () => {
    const size = 16 * (1 + draw(40_000));
    if (draw(4)) {
      const first = draw(100);
      return whole(size, first, first + draw(30));
    }
    const uses = Array.from({ length: 5 }, (_, i): Use => {
      const first = draw(100);
      const [from, to] = [i, i + 1].map((k) => Math.floor(k * size / 5)) as [number, number];
      return { from, to, first, last: first + draw(20) };
    });
    return { size, uses };
  });
}

/** Asserts that nothing of two slots is in use at one place and time, and that everything is inside. */
function checkApart(claims: readonly Claim[], limit: number): number {
  const { places, sizes } = layOut(claims, limit);
  const largest = Math.max(limit, ...claims.map(({ size }) => Math.ceil(size / 256) * 256));
  assert.ok(sizes.every((size) => size <= largest));
  const all = claims.flatMap(({ uses, size }, slot) => {
    const { heap, offset } = places[slot]!;
    assert.ok(offset % 256 === 0 && offset + size <= sizes[heap]!);
    return uses.map((u) => ({ ...u, slot, heap, from: offset + u.from, to: offset + u.to }));
  });
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(0, i)) {
      const meet = a.heap === b.heap && a.slot !== b.slot && a.from < b.to && b.from < a.to &&
        a.first <= b.last && b.first <= a.last;
      assert.ok(!meet, `slots ${a.slot} and ${b.slot} meet`);
    }
  }
  return sizes.reduce((a, b) => a + b, 0);
}

Deno.test("layOut() keeps apart what is in use at one time, in one heap or many", () => {
  for (let seed = 1; seed <= 20; seed++) {
    for (const limit of [Infinity, 2_000_000, 100_000]) checkApart(madeUpSlots(seed), limit);
  }
});

Deno.test("layOut() takes no more than is in use where slots follow each other", () => {
  const chain = Array.from({ length: 50 }, (_, i) => whole(1024, i, i + 1));
  assert.equal(checkApart(chain, Infinity), 2048);
  const nested = Array.from({ length: 10 }, (_, i) => whole(512 * (10 - i), i, 20 - i));
  assert.equal(checkApart(nested, Infinity), 512 * 55);
});

Deno.test("layOut() gives the part of a slot that is not in use yet to others", () => {
  const half = 2 ** 20;
  const late: Claim = {
    size: 2 * half,
    uses: [
      { from: 0, to: half, first: 0, last: 9 },
      { from: half, to: 2 * half, first: 5, last: 9 },
    ],
  };
  assert.equal(checkApart([late, whole(half, 1, 4)], Infinity), 2 * half);
  assert.equal(checkApart([late, whole(half, 1, 5)], Infinity), 3 * half);
});

Deno.test("layOut() opens another heap where one would be too large", () => {
  const slots = [whole(4096, 0, 1), whole(4096, 0, 1), whole(4096, 1, 1)];
  assert.deepEqual([...layOut(slots, 8192).sizes].sort(), [4096, 8192]);
  // One that is larger by itself has a heap of its size, in which others may lie at other times.
  assert.deepEqual([...layOut([...slots, whole(9000, 2, 2)], 8192).sizes].sort(), [4096, 9216]);
  assert.deepEqual(layOut([], 8192), { places: [], sizes: [] });
});

/** The largest batch that fits: found by few plans, smaller where the device has not what was asked for. */

import { strict as assert } from "node:assert";
import { MemoryError } from "../../engine/compile/program.ts";
import { type BatchSearch, largestBatch } from "../../train/batch.ts";

/** Batches of 10 bytes beside 100 that any takes; `planned` lists those that were planned. */
function search(options: Partial<BatchSearch>) {
  const planned: number[] = [];
  const bytes = (batch: number) => {
    planned.push(batch);
    return 100 + 10 * batch + batch % 3;
  };
  const allocate = () => Promise.resolve(true);
  return { planned, search: { bytes, budget: 1000, most: 10_000, allocate, ...options } };
}

Deno.test("largestBatch() finds a multiple of eight by few plans", async () => {
  const { planned, search: asked } = search({});
  assert.deepEqual(await largestBatch(asked), { batch: 88, bytes: 981, budget: 1000 });
  assert.ok(planned.length <= 6, String(planned));
  assert.ok(Math.max(...planned) <= 96, "a plan of all images would take long");
  for (const budget of [123, 133, 180, 181, 260, 5000, 77_777]) {
    const { batch, bytes } = await largestBatch(search({ budget }).search);
    assert.ok(bytes <= budget && bytes === 100 + 10 * batch + batch % 3);
    const next = batch < 8 ? batch + 1 : batch + 8;
    assert.ok(100 + 10 * next + next % 3 > budget, `${batch} for ${budget}`);
    assert.ok(batch < 8 || batch % 8 === 0);
  }
});

Deno.test("largestBatch() takes no more images than there are", async () => {
  const { batch } = await largestBatch(search({ most: 19 }).search);
  assert.equal(batch, 19);
});

Deno.test("largestBatch() backs off where the device has not what was planned", async () => {
  const asked: number[] = [];
  const allocate = (bytes: number) => Promise.resolve(asked.push(bytes) > 0 && bytes < 500);
  const found = await largestBatch(search({ allocate }).search);
  assert.deepEqual(asked, [981, 741, 501, 340]);
  assert.deepEqual(found, { batch: 24, bytes: 340, budget: 1000 * 0.75 ** 3 });
});

Deno.test("largestBatch() passes over batches that the device cannot compute at all", async () => {
  const bytes = (batch: number) => {
    if (batch > 40) throw new MemoryError("too large to bind");
    return 10 * batch;
  };
  const { batch } = await largestBatch(search({ bytes }).search);
  assert.equal(batch, 40);
  const fault = () => {
    throw new TypeError("a fault of the plan");
  };
  await assert.rejects(largestBatch(search({ bytes: fault }).search), TypeError);
});

Deno.test("largestBatch() says so where two images are too much", async () => {
  await assert.rejects(largestBatch(search({ budget: 105 }).search), (error) => {
    assert.ok(error instanceof MemoryError);
    assert.match(error.message, /^Cannot train with a batch of 2: it takes .*MiB/);
    return true;
  });
  const never = () => Promise.resolve(false);
  await assert.rejects(largestBatch(search({ allocate: never }).search), MemoryError);
});

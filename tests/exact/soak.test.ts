/** Epoch after epoch of a real run holds the same memory. `deno task soak` does so for 2,000 steps and 50 evaluations. */
import assert from "node:assert/strict";
import { deviceTest } from "../device.ts";
import { soak, strayed } from "./soaking.ts";

deviceTest("steps, evaluations and saves leave nothing on the device", async () => {
  const readings = await soak({ epochs: 10, steps: 5 });
  assert.deepEqual(readings.map(({ step }) => step), readings.map((_, i) => 5 * (i + 1)));
  for (const measure of ["buffers", "device"] as const) {
    assert.deepEqual(strayed(readings, measure), [0, 0], JSON.stringify(readings));
  }
  // Programs are still being compiled by then, and nobody collects garbage: only a large leak shows.
  const [, rss] = strayed(readings.slice(4), "rss");
  assert.ok(rss < 0.3, JSON.stringify(readings));
});

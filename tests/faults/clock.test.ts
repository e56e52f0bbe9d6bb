/** A wall clock that jumps: what a run computes and what it says of the time left do not depend on it. */

import { strict as assert } from "node:assert";
import type { RunEvent } from "../../train/events.ts";
import { fit } from "../../train/fit.ts";
import { greys } from "../train/brightness.ts";
import { Regression } from "../train/regression.ts";

Deno.test("a wall clock that jumps by days changes no number and no time", async () => {
  const data = { train: greys(60), validation: greys(30, { key: 9 }) };
  const run = async () => {
    const events: RunEvent[] = [];
    const session = new Regression(2);
    await fit(session, data, {
      ...{ batch: 8, size: 2, resize: 2, seed: 1, epochs: 3, logEvery: 2 },
      schedule: { learningRate: () => 3 },
    }, (event) => events.push(event));
    return { events, weights: [...session.weights] };
  };
  const expected = await run();
  const { now } = Date;
  let calls = 0;
  // Forward by a day, back by two, …
  Date.now = () => now() + 86_400_000 * (calls++ % 2 ? -2 : 1) * calls;
  try {
    const { events, weights } = await run();
    assert.deepEqual(weights, expected.weights);
    assert.equal(events.length, expected.events.length);
    for (const event of events) {
      if (event.event === "step") {
        const { "eta_s": left, "img_per_s": rate, waiting } = event;
        assert.ok(left >= 0 && left < 60, `${left} s left`);
        assert.ok(rate > 0 && waiting >= 0 && waiting <= 1);
      }
      if (event.event === "epoch") assert.ok(event.seconds >= 0 && event.seconds < 60);
    }
  } finally {
    Date.now = now;
  }
});

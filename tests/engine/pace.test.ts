/** The pace of submits: short ones on slow devices, one where nothing watches, the same numbers always. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { Memory } from "../../engine/gpu/memory.ts";
import { Pace } from "../../engine/gpu/pace.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { input } from "../../engine/graph.ts";
import { matmul } from "../../engine/ops/matmul.ts";
import { deviceTest } from "../device.ts";

const costs = (count: number) => Array.from({ length: count }, (_, i) => 1 + i % 7);

/** The costs of the submits that end at `ends`. */
function shares(ends: readonly number[], all: readonly number[]): number[] {
  return ends.map((end, i) => all.slice(i ? ends[i - 1] : 0, end).reduce((a, b) => a + b, 0));
}

Deno.test("a run is one submit where no watchdog is, and on a fast device", () => {
  const calm = new Pace(costs(500), false);
  assert.deepEqual([calm.ends, calm.asks], [[500], false]);
  const watched = new Pace(costs(500), true);
  assert.equal(watched.ends.length, 8, "a few dispatches each until the first run was timed");
  assert.ok(watched.asks);
  watched.took(0.02);
  assert.deepEqual(watched.ends, [500]);
});

Deno.test("a run of seconds is divided into submits of half a second that cost about the same", () => {
  const all = costs(500);
  const pace = new Pace(all, true);
  pace.took(3.2);
  assert.equal(pace.ends.length, 7);
  assert.equal(pace.ends.at(-1), 500);
  const each = shares(pace.ends, all);
  assert.ok(Math.max(...each) < 1.1 * Math.min(...each), String(each));
  // What costs most of a run is alone, and no submit is empty.
  const uneven = new Pace([1, 1, 100, 1, 1], true);
  uneven.took(2);
  assert.ok(uneven.ends.every((end, i) => end > (uneven.ends[i - 1] ?? 0)));
});

Deno.test("a device is timed a few runs long, and not after", () => {
  const pace = new Pace(costs(10), true);
  for (const seconds of [4, 0.6, 0.1]) pace.took(seconds);
  assert.deepEqual([pace.ends, pace.asks], [[10], false]);
});

deviceTest("a run of several submits computes the same bits as one", async (device) => {
  const [x, w] = [input("x", [9, 9]), input("w", [9, 9])];
  let y = matmul(x, w);
  for (let i = 0; i < 140; i++) y = matmul(y, w);
  const program = compile({ outputs: [y] }, device.limits);
  const results: Float32Array[] = [];
  for (const software of [true, false]) {
    const memory = new Memory({ ...device, software });
    for (const t of [x, w]) memory.write(t, Array.from({ length: 81 }, (_, i) => (i % 10) / 40));
    const runner = await Runner.create(program, memory);
    const { submit } = GPUQueue.prototype;
    let submits = 0;
    GPUQueue.prototype.submit = function (buffers) {
      submits++;
      submit.call(this, buffers);
    };
    try {
      runner.run();
    } finally {
      GPUQueue.prototype.submit = submit;
    }
    assert.equal(submits, software ? 1 : 3);
    results.push(await runner.read(y));
    await device.gpu.queue.onSubmittedWorkDone(); // what is timed is told
    runner.destroy();
    memory.destroy();
  }
  assert.deepEqual(results[0], results[1]);
  assert.ok(results[0]!.every((v) => v > 0));
});

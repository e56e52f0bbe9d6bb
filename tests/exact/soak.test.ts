/** Epoch after epoch of a real run holds the same memory. `deno task soak` does so for 2,000 steps and 50 evaluations. */
import assert from "node:assert/strict";
import { deviceTest } from "../device.ts";
import { grown, type Reading } from "./soaking.ts";

deviceTest("steps, evaluations and saves leave nothing on the device", async () => {
  // In a process of its own: other tests may run in this one. Only a large leak shows in so few steps.
  const script = decodeURIComponent(new URL("soak.ts", import.meta.url).pathname);
  const flags = "--steps 5 --epochs 7 --warm-up 3 --tolerance 0.3";
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", script, ...flags.split(" ")],
    env: { NO_COLOR: "1", HF_HOME: "/nowhere" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, `${out}${err}`);
  assert.match(out!, /^ +50 +10 .*\n.*0\.00 … 0\.00 +0\.00 … 0\.00\n35 steps and 7 evaluations/m);
});

Deno.test("a buffer that stays and a process that grows are no flat memory", () => {
  const readings = (change: (i: number) => Partial<Reading>) =>
    Array.from({ length: 9 }, (_, i): Reading => ({
      ...{ step: i, epoch: i, rss: 100, heap: 10, external: 1, device: 64, buffers: 4 },
      ...change(i),
    }));
  assert.deepEqual(grown(readings((i) => ({ rss: 100 + i % 3, heap: 10 + i })), 0.025), []);
  assert.deepEqual(grown(readings((i) => ({ rss: 100 - i % 4 })), 0.025), ["rss"]);
  assert.deepEqual(grown(readings((i) => ({ buffers: 4 + +(i === 5) })), 0.025), ["buffers"]);
  assert.deepEqual(grown(readings((i) => ({ device: i === 8 ? 68 : 64 })), 0.025), ["device"]);
});

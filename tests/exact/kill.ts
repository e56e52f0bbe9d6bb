/** `deno task kill --times 200 --signal SIGKILL`: the long form of the test of kills, with a table of what was killed. */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { killRuns } from "./killing.ts";

const { values } = parseArgs({
  args: Deno.args.filter((arg) => arg !== "--"),
  options: {
    times: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    signal: { type: "string", default: "SIGKILL" },
  },
});
const begun = performance.now();
const { kills, runs } = await killRuns({
  times: Number(values.times),
  seed: Number(values.seed),
  signal: values.signal as "SIGKILL" | "SIGTERM" | "SIGINT",
  killed: (count, moment) => console.error(`${count} ${moment}`),
  ended(left, whole) {
    assert.deepEqual(left, whole);
    console.error("a run came to its end and equals the one that was never killed");
  },
});
console.log(`killed                      times`);
for (const [moment, count] of Object.entries(kills)) {
  console.log(`${moment.padEnd(28)}${String(count).padStart(5)}`);
}
const seconds = ((performance.now() - begun) / 1000).toFixed(0);
console.log(`${runs} runs came to their end and equal the one that was never killed; ${seconds} s`);

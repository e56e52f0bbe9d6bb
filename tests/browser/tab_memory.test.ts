/** The memory of a tab while images stream through it. `deno task soak:web` does so with 20,000, and trains on them. */

import assert from "node:assert/strict";
import { findChromium } from "./chromium.ts";
import { driven, type Driver } from "./driver.ts";

const chromium = findChromium();

/** Images, and whether they are trained on too. */
const SOAK = Number(Deno.env.get("VERITY_SOAK") ?? 0);
const IMAGES = SOAK || 1200;

/** Readings of the memory while one thing is done. */
const READINGS = 4;

/** Bytes that a tab may grow by between its first reading and its last. */
const GROWTH = 8e6;

/** Measures at once, after a collection, rather than some time. */
const FLAGS = ["--enable-blink-features=ForceEagerMeasureMemory"];

/** Bytes of the page and its workers after a collection of garbage. */
async function memory({ tab }: Driver): Promise<number> {
  return await tab.evaluate(async () => {
    const { performance } = globalThis as unknown as {
      performance: { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> };
    };
    return (await performance.measureUserAgentSpecificMemory()).bytes;
  });
}

/** Reads the memory as often as `done`, the share of what is done, passes a step, until `act` has ended. */
async function readings(driver: Driver, act: Promise<unknown>, done: () => Promise<number>) {
  let ended = false;
  const acting = act.finally(() => ended = true);
  const read: number[] = [];
  while (!ended) {
    if (await done() >= (read.length + 1) / (READINGS + 1)) read.push(await memory(driver));
    else await driver.tab.waitForTimeout(20);
  }
  await acting;
  return read;
}

function requireFlat(read: readonly number[], what: string): void {
  const text = `${what}: ${read.map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`).join(", ")}`;
  if (SOAK) console.log(text);
  assert.ok(read.length >= 2, text);
  assert.ok(read.at(-1)! - read[0]! <= GROWTH, text);
}

Deno.test({
  name: `${IMAGES} images stream through a tab with a flat heap` +
    (chromium ? "" : " (skipped: no Chromium)"),
  ignore: !chromium,
  fn: async () => {
    await driven(
      chromium!,
      async (driver) => {
        let share = 0;
        const done = async () => {
          const { events } = await driver.heard();
          for (const event of events) {
            if (event.event === "progress") share = event.done / event.total;
            if (event.event === "step") share = event.step / event.steps;
          }
          return share;
        };
        const opening = driver.open({ made: IMAGES, size: 24 });
        requireFlat(await readings(driver, opening, done), "reading and decoding");
        const { classes, leftOut } = await opening;
        const count = classes.reduce((sum, { train, validation }) => sum + train + validation, 0);
        assert.deepEqual([count, leftOut], [IMAGES, []]);
        if (!SOAK) return;
        share = 0;
        const training = driver.ask("train", {
          ...{ model: "mobilenetv3_small_100", size: 32, resize: 32, batch: 64, epochs: 1 },
        });
        requireFlat(await readings(driver, training, done), "training for an epoch");
        assert.equal((await training).epoch, 1);
      },
      undefined,
      FLAGS,
    );
  },
});

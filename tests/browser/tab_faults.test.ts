/** What a tab says of what cannot be done. */

import assert from "node:assert/strict";
import { twoClasses } from "../cli/two_classes.ts";
import { zipOf } from "../data/archive_files.ts";
import type { Fault } from "../../web/messages.ts";
import { findChromium } from "./chromium.ts";
import type { Driven } from "./driven.ts";
import { driven } from "./driver.ts";

const chromium = findChromium();

Deno.test({
  name: "a tab says why it cannot do a thing, and goes on" +
    (chromium ? "" : " (skipped: no Chromium)"),
  ignore: !chromium,
  fn: async () => {
    const made: Record<string, Uint8Array> = await twoClasses();
    const whole = Object.entries(made).map(([path, bytes]) => ({
      name: `around/${path}`,
      bytes,
      deflate: true,
    }));
    made["set.zip"] = zipOf(whole);
    made["data/red/1.png"] = made["data/red/1.png"]!.slice(0, 900);
    made["text.safetensors"] = new TextEncoder().encode("no weights");
    const images = Object.fromEntries(
      Object.keys(made).filter((path) => path.startsWith("data/")).map((
        path,
      ) => [path, `/${path}`]),
    );
    await driven(chromium!, async (driver) => {
      const faultOf = async (asked: Promise<unknown>) =>
        (await asked as { readonly fault?: { kind: string; message: string } }).fault;
      const small = { model: "mobilenetv3_small_100", size: 32, resize: 36, batch: 4, epochs: 1 };

      const early = await faultOf(driver.ask("train", small));
      assert.match(`${early?.kind}: ${early?.message}`, /^data: Cannot train: no images are open/);
      const empty = await faultOf(driver.open({ "a/notes.md": "/text.safetensors" }));
      assert.match(`${empty?.kind}: ${empty?.message}`, /^data: Cannot .* needed/);

      const zipped = await driver.open({ "set.zip": "/set.zip" });
      assert.deepEqual(zipped.classes.map(({ name, train }) => [name, train]), [
        ["grey", 10],
        ["red", 10],
      ]);
      assert.deepEqual(zipped.leftOut, []);

      const both = await driver.tab.evaluate(() => {
        const { page } = globalThis as unknown as { page: Driven };
        const ask = () => page.ask("mistakes", { run: "gone" });
        return Promise.all([ask(), ask()]);
      }) as { readonly fault: Fault }[];
      assert.deepEqual(both.map(({ fault }) => fault.kind), ["weights", "busy"]);

      const { leftOut } = await driver.open(images);
      assert.deepEqual(leftOut.map(({ name }) => name), ["red/1.png"]);
      assert.match(leftOut[0]!.reason, /its PNG data ends early/);

      const weights = await faultOf(driver.weights("/text.safetensors", "text.safetensors"));
      assert.match(`${weights?.kind}: ${weights?.message}`, /^weights: Cannot read/);
      const options = await faultOf(
        driver.ask("train", { ...small, recipe: "scratch", schedule: "cosine", warmup: 3 }),
      );
      assert.match(`${options?.kind}: ${options?.message}`, /^options: Cannot warm up for 3 of 1/);
      const none = await faultOf(driver.ask("continueRun", { run: "gone" }));
      assert.match(`${none?.kind}: ${none?.message}`, /^weights: Cannot resume/);

      const session = await driver.tab.context().newCDPSession(driver.tab);
      const { origin } = new URL(driver.tab.url());
      await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100 });
      const full = await faultOf(driver.ask("train", small));
      assert.match(`${full?.kind}: ${full?.message}`, /^quota: Cannot write runs/);
      assert.deepEqual(await driver.ask("runs"), []);
    }, (path) => Promise.resolve(made[path.slice(1)] as Uint8Array<ArrayBuffer> | undefined));
  },
});

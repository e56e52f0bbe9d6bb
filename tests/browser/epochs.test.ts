/** The table of epochs of a run that goes on: what a thousand epochs would make slow. */

import assert from "node:assert/strict";
import { bundle, callPage, findChromium, inTab, textResponse } from "./chromium.ts";

const chromium = findChromium();

Deno.test({
  name: `the page adds rows to its table of epochs and keeps those that stand${
    chromium ? "" : " (skipped: no Chromium)"
  }`,
  ignore: !chromium,
  fn: async () => {
    const script = await bundle(new URL("epochs.ts", import.meta.url));
    const serve = (path: string) =>
      Promise.resolve(path === "/page.js" ? textResponse(script, "text/javascript") : undefined);
    await inTab(chromium!, serve, async (tab) => {
      await tab.waitForFunction("globalThis.page !== undefined");
      const epochs = (...numbers: number[]) => callPage<string[]>(tab, "epochs", ...numbers);
      assert.deepEqual(await epochs(), []);
      assert.deepEqual(await epochs(1, 2), ["1", "2"]);
      assert.deepEqual(await epochs(3), ["1*", "2*", "3"]);
      assert.deepEqual(await epochs(), ["1*", "2*", "3*"]);
      assert.deepEqual(await epochs(2), ["1", "2"], "gone over again after a lost device");
      assert.deepEqual(await epochs(3, 4), ["1*", "2*", "3", "4"]);
    });
  },
});

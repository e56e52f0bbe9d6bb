/** How large the engine is in a tab: every model, optimizer and kernel, without what reads data and draws pages. */

import assert from "node:assert/strict";
import { gzipped } from "../../cli/web.ts";

/** Bytes, gzipped. */
const MOST = 100_000;

Deno.test("the engine is at most 100 kB in a tab, gzipped", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform", "browser", "--minify"],
      new URL("trains.ts", import.meta.url).href,
    ],
    cwd: new URL("../../", import.meta.url),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const size = await gzipped(stdout);
  assert.ok(size <= MOST, `${size} bytes`);
  assert.ok(size > MOST / 2, `${size} bytes: something is missing`);
});

/** Which checkpoints may have learned from images that others are measured on. */
import assert from "node:assert/strict";
import { dividedApart } from "../../cli/measured.ts";
import { untrained } from "./untrained.ts";

Deno.test("runs are divided apart where their saved divisions differ, and only there", () => {
  const checkpoint = untrained("mobilenetv3_small_100");
  const member = (fingerprint?: string) => ({
    path: "a",
    checkpoint: { ...checkpoint, ...(fingerprint && { configuration: { fingerprint } }) },
  });
  assert.equal(dividedApart([member("x"), member("y")]), true);
  assert.equal(dividedApart([member("x"), member("x"), member()]), false);
  assert.equal(dividedApart([member()]), false);
});

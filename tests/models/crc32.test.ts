/** Checksums against the values that their standards give. */
import assert from "node:assert/strict";
import { crc32, crc32c } from "../../models/crc32.ts";

Deno.test("crc32() and crc32c() have the values of their standards", () => {
  const digits = new TextEncoder().encode("123456789");
  assert.equal(crc32(digits), 0xcbf43926);
  assert.equal(crc32c(digits), 0xe3069283);
  // RFC 3720, appendix B.4.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
});

/** What decodes small JPEG files in place of sharp: against sharp itself, and several at once. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { openDecoder } from "../../data/decode.ts";
import { noise } from "./fixtures.ts";

Deno.test("a JPEG is the same to the bit by sharp itself and by what decodes small ones for it", async () => {
  const [decoder, wasm] = [await openDecoder("sharp"), await openDecoder("jsquash")];
  const sizes = [[1, 1], [7, 5], [33, 17], [200, 250], [400, 300]] as const;
  for (const [width, height] of sizes) {
    const image = sharp(noise(width, height, width).data, { raw: { width, height, channels: 3 } });
    for (const chromaSubsampling of ["4:2:0", "4:4:4"]) {
      for (const progressive of [false, true]) {
        for (const quality of [35, 92]) {
          const jpeg = image.clone().jpeg({ chromaSubsampling, progressive, quality });
          const bytes = new Uint8Array(await jpeg.toBuffer());
          const itself = new Uint8Array(await sharp(bytes).raw().toBuffer());
          const name = `${width} × ${height} ${chromaSubsampling} ${progressive} ${quality}`;
          assert.deepEqual((await decoder.decode(bytes, name)).data, itself, name);
          assert.deepEqual((await wasm.decode(bytes, name)).data, itself, name);
        }
      }
    }
  }
});

Deno.test("of two JPEG files that are decoded at once, the damaged one alone is refused", async () => {
  const raw = { width: 64, height: 64, channels: 3 } as const;
  const good = new Uint8Array(await sharp(noise(64, 64, 1).data, { raw }).jpeg().toBuffer());
  const bad = good.slice().fill(0x55, good.length / 2, good.length / 2 + 400);
  for (const library of ["sharp", "jsquash"] as const) {
    const decoder = await openDecoder(library);
    for (let turns = 0; turns < 6; turns++) {
      const later = async (bytes: Uint8Array) => {
        for (let i = 0; i < turns; i++) await undefined;
        return await decoder.decode(bytes, "a.jpg");
      };
      for (const [first, second] of [[bad, good], [good, bad]] as const) {
        const both = await Promise.allSettled([decoder.decode(first, "a.jpg"), later(second)]);
        const expected = [first, second].map((bytes) => bytes === bad ? "rejected" : "fulfilled");
        assert.deepEqual(both.map(({ status }) => status), expected, `${library}, ${turns}`);
      }
    }
  }
});

/** Tests of headers: what files say of themselves, and that no damage of a header does harm. */
import assert from "node:assert/strict";
import sharp, { type Sharp } from "sharp";
import { openDecoder } from "../../data/decode.ts";
import { readHeader } from "../../data/headers/header.ts";
import { hash } from "../../data/random.ts";
import { smooth } from "./fixtures.ts";

const { width, height, data } = smooth(40, 30, 1);
const made = () => sharp(data, { raw: { width, height, channels: 3 } });
const bytesOf = async (image: Sharp) => new Uint8Array(await image.toBuffer());

Deno.test("readHeader() tells formats and sizes", async () => {
  for (const format of ["jpeg", "png", "webp", "gif", "tiff", "avif"] as const) {
    const header = readHeader(await bytesOf(made().toFormat(format)))!;
    const { orientation, whole, exif } = header;
    assert.deepEqual([header.format, header.width, header.height], [format, 40, 30]);
    assert.deepEqual([orientation, whole, exif], [1, true, false]);
  }
  for (const options of [{ lossless: true }, { alphaQuality: 50 }]) {
    const header = readHeader(await bytesOf(made().ensureAlpha(0.5).webp(options)))!;
    assert.deepEqual([header.width, header.height], [40, 30]);
  }
});

Deno.test("readHeader() tells a JPEG's quality to a level, its scans and its colours", async () => {
  for (const quality of [10, 35, 50, 60, 75, 80, 90, 95, 100]) {
    const { jpeg } = readHeader(await bytesOf(made().jpeg({ quality })))!;
    assert.ok(Math.abs(jpeg!.quality! - quality) <= 1, `${jpeg!.quality} for ${quality}`);
    assert.deepEqual([jpeg!.progressive, jpeg!.channels], [false, 3]);
  }
  const progressive = readHeader(await bytesOf(made().jpeg({ progressive: true })))!;
  assert.equal(progressive.jpeg!.progressive, true);
  for (const chromaSubsampling of ["4:4:4", "4:2:0"]) {
    const { jpeg } = readHeader(await bytesOf(made().jpeg({ chromaSubsampling })))!;
    assert.equal(jpeg!.subsampling, chromaSubsampling);
  }
  const grey = readHeader(await bytesOf(made().toColourspace("b-w").jpeg()))!;
  assert.equal(grey.jpeg!.subsampling, "grey");
  const inks = readHeader(await bytesOf(made().toColourspace("cmyk").jpeg()))!;
  assert.equal(inks.jpeg!.channels, 4);
});

Deno.test("readHeader() tells orientation, that there is EXIF data, and the end", async () => {
  for (const format of ["jpeg", "png", "webp"] as const) {
    const bytes = await bytesOf(made().withMetadata({ orientation: 6 }).toFormat(format));
    const header = readHeader(bytes)!;
    assert.deepEqual([header.orientation, header.exif, header.whole], [6, true, true]);
    assert.equal(readHeader(bytes.subarray(0, bytes.length - 3))?.whole, false);
    // What stands behind the end is nobody's business.
    const longer = new Uint8Array(bytes.length + 9);
    longer.set(bytes);
    assert.equal(readHeader(longer)!.whole, true);
  }
});

Deno.test("readHeader() gives no orientation that there is not", async () => {
  const bytes = await bytesOf(made().withMetadata({ orientation: 6 }).toFormat("tiff"));
  const tag = new Uint8Array([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0]); // 274, a short, one of them: 6
  const at = bytes.findIndex((_, i) => tag.every((byte, k) => bytes[i + k] === byte));
  assert.equal(readHeader(bytes)!.orientation, 6);
  bytes[at + 8] = 77;
  assert.equal(readHeader(bytes)!.orientation, 1);
});

Deno.test("readHeader() never throws and always ends, whatever is flipped or cut", async () => {
  for (const format of ["jpeg", "png", "webp", "gif", "tiff", "avif"] as const) {
    const bytes = await bytesOf(made().withMetadata({ orientation: 6 }).toFormat(format));
    for (let i = 0; i < 400; i++) {
      const harmed = bytes.slice(
        0,
        hash(i, 1) % 4 === 0 ? hash(i, 2) % bytes.length : bytes.length,
      );
      for (let k = 0; k < 3; k++) {
        harmed[hash(i, 3, k) % Math.min(300, bytes.length)] = hash(i, 4, k);
      }
      readHeader(harmed);
    }
  }
  assert.equal(readHeader(new Uint8Array()), undefined);
  assert.equal(readHeader(new Uint8Array(1000)), undefined);
});

Deno.test("a picture of another size than its header says is refused", async () => {
  const wide = await bytesOf(made().gif());
  new DataView(wide.buffer).setUint16(6, 5, true); // the screen, which the picture is wider than
  const decoded = (await openDecoder("sharp")).decode(wide, "wide.gif");
  await assert.rejects(decoded, /DataError: .*says that it has 5 × \d+ pixels and has /);
});

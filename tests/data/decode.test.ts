/** Tests of decoding and encoding with both libraries: formats, colours, and files that are no images. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { type Decoder, openDecoder } from "../../data/decode.ts";
import { encodeJpeg, encodePng } from "../../data/encode.ts";
import { DataError } from "../../data/errors.ts";
import type { Image } from "../../data/image.ts";
import { noise, smooth } from "./fixtures.ts";

const decoders = [await openDecoder("sharp"), await openDecoder("imagescript")];

function raw({ width, height, data }: Image) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Largest and mean distance of two images of one size. */
function distance(a: Image, b: Image): { readonly worst: number; readonly mean: number } {
  assert.deepEqual([a.width, a.height, a.data.length], [b.width, b.height, b.data.length]);
  const steps = Array.from(a.data, (value, i) => Math.abs(value - b.data[i]!));
  return { worst: Math.max(...steps), mean: steps.reduce((x, y) => x + y) / steps.length };
}

async function refused(
  decoder: Decoder,
  bytes: Uint8Array,
  name: string,
  reason = /./,
): Promise<void> {
  await assert.rejects(decoder.decode(bytes, name), (error) => {
    assert.ok(error instanceof DataError, String(error));
    assert.equal(error.exitCode, 3);
    assert.ok(error.message.startsWith(`Cannot read ${name}: `), error.message);
    assert.ok(!error.message.includes("\n"), error.message);
    assert.match(error.message, reason);
    return true;
  });
}

/** A PNG that says it has `width` × `height` pixels and holds none of them. */
function emptyPng(width: number, height: number, whole: Uint8Array): Uint8Array {
  const bytes = whole.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  let crc = 0xffffffff;
  for (const byte of bytes.subarray(12, 29)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  view.setUint32(29, ~crc);
  return bytes;
}

Deno.test("openDecoder() takes sharp when it can", async () => {
  assert.equal((await openDecoder()).library, "sharp");
});

for (const decoder of decoders) {
  const by = `with ${decoder.library}`;

  Deno.test(`decode() gives a PNG back exactly ${by}`, async () => {
    const image = noise(13, 7, 1);
    assert.deepEqual(await decoder.decode(await encodePng(image), "a.png"), image);
  });

  Deno.test(`decode() reads baseline and progressive JPEG ${by}`, async () => {
    const image = smooth(33, 21, 2);
    assert.ok(
      distance(await decoder.decode(await encodeJpeg(image, 95), "a.jpg"), image).mean < 3,
    );
    const progressive = await raw(image).jpeg({ progressive: true, quality: 95 }).toBuffer();
    assert.ok(distance(await decoder.decode(progressive, "p.jpg"), image).mean < 3);
  });

  Deno.test(`decode() repeats grey ${by}`, async () => {
    const grey = smooth(17, 9, 3);
    for (let i = 0; i < grey.data.length; i++) grey.data[i] = grey.data[i - i % 3]!;
    for (const format of ["png", "jpeg"] as const) {
      const bytes = await raw(grey).toColourspace("b-w").toFormat(format, { quality: 95 })
        .toBuffer();
      const decoded = await decoder.decode(bytes, `grey.${format}`);
      assert.ok(distance(decoded, grey).mean < 3);
      assert.ok(decoded.data.every((value, i) => value === decoded.data[i - i % 3]));
    }
  });

  Deno.test(`decode() drops alpha and keeps the colour under it ${by}`, async () => {
    const image = noise(6, 5, 4);
    const rgba = Uint8Array.from(
      { length: 6 * 5 * 4 },
      (_, i) => i % 4 === 3 ? i * 5 % 256 : image.data[Math.floor(i / 4) * 3 + i % 4]!,
    );
    const bytes = await sharp(rgba, { raw: { width: 6, height: 5, channels: 4 } }).png().toBuffer();
    assert.deepEqual((await decoder.decode(bytes, "alpha.png")).data, image.data);
  });

  Deno.test(`decode() turns CMYK into RGB ${by}`, async () => {
    const image = smooth(24, 16, 5);
    const bytes = await raw(image).toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer();
    const { mean } = distance(await decoder.decode(bytes, "cmyk.jpg"), image);
    // Colours outside of the inks' range move; inverted ones would be some 100 away.
    assert.ok(mean < 40, `mean distance ${mean}`);
  });

  Deno.test(`decode() does not turn an image by its orientation ${by}`, async () => {
    const image = smooth(80, 40, 6);
    const bytes = await raw(image).withMetadata({ orientation: 6 }).jpeg({ quality: 95 })
      .toBuffer();
    assert.ok(distance(await decoder.decode(bytes, "turned.jpg"), image).mean < 3);
  });

  Deno.test(`decode() refuses what is no image ${by}`, async () => {
    await refused(decoder, new TextEncoder().encode("<html>not found</html>"), "page.jpg");
    await refused(decoder, new Uint8Array(), "empty.jpg");
    const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>';
    await refused(decoder, new TextEncoder().encode(drawing), "drawing.jpg");
    await refused(decoder, noise(16, 16, 7).data, "noise.png");
  });

  Deno.test(`decode() refuses a truncated image ${by}`, async () => {
    const image = noise(64, 64, 8);
    for (
      const [name, bytes] of [
        ["cut.jpg", await encodeJpeg(image)],
        ["cut.png", await encodePng(image)],
      ] as const
    ) {
      for (const share of [0.05, 0.5, 0.9]) {
        await refused(decoder, bytes.subarray(0, Math.floor(bytes.length * share)), name);
      }
    }
    // And still works afterwards.
    assert.deepEqual(await decoder.decode(await encodePng(image), "whole.png"), image);
  });

  Deno.test(`decode() refuses more pixels than it may hold ${by}`, async () => {
    const whole = await encodePng(noise(4, 4, 9));
    const reason = decoder.library === "sharp" ? /pixel limit/ : /./;
    await refused(decoder, emptyPng(65500, 65500, whole), "bomb.png", reason);
  });
}

Deno.test("the two libraries see nearly the same JPEG", async () => {
  const image = smooth(40, 30, 10);
  const plain = await encodeJpeg(image);
  // Neither applies a colour profile, as Pillow does not.
  const profiled = await raw(image).withIccProfile("p3").jpeg().toBuffer();
  for (const bytes of [plain, profiled]) {
    const [a, b] = await Promise.all(decoders.map((decoder) => decoder.decode(bytes, "a.jpg")));
    assert.ok(distance(a!, b!).worst <= 4);
  }
});

Deno.test("encodeJpeg() refuses a quality outside 1 to 100", async () => {
  await assert.rejects(encodeJpeg(noise(4, 4, 0), 0), RangeError);
});

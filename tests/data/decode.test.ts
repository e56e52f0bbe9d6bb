/** Tests of decoding: every library sees the same pixels in every format and says the same of every bad file. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { crc32 } from "../../models/crc32.ts";
import { type Decoder, openDecoder } from "../../data/decode.ts";
import { encodeJpeg, encodePng } from "../../data/encode.ts";
import { DataError } from "../../data/errors.ts";
import type { Image } from "../../data/image.ts";
import type { Library } from "../../data/native.ts";
import { noise, smooth } from "./fixtures.ts";

const LIBRARIES: readonly Library[] = ["sharp", "jsquash", "imagescript"];
const DECODERS = await Promise.all(LIBRARIES.map((library) => openDecoder(library)));

function raw({ width, height, data }: Image) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function bytesOf(made: { toBuffer(): Promise<Uint8Array> }): Promise<Uint8Array> {
  return new Uint8Array(await made.toBuffer());
}

/** Largest and mean distance of two images of one size. */
function distance(a: Image, b: Image): { readonly worst: number; readonly mean: number } {
  assert.deepEqual([a.width, a.height, a.data.length], [b.width, b.height, b.data.length]);
  const steps = Array.from(a.data, (value, i) => Math.abs(value - b.data[i]!));
  return { worst: Math.max(...steps), mean: steps.reduce((x, y) => x + y) / steps.length };
}

const PICTURE = smooth(33, 21, 2);
const GREY = { ...PICTURE, data: PICTURE.data.map((_, i, all) => all[i - i % 3]!) };
const NOISE = noise(33, 21, 4);

/** A bitmap of Windows with rows upwards, or downwards for a negative height. */
function bmpOf({ width, height, data }: Image, { bits = 24, down = false } = {}): Uint8Array {
  const palette = bits === 8 ? 256 : 0;
  const rowBytes = Math.ceil(width * bits / 32) * 4;
  const start = 54 + 4 * palette;
  const bytes = new Uint8Array(start + rowBytes * height);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("BM"));
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, start, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, down ? -height : height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, bits, true);
  for (let i = 0; i < palette; i++) bytes.set([i, i, i, 0], 54 + 4 * i);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = data.subarray((y * width + x) * 3);
      const at = start + (down ? y : height - 1 - y) * rowBytes + x * bits / 8;
      bytes.set(bits === 8 ? [r!] : bits === 24 ? [b!, g!, r!] : [b!, g!, r!, 7], at);
    }
  }
  return bytes;
}

/** One row of the table: a file, what it shows, and how far a decoder may be off. */
interface Row {
  readonly bytes: Promise<Uint8Array> | Uint8Array;
  /** The picture before it was written. */
  readonly shows: Image;
  /** Mean distance to it that writing leaves; 0 is without loss. */
  readonly mean: number;
  /** Libraries that do not read the format. */
  readonly not?: readonly Library[];
}

const alpha = sharp(
  Uint8Array.from(
    { length: 33 * 21 * 4 },
    (_, i) => i % 4 === 3 ? i * 5 % 256 : NOISE.data[Math.floor(i / 4) * 3 + i % 4]!,
  ),
  { raw: { width: 33, height: 21, channels: 4 } },
);
const few = { ...GREY, data: GREY.data.map((value) => value & 0xc0) };
const noWasm: readonly Library[] = ["imagescript"];
const onlySharp: readonly Library[] = ["jsquash", "imagescript"];

const ROWS: Readonly<Record<string, Row>> = {
  "baseline JPEG": { bytes: encodeJpeg(PICTURE, 95), shows: PICTURE, mean: 2 },
  "progressive JPEG": {
    bytes: bytesOf(raw(PICTURE).jpeg({ progressive: true, quality: 95 })),
    shows: PICTURE,
    mean: 2,
  },
  "JPEG 4:4:4": {
    bytes: bytesOf(raw(PICTURE).jpeg({ chromaSubsampling: "4:4:4", quality: 95 })),
    shows: PICTURE,
    mean: 2,
  },
  "grey JPEG": {
    bytes: bytesOf(raw(GREY).toColourspace("b-w").jpeg({ quality: 95 })),
    shows: GREY,
    mean: 2,
  },
  // Made by a press's profile and read without one; inverted colours would be 100 away.
  "CMYK JPEG": {
    bytes: bytesOf(raw(PICTURE).toColourspace("cmyk").jpeg({ quality: 95 })),
    shows: PICTURE,
    mean: 40,
  },
  "JPEG with a colour profile": {
    bytes: bytesOf(raw(PICTURE).withIccProfile("p3").jpeg({ quality: 95 })),
    shows: PICTURE,
    mean: 25,
  },
  "PNG": { bytes: encodePng(NOISE), shows: NOISE, mean: 0 },
  "grey PNG": { bytes: bytesOf(raw(GREY).toColourspace("b-w").png()), shows: GREY, mean: 0 },
  "PNG with alpha": { bytes: bytesOf(alpha.png()), shows: NOISE, mean: 0 },
  "PNG of 16 bits": {
    bytes: bytesOf(raw(NOISE).toColourspace("rgb16").png()),
    shows: NOISE,
    mean: 0,
  },
  "PNG with a palette": {
    bytes: bytesOf(raw(few).png({ palette: true, dither: 0 })),
    shows: few,
    mean: 1,
  },
  "interlaced PNG": {
    bytes: bytesOf(raw(NOISE).png({ progressive: true })),
    shows: NOISE,
    mean: 0,
  },
  "WebP": {
    bytes: bytesOf(raw(PICTURE).webp({ quality: 95 })),
    shows: PICTURE,
    mean: 3,
    not: noWasm,
  },
  "WebP without loss": {
    bytes: bytesOf(raw(NOISE).webp({ lossless: true })),
    shows: NOISE,
    mean: 0,
    not: noWasm,
  },
  "GIF": { bytes: bytesOf(raw(few).gif({ dither: 0 })), shows: few, mean: 3 },
  "TIFF": {
    bytes: bytesOf(raw(NOISE).tiff({ compression: "lzw" })),
    shows: NOISE,
    mean: 0,
    not: onlySharp,
  },
  "AVIF": {
    bytes: bytesOf(raw(PICTURE).avif({ quality: 90 })),
    shows: PICTURE,
    mean: 3,
    not: noWasm,
  },
  "BMP of 24 bits": { bytes: bmpOf(NOISE), shows: NOISE, mean: 0 },
  "BMP of 32 bits, downwards": {
    bytes: bmpOf(NOISE, { bits: 32, down: true }),
    shows: NOISE,
    mean: 0,
  },
  "BMP with a palette": { bytes: bmpOf(GREY, { bits: 8 }), shows: GREY, mean: 0 },
};

for (const [kind, { bytes, shows, mean, not = [] }] of Object.entries(ROWS)) {
  Deno.test(`every library sees the same ${kind}`, async () => {
    const file = await bytes;
    const first = await DECODERS[0]!.decode(file, kind);
    for (const decoder of DECODERS) {
      if (not.includes(decoder.library)) {
        await assert.rejects(decoder.decode(file, kind), (error) => {
          assert.ok(error instanceof DataError);
          assert.match(
            error.message,
            /^Cannot read .*(imagescript|jsquash) does not read (WebP|AVIF|TIFF)/,
          );
          return true;
        });
        continue;
      }
      const image = await decoder.decode(file, kind);
      const off = distance(image, shows);
      assert.ok(off.mean <= mean, `${decoder.library} is off by ${off.mean}`);
      const other = distance(image, first).worst;
      assert.ok(other <= 2, `${decoder.library} differs from sharp by ${other}`);
    }
  });
}

Deno.test("every library turns a picture as its orientation says, in every format that has one", async () => {
  const image = smooth(24, 10, 6);
  for (const format of ["jpeg", "png", "webp", "tiff"] as const) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const options = format === "jpeg" ? { quality: 100, chromaSubsampling: "4:4:4" } : {};
      const bytes = await bytesOf(
        raw(image).withMetadata({ orientation }).toFormat(format, { ...options, lossless: true }),
      );
      // sharp's own way, which is not the decoder's.
      const { data, info: { width, height } } = await sharp(bytes).autoOrient().removeAlpha().raw()
        .toBuffer({ resolveWithObject: true });
      const upright = { width, height, data: new Uint8Array(data) };
      assert.equal(width, orientation >= 5 ? 10 : 24);
      for (const decoder of DECODERS) {
        if (format === "webp" && decoder.library === "imagescript") continue;
        if (format === "tiff" && decoder.library !== "sharp") continue;
        const { worst } = distance(await decoder.decode(bytes, format), upright);
        assert.ok(worst <= 2, `${decoder.library}, ${format} ${orientation}: ${worst}`);
      }
    }
  }
});

/** A PNG that says it has `width` × `height` pixels and holds none of them. */
function emptyPng(width: number, height: number, whole: Uint8Array): Uint8Array {
  const bytes = whole.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  view.setUint32(29, crc32(bytes.subarray(12, 29)));
  return bytes;
}

/** A JPEG whose frame says another size. */
function emptyJpeg(width: number, height: number, whole: Uint8Array): Uint8Array {
  const bytes = whole.slice();
  const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
  new DataView(bytes.buffer).setUint16(frame + 5, height);
  new DataView(bytes.buffer).setUint16(frame + 7, width);
  return bytes;
}

/** The middle of a file overwritten, its beginning and end left alone. */
function scrambled(bytes: Uint8Array, seed = 1): Uint8Array {
  const [from, to] = [Math.floor(bytes.length * 0.6), Math.floor(bytes.length * 0.9)];
  const other = noise(100, 100, seed).data;
  // No byte is 255, which could be a marker.
  return bytes.map((byte, i) => i >= from && i < to ? other[i % other.length]! % 255 : byte);
}

const text = (content: string) => new TextEncoder().encode(content);
const BIG = noise(64, 64, 8);
const [jpeg, png, webp, gif] = await Promise.all([
  encodeJpeg(BIG),
  encodePng(BIG),
  bytesOf(raw(BIG).webp()),
  bytesOf(raw(BIG).gif()),
]);

const BAD: readonly [name: string, bytes: Uint8Array, reason: RegExp][] = [
  ["empty.jpg", new Uint8Array(), /: it is empty, /],
  ["page.jpg", text("\n<!DOCTYPE html><html>not found</html>"), /a page or a drawing in markup/],
  ["drawing.png", text('<svg xmlns="http://www.w3.org/2000/svg" width="9"></svg>'), /markup/],
  ["notes.jpg", text("hello"), /it does not begin as JPEG, PNG, .* do/],
  ["noise.png", BIG.data, /it does not begin as/],
  ["bomb.png", emptyPng(65500, 65500, png), /65500 × 65500 pixels, at most 178956970/],
  ["bomb.jpg", emptyJpeg(65500, 65500, jpeg), /65500 × 65500 pixels, at most 178956970/],
  ["zero.png", emptyPng(0, 5, png), /it says that it has 0 × 5 pixels/],
  ["cut.webp", webp.subarray(0, webp.length / 2), /its WebP data ends early/],
  ["cut.gif", gif.subarray(0, 600), /its GIF data (ends early|is damaged)/],
  ["cut.bmp", bmpOf(BIG).subarray(0, 5000), /its BMP data ends early/],
  ["no_end.jpg", jpeg.subarray(0, jpeg.length - 2), /its JPEG data ends early/],
  ["no_end.png", png.subarray(0, png.length - 1), /its PNG data ends early/],
  ...[0.3, 0.5, 0.9].flatMap((share): [string, Uint8Array, RegExp][] => [
    ["cut.jpg", jpeg.subarray(0, Math.floor(jpeg.length * share)), /its JPEG data|does not begin/],
    ["cut.png", png.subarray(0, Math.floor(png.length * share)), /its PNG data ends early/],
  ]),
  ["scrambled.png", scrambled(png), /its PNG data (is damaged|ends early)/],
  ["scrambled.jpg", scrambled(jpeg), /its JPEG data is damaged/],
];

for (const [name, bytes, reason] of BAD) {
  Deno.test(`every library says the same of ${name} of ${bytes.length} bytes`, async () => {
    const messages = new Set<string>();
    for (const decoder of DECODERS) {
      if (/webp/.test(name) && decoder.library === "imagescript") continue;
      const error = await decoder.decode(bytes, name).then(() => undefined, (error) => error);
      assert.ok(error instanceof DataError, `${decoder.library}: ${error}`);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, reason);
      assert.ok(error.message.startsWith(`Cannot read ${name}: `), error.message);
      messages.add(error.message);
      await stillWorks(decoder);
    }
    assert.equal(messages.size, 1, [...messages].join("\n"));
  });
}

async function stillWorks(decoder: Decoder): Promise<void> {
  assert.deepEqual((await decoder.decode(png, "whole.png")).data, BIG.data);
  assert.equal((await decoder.decode(jpeg, "whole.jpg")).width, 64);
}

Deno.test("openDecoder() takes sharp when it can", async () => {
  assert.equal((await openDecoder()).library, "sharp");
});

Deno.test("encodeJpeg() refuses a quality outside 1 to 100", async () => {
  await assert.rejects(encodeJpeg(noise(4, 4, 0), 0), RangeError);
});

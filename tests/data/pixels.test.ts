/** The loops over pixels against plain arithmetic, for sizes from 1 × 1 on. */
import assert from "node:assert/strict";
import { withoutAlpha } from "../../data/decoders/codec.ts";
import { openSlab } from "../../data/slab.ts";
import type { Image, Size } from "../../data/image.ts";
import { sequence } from "../../data/random.ts";
import { apply } from "../../data/transforms/operations.ts";
import { crop } from "../../data/transforms/crop.ts";
import { horizontalFlip } from "../../data/transforms/random_horizontal_flip.ts";
import { verticalFlip } from "../../data/transforms/random_vertical_flip.ts";
import { antialiased } from "../../data/transforms/resample.ts";
import { resize, resizeBytes } from "../../data/transforms/resize.ts";
import { viewOf, writeView } from "../../data/view.ts";
import { BYTES } from "../../data/wasm/pixels_bytes.ts";
import { assembled } from "./wat.ts";

/** Pillow's `ImagingResampleHorizontal_8bpc` or its vertical twin, output by output. */
function pass(
  image: Image,
  to: number,
  { filter, across }: { readonly filter: "bilinear" | "bicubic"; readonly across: boolean },
): Image {
  const from = across ? image.width : image.height;
  if (from === to) return image;
  const { first, count, weights, span } = antialiased(from, to, filter);
  const size = across ? { width: to, height: image.height } : { width: image.width, height: to };
  const data = new Uint8Array(size.width * size.height * 3);
  for (let o = 0; o < data.length; o++) {
    const [c, x, y] = [o % 3, Math.floor(o / 3) % size.width, Math.floor(o / 3 / size.width)];
    const i = across ? x : y;
    let sum = 2 ** 21;
    for (let k = 0; k < count[i]!; k++) {
      const weight = weights[i * span + k]! * 2 ** 22;
      const at = first[i]! + k;
      const pixel = across ? y * image.width + at : at * image.width + x;
      sum += image.data[pixel * 3 + c]! * Math.trunc(weight + (weight < 0 ? -0.5 : 0.5));
    }
    data[o] = Math.min(255, Math.max(0, Math.floor(sum / 2 ** 22)));
  }
  return { ...size, data };
}

function plainResize(image: Image, { width, height }: Size, filter: "bilinear" | "bicubic") {
  const across = (x: Image) => pass(x, width, { filter, across: true });
  const down = (x: Image) => pass(x, height, { filter, across: false });
  const lost = image.height - height;
  return lost > 0 && lost > 2 * (image.width - width) ? across(down(image)) : down(across(image));
}

/** An image of black, white and what is between. */
function made({ width, height }: Size, random: () => number): Image {
  const level = () => Math.min(255, Math.max(0, Math.floor(random() * 512) - 128));
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, level) };
}

/** A rectangle somewhere in a size. */
function part({ width, height }: Size, whole: (most: number) => number) {
  const [left, top] = [whole(width) - 1, whole(height) - 1];
  return { left, top, width: whole(width - left), height: whole(height - top) };
}

Deno.test("the committed bytes are those of the text", async () => {
  assert.equal(BYTES, await assembled());
});

Deno.test("a resize is plain arithmetic to the bit, and so is any part of it between crops", async () => {
  const random = sequence(11);
  const whole = (most: number) => 1 + Math.floor(random() * most);
  const shapes: [Size, Size][] = [
    [{ width: 1, height: 1 }, { width: 1, height: 1 }],
    [{ width: 1, height: 1 }, { width: 7, height: 5 }],
    [{ width: 33, height: 1 }, { width: 1, height: 3 }],
    [{ width: 3, height: 200 }, { width: 31, height: 17 }],
    // More rows than are brought to the loops at once, both ways.
    [{ width: 701, height: 401 }, { width: 33, height: 31 }],
    [{ width: 401, height: 701 }, { width: 99, height: 32 }],
  ];
  for (let i = 0; i < 60; i++) {
    shapes.push([
      { width: whole(60), height: whole(60) },
      { width: whole(80), height: whole(80) },
    ]);
  }
  for (const [i, [from, to]] of shapes.entries()) {
    for (const interpolation of ["bilinear", "bicubic"] as const) {
      const image = made(from, random);
      const expected = plainResize(image, to, interpolation);
      const name = `${from.width}×${from.height} → ${to.width}×${to.height} ${interpolation} ${i}`;
      assert.deepEqual(resizeBytes(image, { ...to, interpolation }), expected, name);
      const [before, after] = [part(from, whole), part(to, whole)];
      const cut = await apply(image, [crop(before)]);
      assert.deepEqual(
        await apply(image, [crop(before), resize({ ...to, interpolation }), crop(after)]),
        await apply(plainResize(cut, to, interpolation), [crop(after)]),
        `${name}, of ${JSON.stringify(before)}, ${JSON.stringify(after)}`,
      );
    }
  }
});

Deno.test("a view of an image is the same in and out of a slab", async () => {
  const random = sequence(12);
  const whole = (most: number) => 1 + Math.floor(random() * most);
  const slab = openSlab(2 ** 20);
  const sizes = Array.from({ length: 40 }, () => ({ width: whole(40), height: whole(40) }));
  // One has more rows than are written at once.
  for (const size of [...sizes, { width: 400, height: 300 }]) {
    const image = made(size, random);
    const kept = slab.keep(image)!;
    for (let i = 0; i < 4; i++) {
      const box = i === 0 ? { left: 0, top: 0, ...size } : part(size, whole);
      const drawn = [
        crop(box),
        ...(i & 1 ? [horizontalFlip({})] : []),
        ...(i & 2 ? [verticalFlip({})] : []),
      ];
      const { data } = await apply(image, drawn);
      const expected = Uint8Array.from(
        { length: box.width * box.height * 4 },
        (_, k) => k % 4 === 3 ? 0 : data[Math.floor(k / 4) * 3 + k % 4]!,
      );
      for (const source of [image, kept]) {
        // What a batch held before does not show.
        const pixels = new Uint8Array(expected.length).fill(9);
        writeView(source, viewOf(source, drawn)!, pixels);
        assert.deepEqual(pixels, expected);
      }
    }
  }
  assert.equal(slab.keep(made({ width: 1000, height: 1000 }, random)), undefined);
});

Deno.test("the colours of pixels are those without their alpha, for any number of them", () => {
  const random = sequence(13);
  for (const count of [1, 2, 3, 5, 64, 1001, 2 ** 16, 2 ** 17 + 7]) {
    const rgba = Uint8Array.from({ length: 4 * count }, () => Math.floor(256 * random()));
    assert.deepEqual(withoutAlpha(rgba), rgba.filter((_, i) => i % 4 < 3), String(count));
  }
});

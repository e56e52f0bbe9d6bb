/** Tests of the transforms against Pillow's and torchvision's numbers. */
import assert from "node:assert/strict";
import { openDecoder } from "../../data/decode.ts";
import type { Image } from "../../data/image.ts";
import { sequence } from "../../data/random.ts";
import * as centerCrop from "../../data/transforms/center_crop.ts";
import * as crop from "../../data/transforms/crop.ts";
import * as horizontalFlip from "../../data/transforms/horizontal_flip.ts";
import * as randomCrop from "../../data/transforms/random_crop.ts";
import * as resize from "../../data/transforms/resize.ts";
import { centerView, randomView, writeView } from "../../data/view.ts";
import { shared } from "../shared.ts";
import { noise } from "./fixtures.ts";

const none = () => 0;

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("resize.apply() gives Pillow's bytes", async () => {
  const image = noise(7, 5, 1);
  // Image.resize of Pillow 13.0.0, BILINEAR.
  // deno-fmt-ignore
  assert.deepEqual([...resize.apply(image, { width: 3, height: 4 }).data], [
    159, 107, 147, 151, 105, 156, 186, 117, 147, 109, 109, 133, 127, 126, 155, 177, 165, 136,
    112, 127, 135, 132, 179, 145, 132, 160, 106, 147, 146, 174, 184, 190, 128, 138, 103, 140,
  ]);
  // deno-fmt-ignore
  assert.deepEqual([...resize.apply(image, { width: 7, height: 2 }).data], [
    83, 118, 137, 176, 126, 129, 116, 65, 162, 147, 131, 160, 115, 159, 141, 214, 125, 174, 171, 159, 98,
    65, 128, 105, 150, 133, 178, 179, 148, 173, 175, 207, 106, 100, 192, 157, 138, 129, 128, 160, 113, 97,
  ]);
  // Here the height shrinks by more than twice as much as the width: Pillow 13 resizes it first.
  // deno-fmt-ignore
  assert.deepEqual([...resize.apply(image, { width: 6, height: 2 }).data], [
    100, 120, 136, 157, 107, 139, 130, 94, 161, 129, 147, 149, 183, 136, 164, 179, 153, 112,
    81, 129, 119, 159, 138, 176, 177, 174, 144, 133, 199, 135, 126, 149, 137, 156, 116, 103,
  ]);
  const larger = resize.apply(image, { width: 9, height: 8 }).data;
  assert.deepEqual([...larger.subarray(0, 9)], [146, 150, 180, 207, 109, 119, 186, 64, 150]);
  assert.deepEqual([...larger.subarray(-9)], [116, 115, 126, 157, 54, 141, 186, 37, 185]);
  const portrait = resize.apply(noise(200, 250, 2), { width: 73, height: 91 });
  assert.equal(
    await sha256(portrait.data),
    "6c0a3ac9fe7a6be92a02eba02dfbef41e6a15452b1f4986c5897f489b910b4c8",
  );
});

Deno.test("resize.apply() gives Pillow's bytes by the bicubic filter, beyond 0 and 255 too", async () => {
  // Image.resize of Pillow 13.0.0, BICUBIC.
  const small = resize.apply(noise(7, 5, 1), { width: 3, height: 4 }, "bicubic");
  // deno-fmt-ignore
  assert.deepEqual([...small.data], [
    163, 105, 147, 149, 105, 160, 190, 115, 147, 105, 106, 134, 123, 116, 155, 183, 172, 138,
    109, 124, 130, 133, 185, 150, 128, 163, 98, 150, 146, 177, 191, 202, 129, 135, 94, 141,
  ]);
  const portrait = resize.apply(noise(200, 250, 2), { width: 73, height: 91 }, "bicubic");
  assert.equal(
    await sha256(portrait.data),
    "75143336eed8596646f6f727f25455c90682e9c2867914510aa1f10c595a8f46",
  );
  const grey = (levels: number[]) => Uint8Array.from(levels.flatMap((v) => [v, v, v]));
  const wide = (levels: number[]) =>
    resize.apply({ width: 4, height: 1, data: grey(levels) }, { width: 10, height: 1 }, "bicubic");
  const soft = grey([40, 39, 30, 33, 85, 170, 222, 225, 216, 215]);
  assert.deepEqual(wide([40, 40, 215, 215]).data, soft);
  assert.deepEqual(
    wide([0, 0, 255, 255]).data,
    grey([0, 0, 0, 0, 66, 189, 255, 255, 255, 255]),
  );
});

Deno.test("resize.sample() keeps proportions as torchvision does", () => {
  const size = (width: number, height: number, short: number) =>
    resize.sample(none, { width, height }, short);
  assert.deepEqual(size(640, 480, 256), { width: 341, height: 256 });
  assert.deepEqual(size(200, 250, 73), { width: 73, height: 91 });
  assert.deepEqual(size(50, 50, 64), { width: 64, height: 64 });
});

Deno.test("resize.apply() refuses an empty size", () => {
  assert.throws(() => resize.apply(noise(4, 4, 0), { width: 0, height: 4 }), RangeError);
});

Deno.test("centerCrop.sample() rounds half a pixel to the even side", () => {
  const left = (slack: number) =>
    centerCrop.sample(none, { width: 10 + slack, height: 10 }, 10).left;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(left), [0, 0, 1, 2, 2, 2, 3, 4]);
  assert.throws(() => centerCrop.sample(none, { width: 10, height: 9 }, 10), /from 1 to 9/);
});

Deno.test("randomCrop.sample() reaches every place and no other", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 400; i++) {
    const { left, top } = randomCrop.sample(sequence(i), { width: 12, height: 11 }, 10);
    seen.add(`${left},${top}`);
  }
  assert.deepEqual([...seen].sort(), ["0,0", "0,1", "1,0", "1,1", "2,0", "2,1"]);
});

Deno.test("crop.apply() refuses to leave the image", () => {
  const rectangle = { left: 3, top: 0, width: 2, height: 2 };
  assert.throws(() => crop.apply(noise(4, 4, 0), rectangle), /at \(3, 0\)/);
});

Deno.test("horizontalFlip mirrors rows and undoes itself", () => {
  const image = { width: 2, height: 2, data: Uint8Array.from({ length: 12 }, (_, i) => i) };
  const mirrored = horizontalFlip.apply(image, true);
  assert.deepEqual([...mirrored.data], [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
  assert.deepEqual(horizontalFlip.apply(mirrored, true).data, image.data);
  assert.equal(horizontalFlip.sample(() => 0.499, image), true);
  assert.equal(horizontalFlip.sample(() => 0.5, image), false);
});

Deno.test("writeView() is crop, mirror and a fourth byte", () => {
  const image = noise(13, 11, 3);
  for (
    const view of [
      centerView(image, 8),
      ...Array.from({ length: 10 }, (_, i) => randomView(sequence(i), image, 8)),
    ]
  ) {
    const { data } = horizontalFlip.apply(crop.apply(image, view), view.flip);
    const batch = new Uint8Array(3 * 8 * 8 * 4);
    writeView(image, view, batch, 1);
    const expected = new Uint8Array(batch.length);
    data.forEach((byte, i) => expected[8 * 8 * 4 + Math.floor(i / 3) * 4 + i % 3] = byte);
    assert.deepEqual(batch, expected);
  }
});

interface Case {
  readonly input: string;
  readonly op: string;
  readonly args: Record<string, unknown>;
  readonly outputs: { readonly pil: { shape: number[]; sha256: string }[] | { error: string } };
}

/** What this room makes of a case, undefined when it is not about a transform that exists here. */
function transformed(image: Image, { op, args }: Case): Image | undefined {
  if (op === "horizontal_flip") return horizontalFlip.apply(image, true);
  if (op === "center_crop") {
    const [height, width] = args["output_size"] as number[];
    if (width !== height || width! > Math.min(image.width, image.height)) return undefined;
    return centerCrop.apply(image, centerCrop.sample(none, image, width!));
  }
  const interpolation = args["interpolation"];
  if (interpolation !== "bilinear" && interpolation !== "bicubic") return undefined;
  if (op === "eval_preset") {
    const size = resize.sample(none, image, args["resize"] as number);
    const resized = resize.apply(image, size, interpolation);
    return centerCrop.apply(resized, centerCrop.sample(none, resized, args["crop"] as number));
  }
  if (op !== "resize" || "max_size" in args) return undefined;
  const [short, width] = args["size"] as number[];
  const size = width === undefined ? resize.sample(none, image, short!) : { width, height: short! };
  return resize.apply(image, size, interpolation);
}

const golden = shared("golden/transforms/index.json");

Deno.test("transforms give the golden bytes of torchvision on Pillow images", {
  ignore: golden === undefined,
}, async () => {
  const { inputs, cases } = JSON.parse(await Deno.readTextFile(golden!)) as {
    inputs: Record<string, { file: string }>;
    cases: Case[];
  };
  const decoder = await openDecoder();
  const images = new Map<string, Image>();
  for (const [name, { file }] of Object.entries(inputs)) {
    const bytes = await Deno.readFile(golden!.replace("index.json", file));
    images.set(name, await decoder.decode(bytes, file));
  }
  let compared = 0;
  for (const one of cases) {
    const image = transformed(images.get(one.input)!, one);
    if (!image || "error" in one.outputs.pil) continue;
    const [{ shape, sha256: expected }] = one.outputs.pil as [{ shape: number[]; sha256: string }];
    const grey = shape.length === 2;
    const data = grey ? image.data.filter((_, i) => i % 3 === 0) : image.data;
    assert.deepEqual([image.height, image.width], shape.slice(0, 2));
    assert.equal(
      await sha256(data),
      expected,
      `${one.op} of ${one.input} ${JSON.stringify(one.args)}`,
    );
    compared++;
  }
  assert.ok(compared >= 60, `only ${compared} cases compared`);
});

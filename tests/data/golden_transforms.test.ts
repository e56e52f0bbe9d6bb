/** The operations against every golden case of torchvision: Pillow's bytes and torchvision's numbers. */
import assert from "node:assert/strict";
import { openDecoder } from "../../data/decode.ts";
import { mixBatch, oneHot } from "../../data/mixing.ts";
import { type FloatImage, type Image, toFloat } from "../../data/image.ts";
import {
  type AugmentationName,
  magnitude,
  SPACES,
} from "../../data/transforms/augmentation_space.ts";
import { boxAround, pasted } from "../../data/transforms/cut_mix.ts";
import { meanOfTwo } from "../../data/transforms/mix_up.ts";
import { POLICIES } from "../../data/transforms/policies.ts";
import { apply, applyFloat } from "../../data/transforms/operations.ts";
import { normalize } from "../../data/transforms/normalize.ts";
import { shared } from "../shared.ts";
import { type Case, operationsOf, type Output } from "./golden_transforms.ts";

const index = shared("golden/transforms/index.json");
const { inputs, cases } = index === undefined
  ? { inputs: {}, cases: [] }
  : JSON.parse(await Deno.readTextFile(index)) as {
    inputs: Record<string, { file: string }>;
    cases: Case[];
  };
const skipped = { ignore: index === undefined };
const folder = index?.replace("index.json", "");

async function images(): Promise<Map<string, Image>> {
  const decoder = await openDecoder();
  const found = new Map<string, Image>();
  for (const [name, { file }] of Object.entries(inputs)) {
    found.set(name, await decoder.decode(await Deno.readFile(folder + file), file));
  }
  return found;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toHex();
}

/** One channel where the golden image has one. */
function channels<T extends Uint8Array | Float32Array>(data: T, shape: readonly number[]): T {
  return shape.length === 2 ? data.filter((_, i) => i % 3 === 0) as T : data;
}

async function floats(file: string): Promise<Float32Array> {
  return new Float32Array((await Deno.readFile(folder + file)).buffer);
}

/** How far two lists of numbers are apart: the largest difference, and the share above a limit. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>, limit: number) {
  assert.equal(a.length, b.length);
  let [most, above] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    most = Math.max(most, d);
    if (!(d <= limit)) above++;
  }
  return { most, above };
}

function nameOf({ op, input, args }: Case): string {
  return `${op} of ${input} ${JSON.stringify(args)}`;
}

Deno.test("bytes are Pillow's in every golden case", skipped, async () => {
  const found = await images();
  const decoder = await openDecoder();
  const wrong: string[] = [];
  for (const one of cases) {
    const expected = one.outputs["pil"];
    if (expected === undefined) continue;
    const image = found.get(one.input!)!;
    const lists = operationsOf(one, image, "pil");
    assert.ok(lists, `no operation is known for ${nameOf(one)}`);
    assert.ok(Array.isArray(expected), "a case that must raise");
    assert.equal(lists.length, expected.length, nameOf(one));
    for (const [k, { file, shape, sha256: hash }] of expected.entries()) {
      const result = await apply(image, lists[k]!);
      assert.deepEqual([result.height, result.width], shape.slice(0, 2), nameOf(one));
      const data = channels(result.data, shape);
      if (await sha256(data) === hash) continue;
      const golden = await decoder.decode(await Deno.readFile(folder + file), file);
      const { most, above } = distance(data, channels(golden.data, shape), 0);
      wrong.push(`${nameOf(one)}: ${above} of ${data.length} levels, by at most ${most}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** Limits of numbers: colours and blurs, then warps, where torch computes positions in float32. */
const CLOSE = 1e-5;
const WARPED = 1e-3;
/** Share of pixels that nearest reading may take from a neighbour, at a tie that float32 decides. */
const TIES = 2e-3;

Deno.test("numbers are torchvision's in every golden case", skipped, async () => {
  const found = await images();
  let compared = 0;
  for (const one of cases) {
    const expected = one.outputs["float"];
    if (expected === undefined) continue;
    const image = toFloat(found.get(one.input!)!);
    const lists = operationsOf(one, image, "float");
    assert.ok(lists && Array.isArray(expected), nameOf(one));
    const warp = ["rotate", "affine", "perspective"].includes(one.op);
    const ties = warp && one.args["interpolation"] === "nearest" ? TIES : 0;
    for (const [k, { file, shape }] of expected.entries()) {
      const result = applyFloat(image, lists[k]!);
      assert.deepEqual([result.height, result.width], shape.slice(0, 2), nameOf(one));
      const data = channels(result.data, shape);
      const { most, above } = distance(data, await floats(file), warp ? WARPED : CLOSE);
      assert.ok(above <= ties * data.length, `${nameOf(one)}: ${above} by at most ${most}`);
    }
    compared++;
  }
  assert.equal(compared, cases.filter(({ outputs }) => "float" in outputs).length);
});

/** [h, w, 3] → [3, h, w]. */
function planes({ width, height, data }: FloatImage): Float32Array {
  const n = width * height;
  return Float32Array.from({ length: 3 * n }, (_, i) => data[i % n * 3 + Math.floor(i / n)]!);
}

Deno.test("normalize and erase are torchvision's", skipped, async () => {
  const found = await images();
  const rounded = ({ data, ...size }: Image): FloatImage => ({
    ...size,
    data: Float32Array.from(data, (level) => level * Math.fround(1 / 255)),
  });
  for (const one of cases) {
    if (one.op === "normalize") {
      const [[path, output]] = Object.entries(one.outputs) as [[string, Output]];
      assert.ok(Array.isArray(output));
      const image = found.get(one.input!)!;
      // Version 2 multiplies by 1 / 255 where version 1 divides.
      const numbers = path === "v1" ? toFloat(image) : rounded(image);
      const { mean, std } = one.args as Record<string, number[]>;
      const result = planes(normalize(numbers, { mean: mean!, std: std! }));
      assert.equal(await sha256(new Uint8Array(result.buffer)), output[0]!.sha256, nameOf(one));
    } else if (one.op === "erase") {
      const output = one.outputs["v2"];
      assert.ok(Array.isArray(output));
      const image = found.get(one.input!)!;
      const result = await apply(image, operationsOf(one, image, "pil")![0]!);
      assert.equal(await sha256(result.data), output[0]!.sha256, nameOf(one));
    }
  }
  assert.throws(() => normalize(toFloat([...found.values()][0]!), { mean: [0], std: [0] }));
});

Deno.test("mixed batches and targets are torchvision's", skipped, async () => {
  for (const { op, args, labels, outputs } of cases) {
    if (op !== "mixup" && op !== "cutmix") continue;
    const [n, channels, height, width] = args["shape"] as [number, number, number, number];
    const plane = height * width;
    // [n, c, h, w] → [n, h, w, c]; the numbers are the shared hash.
    const place = (i: number) => {
      const [image, c, at] = [
        Math.floor(i / plane / channels),
        Math.floor(i / plane) % channels,
        i % plane,
      ];
      return (image * plane + at) * channels + c;
    };
    const images = new Float32Array(n * channels * plane);
    for (let i = 0; i < images.length; i++) {
      images[place(i)] = 2 * hashFill(i, args["x_stream"]) - 1;
    }
    const targets = oneHot(Int32Array.from(args["labels"]), args["num_classes"]);
    const [left, top, right, bottom] = args["box"] ?? [];
    const drawn = op === "mixup"
      ? meanOfTwo({ lambda: args["lam"] })
      : pasted(boxAround(args["center"], args["lam"], { width, height }));
    if (op === "cutmix") {
      assert.deepEqual(drawn.parameters, { left, top, width: right - left, height: bottom - top });
    }
    mixBatch({ images, targets }, [drawn], { n, height, width, channels });
    const output = outputs["v2"];
    assert.ok(Array.isArray(output));
    const expected = await floats(output[0]!.file);
    const found = Float32Array.from(expected, (_, i) => images[place(i)]!);
    assert.equal(distance(found, expected, 1e-6).above, 0, `${op} ${args["lam"]}`);
    assert.equal(distance(targets, labels!.flat(), 1e-6).above, 0, `${op} ${args["lam"]}`);
  }
});

/** The hash of the golden README, as a number in [0, 1). */
function hashFill(i: number, stream: number): number {
  let h = (i + Math.imul(stream, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 8) / 2 ** 24;
}

/** Ops that two of the tests above compare by hand, and how many cases there are of each. */
const BY_HAND = { normalize: 4, erase: 2, mixup: 3, cutmix: 3 } as const;

Deno.test("every golden case is compared", skipped, () => {
  const known = (one: Case) =>
    one.op in BY_HAND || operationsOf(one, { width: 64, height: 64 }, "pil") !== undefined;
  assert.deepEqual(cases.filter((one) => !known(one)).map(nameOf), []);
  for (const [op, count] of Object.entries(BY_HAND)) {
    assert.ok(cases.filter((one) => one.op === op).length >= count, op);
  }
  // Each of them is about Pillow's bytes, or one of the four above.
  const compared = cases.filter((one) => "pil" in one.outputs || one.op in BY_HAND);
  assert.equal(compared.length, cases.length);
});

Deno.test("policies and magnitudes are torchvision's", skipped, async () => {
  const tables = JSON.parse(await Deno.readTextFile(`${folder}augment_tables.json`));
  assert.deepEqual(POLICIES.imagenet, tables["autoaugment_imagenet_policy"]);
  let compared = 0;
  for (const version of ["v1", "v2"]) {
    for (const [size, methods] of Object.entries<Record<string, Table>>(tables[version])) {
      const [height, width] = size.split("x").map(Number) as [number, number];
      for (const [method, table] of Object.entries(methods)) {
        const space = SPACES[method.split("_")[0] as keyof typeof SPACES];
        for (const [name, { magnitudes, signed }] of Object.entries(table)) {
          const none = !Array.isArray(magnitudes);
          Array.from({ length: space.bins }, (_, bin) => {
            const found = magnitude(name as AugmentationName, bin, {
              space,
              image: { width, height },
            });
            if (none) return assert.equal(found, undefined, `${method} ${name}`);
            assert.equal(found!.signed, signed, `${method} ${name}`);
            // Version 2 has thresholds from 1 to 0.
            const unit = version === "v2" && name === "Solarize" ? 255 : 1;
            const expected = unit * magnitudes[bin]!;
            const limit = 1e-6 * Math.max(Math.abs(expected), 255);
            assert.ok(Math.abs(found!.value - expected) <= limit, `${method} ${name} ${bin}`);
            compared++;
          });
        }
      }
    }
  }
  assert.ok(compared > 2000, `${compared} magnitudes`);
});

/** Magnitudes of the operations of a method; a number stands for one without any. */
type Table = Record<string, { magnitudes: number[] | number | null; signed: boolean }>;

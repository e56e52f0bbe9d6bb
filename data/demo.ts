/** The demo set: made-up portraits, half of them manipulated, from seeds. No photograph is in it. */
import { type Canvas, type Colour, coverage, ellipse, type Shape } from "./demo/canvas.ts";
import { drawPortrait, randomFeatures, randomScene, type Scene } from "./demo/portrait.ts";
import { blend, type Change, changed } from "./demo/splice.ts";
import { encodeJpeg } from "./encode.ts";
import { type Files, join } from "./files.ts";
import type { Image } from "./image.ts";
import { hash, type Random, sequence, shuffled, uniform } from "./random.ts";

/** How large a demo set is. */
export interface DemoOptions {
  /** Images to learn from. */
  readonly train: number;
  /** Images to check with. */
  readonly validation: number;
  /** A whole number from 0; other seeds, other images. */
  readonly seed: number;
  /** Side of the square images, in pixels. */
  readonly size: number;
}

/** The demo set that runs use: its seed is not theirs. */
export const DEMO_SET = { train: 320, validation: 128, size: 64, seed: 0 } as const;

/** Least and greatest contrast and noise (standard deviation, in levels) of a camera. */
const CONTRAST = [0.7, 1.1] as const;
const NOISE = [2, 7] as const;

/** Quality of the JPEG files. */
const QUALITY = 90;

/** Contrast that raises the deviation of a whole picture as a tinted face raises it; measured. */
const SPREAD_CONTRAST = 1.75;

/**
 * A portrait. A manipulated one has its face from a copy that was moved, tinted and softened or
 * sharpened, or from another face treated so, blended in under a soft mask (as the self-blended
 * images of Shiohara and Yamasaki, 2022). The others have as much tint and softness spread evenly
 * over the picture, so that mean, deviation and file size are those of manipulated ones.
 */
export function demoImage(seed: number, index: number, manipulated: boolean, size = 64): Image {
  const random = sequence(seed, index);
  const scene = randomScene(random);
  const features = randomFeatures(random);
  const other = random() < 0.5 ? randomFeatures(random) : features;
  const change = randomChange(random);
  const mask = randomMask(random, scene);
  const camera = hash(seed, index, 1);
  const picture = photograph(drawPortrait(scene, features, size), camera);
  if (manipulated) {
    const source = other === features
      ? picture
      : photograph(drawPortrait(scene, other, size), camera);
    blend(picture, changed(source, change), mask);
  } else {
    const share = mean(picture, mask);
    const spread = { ...change, contrast: SPREAD_CONTRAST, moved: [0, 0] } as const;
    blend(picture, changed(picture, spread), () => share);
  }
  return picture.finish();
}

/** A tint up or down, softer or sharper, moved a little. */
function randomChange(random: Random): Change {
  const brighter = (random() < 0.5 ? -1 : 1) * (42 + 14 * random());
  const tint = () => brighter + 24 * (random() - 0.5);
  const shift: Colour = [tint(), tint(), tint()];
  const detail = random() < 0.5 ? 0.2 : 2;
  return { shift, detail, contrast: 1, moved: [0.12 * (random() - 0.5), 0.12 * (random() - 0.5)] };
}

/** From the brows to the chin, with a soft edge. */
function randomMask(random: Random, { head: [rx, ry] }: Scene): Shape {
  const [wide, high, edge] = [
    0.72 + 0.14 * random(),
    0.62 + 0.1 * random(),
    0.04 + 0.05 * random(),
  ];
  const outline = ellipse([0, 0.16], [rx * wide, ry * high], 0.1);
  return (x, y) => coverage(outline(x, y), edge);
}

/** Gives a picture a camera's contrast and its noise, which is grey and has a triangular density. */
function photograph(canvas: Canvas, key: number): Canvas {
  const [contrast, deviation] = [CONTRAST, NOISE].map(([low, high], i) =>
    low + (high - low) * uniform(key, i, 0)
  ) as [number, number];
  for (let i = 0; i < canvas.data.length; i += 3) {
    const bits = hash(key, i);
    // The sum of two uniform numbers has a variance of 1/6.
    const noise = deviation * Math.sqrt(6) * (((bits & 0xffff) + (bits >>> 16)) / 65536 - 1);
    for (let c = i; c < i + 3; c++) {
      canvas.data[c] = 128 + contrast * (canvas.data[c]! - 128) + noise;
    }
  }
  return canvas;
}

/** Mean of a function over a picture. */
function mean(canvas: Canvas, value: Shape): number {
  let sum = 0;
  canvas.forEach((_, x, y) => sum += value(x, y));
  return sum / canvas.size ** 2;
}

/**
 * Writes a demo set in the FFDI layout (`phase1/trainset`, `phase1/trainset_label.txt`, `valset`,
 * `valset_label.txt`; 1 is manipulated) to a directory. Training and validation images come from
 * different seeds, 2 `seed` and 2 `seed` + 1.
 */
export async function writeDemo(files: Files, dir: string, options: DemoOptions): Promise<void> {
  const { train, validation, seed, size } = options;
  const [trainset, valset] = [join(dir, "phase1/trainset"), join(dir, "phase1/valset")];
  await writePart(files, trainset, { count: train, seed: 2 * seed, size });
  await writePart(files, valset, { count: validation, seed: 2 * seed + 1, size });
}

async function writePart(
  files: Files,
  path: string,
  { count, seed, size }: { readonly count: number; readonly seed: number; readonly size: number },
): Promise<void> {
  await files.makeDirectory(path);
  const order = shuffled(count, seed);
  const rows: string[] = [];
  for (let index = 0; index < count; index++) {
    const label = order[index]! % 2;
    const name = `${nameOf(seed, index)}.jpg`;
    const image = demoImage(seed, index, label === 1, size);
    await files.writeAtomic(join(path, name), await encodeJpeg(image, QUALITY));
    rows.push(`${name},${label}`);
  }
  const text = ["img_name,target", ...rows, ""].join("\n");
  await files.writeAtomic(`${path}_label.txt`, new TextEncoder().encode(text));
}

/** 32 hexadecimal digits that say nothing of the label. */
function nameOf(seed: number, index: number): string {
  return [2, 3, 4, 5].map((part) => hash(seed, index, part).toString(16).padStart(8, "0")).join("");
}

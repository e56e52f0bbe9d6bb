/** A manipulated face made of a real one: an image blended with a changed version of itself under a mask. */
import { coverage, ellipse, type Shape } from "../demo/canvas.ts";
import { type Image, rearranged } from "../image.ts";
import type { Random } from "../random.ts";
import { between, gate, integer, pick } from "./chance.ts";
import {
  classOf,
  type Field,
  field,
  interval,
  number,
  type Pair,
  point,
  probability,
} from "./fields.ts";
import { blurred } from "./gaussian_blur.ts";
import { resizeBytes } from "./resize.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** Where a changed version of the image takes over. Lengths are in shares of the shorter side. */
export interface Mask {
  /** Middle, in shares of width and height. */
  readonly center: Pair;
  /** Half-axes of an ellipse. */
  readonly radii: Pair;
  /** Its turn in radians, clockwise. */
  readonly angle: number;
  /** Directions in radians of the corners of a polygon in the ellipse; none for the ellipse itself. */
  readonly corners: readonly number[];
  /** Width of the soft edge. */
  readonly edge: number;
}

/** How the pixels of one version differ. */
export interface SelfBlendChange {
  /** Added to red, green and blue. */
  readonly shift: readonly [number, number, number];
  /** Factor of the distance from a middle grey. */
  readonly contrast: number;
  /** Factor of the distance from the pixel's own grey. */
  readonly saturation: number;
  /** Factor of what a blur takes away: below 1 softer, above 1 sharper. */
  readonly detail: number;
  /** How many times smaller it was made before it was enlarged again; 1 for never. */
  readonly coarse: number;
}

/** A blend of an image with itself. */
export interface SelfBlendParameters {
  readonly mask: Mask;
  readonly change: SelfBlendChange;
  /** Whether what is inside of the mask is changed, not what is outside. */
  readonly inside: boolean;
  /** Factors of width and height of what is inside, about the middle of the mask. */
  readonly scale: Pair;
  /** Its shift to the right and down, in shares of width and height. */
  readonly moved: Pair;
  /** Of what is inside, 0 … 1. */
  readonly opacity: number;
  /** The class that the result belongs to. */
  readonly label: number;
}

/** Options of {@linkcode selfBlend}. */
export interface SelfBlendOptions {
  /** Probability that it happens to an image of the class `real`. Default 0.5. */
  readonly p?: number;
  /** The class it is made of, by number or name. Default "real" by name, or 0 of numbered classes. */
  readonly real?: number | string;
  /** The class it makes. Default the other one of two. */
  readonly manipulated?: number | string;
  /** Middle of the face, in shares of width and height. Default [0.5, 0.5]. */
  readonly center?: Pair;
  /** Largest shift of the mask from there to either side, in shares of a side. Default 0.06. */
  readonly spread?: number;
  /** Half-axes of the mask, in shares of the shorter side. Default [0.18, 0.38]. */
  readonly radius?: Pair;
  /** Width of the soft edge, in shares of the shorter side. Default [0.02, 0.15]. */
  readonly edge?: Pair;
  /** Largest shift of red, green and blue to either side, in levels. Default 20. */
  readonly shift?: number;
  /** Largest change of contrast to either side, as a share. Default 0.1. */
  readonly contrast?: number;
  /** Largest change of saturation to either side, as a share. Default 0.3. */
  readonly saturation?: number;
  /** Factor of the finest detail. Default [0.2, 1.8]. */
  readonly detail?: Pair;
  /** Probability that detail is lost by making it 2 or 3 times smaller instead. Default 0.25. */
  readonly coarse?: number;
  /** Largest change of size to either side, as a share. Default 0.05. */
  readonly scale?: number;
  /** Largest shift of what is inside to either side, in shares of a side. Default 0.03. */
  readonly translate?: number;
  /** What the opacity is one of. Default [0.25, 0.5, 0.75, 1, 1, 1]. */
  readonly opacity?: readonly number[];
}

/** Signed distance to a mask, in its units, negative inside. */
function outline({ radii, corners }: Mask): Shape {
  if (corners.length === 0) return ellipse([0, 0], radii);
  const points = corners.map((t) => [radii[0] * Math.cos(t), radii[1] * Math.sin(t)] as const);
  const sides = points.map(([x0, y0], i) => {
    const [x1, y1] = points[(i + 1) % points.length]!;
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [nx, ny] = [(y1 - y0) / length, (x0 - x1) / length];
    return { nx, ny, d: nx * x0 + ny * y0 };
  });
  return (x, y) => {
    let most = -Infinity;
    for (const { nx, ny, d } of sides) most = Math.max(most, nx * x + ny * y - d);
    return most;
  };
}

/** The image with other colours and another sharpness, in float64; values may leave 0 … 255. */
function changed(image: Image, change: SelfBlendChange): Float64Array {
  const { shift, contrast, saturation, detail, coarse } = change;
  const from = coarsened(image, coarse);
  const smooth = blurred(from, { kernelSize: [5, 5], sigma: [1, 1] });
  const result = new Float64Array(smooth.length);
  for (let i = 0; i < result.length; i += 3) {
    for (let c = 0; c < 3; c++) {
      const level = smooth[i + c]! + detail * (from.data[i + c]! - smooth[i + c]!);
      result[i + c] = 128 + contrast * (level - 128) + shift[c]!;
    }
    const grey = 0.299 * result[i]! + 0.587 * result[i + 1]! + 0.114 * result[i + 2]!;
    for (let c = 0; c < 3; c++) result[i + c] = grey + saturation * (result[i + c]! - grey);
  }
  return result;
}

function coarsened(image: Image, factor: number): Image {
  if (factor === 1) return image;
  const { width, height } = image;
  const [w, h] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  return resizeBytes(resizeBytes(image, { width: w, height: h }), { width, height });
}

/** What is read of an image between its pixels; beyond its border is the border. */
function reader(data: ArrayLike<number>, { width, height }: Image) {
  return (x: number, y: number, c: number) => {
    const u = Math.min(width - 1, Math.max(0, x));
    const v = Math.min(height - 1, Math.max(0, y));
    const left = Math.floor(u);
    const top = Math.floor(v);
    const right = Math.min(left + 1, width - 1);
    const above = top * width;
    const below = Math.min(top + 1, height - 1) * width;
    const a = data[(above + left) * 3 + c]!;
    const b = data[(below + left) * 3 + c]!;
    const upper = a + (u - left) * (data[(above + right) * 3 + c]! - a);
    const lower = b + (u - left) * (data[(below + right) * 3 + c]! - b);
    return upper + (v - top) * (lower - upper);
  };
}

/** The image blended with itself, after Shiohara and Yamasaki (2022), without their landmarks. */
export const blendSelf: Operation<SelfBlendParameters> = operation("selfBlend", {
  apply(image, { mask, change, inside, scale, moved, opacity }) {
    const { width, height } = image;
    const other = changed(image, change);
    const [front, back] = inside ? [other, image.data] : [image.data, other];
    const read = reader(front, image);
    const unit = Math.min(width, height);
    const [cx, cy] = [mask.center[0] * width, mask.center[1] * height];
    const [dx, dy] = [moved[0] * width, moved[1] * height];
    const [cos, sin] = [Math.cos(mask.angle), Math.sin(mask.angle)];
    const distance = outline(mask);
    const result = rearranged(image, image, (x, y) => y * width + x);
    let i = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i += 3) {
        const [u, v] = [(x + 0.5 - cx) / unit, (y + 0.5 - cy) / unit];
        const alpha = opacity *
          coverage(distance(u * cos + v * sin, v * cos - u * sin), mask.edge);
        const [fx, fy] = [(x + 0.5 - cx - dx) / scale[0] + cx, (y + 0.5 - cy - dy) / scale[1] + cy];
        for (let c = 0; c < 3; c++) {
          let level = back[i + c]!;
          if (alpha > 0) level += alpha * (read(fx - 0.5, fy - 0.5, c) - level);
          result.data[i + c] = Math.min(255, Math.max(0, Math.round(level)));
        }
      }
    }
    return result;
  },
  label: ({ label }) => label,
});

function around(random: Random, middle: number, most: number): number {
  return between(random, [middle - most, middle + most]);
}

function chosenMask(random: Random, options: Required<SelfBlendOptions>): Mask {
  const { center, spread, radius, edge } = options;
  const corners = random() < 0.5 ? 0 : integer(random, 6, 13);
  return {
    center: [around(random, center[0], spread), around(random, center[1], spread)],
    radii: [between(random, radius), between(random, radius)],
    angle: around(random, 0, 0.4),
    // One in each sector, so that the middle lies inside.
    corners: Array.from(
      { length: corners },
      (_, i) => 2 * Math.PI * (i + 0.8 * random()) / corners,
    ),
    edge: between(random, edge),
  };
}

function chosenChange(random: Random, options: Required<SelfBlendOptions>): SelfBlendChange {
  const { shift, contrast, saturation, detail, coarse } = options;
  const factor = random() < coarse ? pick(random, [2, 3]) : 1;
  return {
    shift: [around(random, 0, shift), around(random, 0, shift), around(random, 0, shift)],
    contrast: around(random, 1, contrast),
    saturation: around(random, 1, saturation),
    detail: factor === 1 ? between(random, detail) : 1,
    coarse: factor,
  };
}

function opacities(): Field<readonly number[]> {
  return field<readonly number[]>(
    "a list of numbers from 0 to 1",
    (v) => Array.isArray(v) && v.length > 0 && v.every((n) => n >= 0 && n <= 1),
    [0.25, 0.5, 0.75, 1, 1, 1],
  );
}

/**
 * Self-blended images (Shiohara and Yamasaki, "Detecting deepfakes with self-blended images", 2022): a
 * real face with a part that differs slightly in colour, sharpness, size and place becomes an example of
 * a manipulated one. Faces are expected at `center`; there are no landmarks. Images of other classes and
 * of none stay as they are.
 */
export const selfBlend: Transform<SelfBlendOptions> = transform<SelfBlendOptions>("SelfBlend", {
  fields: {
    p: probability(0.5),
    real: classOf("real"),
    manipulated: classOf("manipulated"),
    center: point([0.5, 0.5]),
    spread: probability(0.06),
    radius: interval({ above: 0, most: 1 }, [0.18, 0.38]),
    edge: interval({ above: 0, most: 1 }, [0.02, 0.15]),
    shift: number({ least: 0, most: 255 }, 20),
    contrast: probability(0.1),
    saturation: probability(0.3),
    detail: interval({ least: 0 }, [0.2, 1.8]),
    coarse: probability(0.25),
    scale: number({ least: 0, most: 0.5 }, 0.05),
    translate: probability(0.03),
    opacity: opacities(),
  },
  operations: [blendSelf],
  random: true,
  sample(random, image, options) {
    if (image.label !== options.real) return [];
    return gate(random, options.p, () => {
      const mask = chosenMask(random, options);
      const change = chosenChange(random, options);
      const scale: Pair = [around(random, 1, options.scale), around(random, 1, options.scale)];
      const moved: Pair = [
        around(random, 0, options.translate),
        around(random, 0, options.translate),
      ];
      const inside = random() < 0.5;
      const opacity = pick(random, options.opacity);
      const label = options.manipulated as number;
      return [blendSelf({ mask, change, inside, scale, moved, opacity, label })];
    });
  },
});

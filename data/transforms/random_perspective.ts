/** Looking at an image from the side: torchvision's `perspective` and `RandomPerspective`. */
import { gate, integer } from "./chance.ts";
import {
  type Fill,
  fill,
  type Interpolation,
  interpolation,
  type Pair,
  probability,
} from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";
import { type Coefficients, warpBytes, warpFloats } from "./warp.ts";

/** Four corners: top left, top right, bottom right, bottom left; [x, y] each. */
export type Corners = readonly [Pair, Pair, Pair, Pair];

/** Where corners go. */
export interface PerspectiveParameters {
  /** Corners of the image. */
  readonly from: Corners;
  /** Where they are in the result. */
  readonly to: Corners;
  readonly interpolation: Interpolation;
  readonly fill: Fill | null;
}

/** Options of {@linkcode randomPerspective}. */
export interface RandomPerspectiveOptions {
  /** How far corners move at most, as a share of half a side. Default 0.5. */
  readonly distortionScale?: number;
  /** Probability that it happens. Default 0.5. */
  readonly p?: number;
  /** Default "bilinear". */
  readonly interpolation?: Interpolation;
  /** Level of what comes from outside. Default 0. */
  readonly fill?: Fill;
}

/** Solves a x = b by elimination with the largest pivot; rows are [a…, b]. */
function solved(rows: number[][]): number[] {
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    const best = rows.slice(i).reduce(
      (k, row, j) => Math.abs(row[i]!) > Math.abs(rows[k]![i]!) ? i + j : k,
      i,
    );
    [rows[i], rows[best]] = [rows[best]!, rows[i]!];
    const pivot = rows[i]!;
    for (let j = i + 1; j < n; j++) {
      const factor = rows[j]![i]! / pivot[i]!;
      for (let k = i; k <= n; k++) rows[j]![k] = rows[j]![k]! - factor * pivot[k]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const known = rows[i]!.slice(i + 1, n).reduce((sum, a, k) => sum + a * x[i + 1 + k]!, 0);
    x[i] = (rows[i]![n]! - known) / rows[i]![i]!;
  }
  return x;
}

/** The map from the corners in the result to those of the image, rounded to float32 as torchvision does. */
export function perspectiveCoefficients({ from, to }: Pick<PerspectiveParameters, "from" | "to">) {
  const rows = to.flatMap(([X, Y], i) => {
    const [x, y] = from[i]!;
    return [
      [X, Y, 1, 0, 0, 0, -x * X, -x * Y, x],
      [0, 0, 0, X, Y, 1, -y * X, -y * Y, y],
    ];
  });
  return solved(rows).map(Math.fround) as unknown as Coefficients;
}

/** The image with its corners moved: torchvision's `perspective`. */
export const perspective: Operation<PerspectiveParameters> = operation("perspective", {
  apply: (image, parameters) => {
    const { width, height } = image;
    const coefficients = perspectiveCoefficients(parameters);
    return warpBytes(image, { ...parameters, width, height, coefficients });
  },
  applyFloat: (image, parameters) => {
    const { width, height } = image;
    const coefficients = perspectiveCoefficients(parameters);
    return warpFloats(image, { ...parameters, width, height, coefficients });
  },
});

/** torchvision's `RandomPerspective`: moves each corner inwards, x before y, from the top left clockwise. */
export const randomPerspective: Transform<RandomPerspectiveOptions> = transform<
  RandomPerspectiveOptions
>("RandomPerspective", {
  fields: {
    distortionScale: probability(0.5),
    p: probability(0.5),
    interpolation: interpolation("bilinear"),
    fill: fill(),
  },
  operations: [perspective],
  random: true,
  sample: (random, { width, height }, { distortionScale, p, interpolation, fill }) =>
    gate(random, p, () => {
      const bound = (side: number) => Math.trunc(distortionScale * Math.floor(side / 2)) + 1;
      const near = (side: number) => integer(random, 0, bound(side));
      const far = (side: number) => integer(random, side - bound(side), side);
      const [right, bottom] = [width - 1, height - 1];
      return [perspective({
        from: [[0, 0], [right, 0], [right, bottom], [0, bottom]],
        to: [
          [near(width), near(height)],
          [far(width), near(height)],
          [far(width), far(height)],
          [near(width), far(height)],
        ],
        interpolation,
        fill,
      })];
    }),
});

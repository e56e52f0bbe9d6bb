/** What can be done to an image, as numbers. Does none of it. */

/** Codes of operations; those from `brighten` on are tables of levels, those from `contrast` on count the image. */
export const RETOUCH = {
  keep: 0,
  mirror: 1,
  flip: 2,
  nearest: 3,
  bilinear: 4,
  saturate: 5,
  hue: 6,
  sharpen: 7,
  blur: 8,
  noise: 9,
  erase: 10,
  brighten: 11,
  posterize: 12,
  solarize: 13,
  contrast: 14,
  stretch: 15,
  equalize: 16,
} as const;

/** Numbers that say what is done to an image. */
export const RETOUCH_NUMBERS = 40;

/** Rows of coefficients: of x, of y and of 1, each for two numerators and their denominator. */
export type ProjectionRows = readonly [
  readonly [number, number, number],
  readonly [number, number, number],
  readonly [number, number, number],
];

/**
 * The numbers from 4 on of a map that says where pixel (x, y), whole numbers, comes from: the place
 * (u, v) = (numerator 0, numerator 1) / denominator, from the left and upper edge of the image; pixel i lies
 * between i and i + 1. Every coefficient is three numbers, whole + parts / 65536 + rest, because float32
 * could not tell on which side of a pixel's edge a place lies. `size` bounds x and y.
 */
export function projection(
  rows: ProjectionRows,
  { width, height, fill }: {
    readonly width: number;
    readonly height: number;
    /** Levels of what comes from outside. */
    readonly fill: readonly number[];
  },
): number[] {
  const [ofX, ofY, ofOne] = rows;
  const largest = Math.max(
    ...ofOne.map((c, k) => Math.abs(c) + Math.abs(ofX[k]!) * width + Math.abs(ofY[k]!) * height),
  );
  // Whole numbers of 16 bits and 16 behind the point; a common factor changes no place.
  const factor = largest < 32767 ? 1 : 2 ** -Math.ceil(Math.log2(largest / 32767));
  const wholes: number[] = [];
  const parts: number[] = [];
  const rests: number[] = [];
  for (const [r, row] of rows.entries()) {
    for (const c of row) {
      const value = c * factor;
      const whole = Math.round(value);
      const part = Math.round((value - whole) * 65536);
      wholes.push(whole);
      parts.push(part);
      rests.push(value - whole - part / 65536);
    }
    wholes.push(fill[r]!);
    parts.push(0);
    rests.push(0);
  }
  return [...wholes, ...parts, ...rests];
}

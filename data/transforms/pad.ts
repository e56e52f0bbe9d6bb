/** Adding a border to an image: torchvision's `Pad`. */
import { type Image, type Raster, rearranged, type Size } from "../image.ts";
import { type Field, field, type Fill, fill as fillField, type Pair, word } from "./fields.ts";
import { type Operation, operation, type Transform, transform } from "./transform.ts";

/** What a border is made of: a level, the pixel at the edge, or the image mirrored without or with it. */
export type PaddingMode = "constant" | "edge" | "reflect" | "symmetric";

/** Widths of a border: of all sides, [left and right, top and bottom], or [left, top, right, bottom]. */
export type Padding = number | Pair | readonly [number, number, number, number];

/** A border, side by side. */
export interface PadParameters {
  /** Columns and rows to add. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Levels of a constant border. */
  readonly fill: Fill;
  readonly mode: PaddingMode;
}

/** Options of {@linkcode padImage}. */
export interface PadOptions {
  /** Widths of the border. */
  readonly padding: Padding;
  /** Level of a constant border. Default 0. */
  readonly fill?: Fill;
  /** What the border is made of. Default "constant". */
  readonly mode?: PaddingMode;
}

/** Which pixel of a line of `n` stands at `i`, −1 for none. */
function source(i: number, n: number, mode: PaddingMode): number {
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case "constant":
      return -1;
    case "edge":
      return i < 0 ? 0 : n - 1;
    case "symmetric": {
      const at = ((i % (2 * n)) + 2 * n) % (2 * n);
      return at < n ? at : 2 * n - 1 - at;
    }
    case "reflect": {
      const period = 2 * n - 2;
      const at = period === 0 ? 0 : ((i % period) + period) % period;
      return at < n ? at : period - at;
    }
  }
}

function padded<T extends Raster>(image: T, parameters: PadParameters, unit: number): T {
  const { left, top, fill, mode } = parameters;
  const size = enlarged(image, parameters);
  const columns = Int32Array.from(
    { length: size.width },
    (_, x) => source(x - left, image.width, mode),
  );
  const result = rearranged(image, size, (x, y) => {
    const [row, column] = [source(y - top, image.height, mode), columns[x]!];
    return row < 0 || column < 0 ? -1 : row * image.width + column;
  });
  if (mode !== "constant" || fill === 0) return result;
  const levels = typeof fill === "number" ? [fill, fill, fill] : fill;
  for (let y = 0; y < size.height; y++) {
    const rowInside = y >= top && y < top + image.height;
    for (let x = 0; x < size.width; x++) {
      if (rowInside && columns[x]! >= 0) continue;
      const i = (y * size.width + x) * 3;
      for (let c = 0; c < 3; c++) result.data[i + c] = levels[c]! / unit;
    }
  }
  return result;
}

function enlarged({ width, height }: Size, { left, top, right, bottom }: PadParameters): Size {
  return { width: width + left + right, height: height + top + bottom };
}

/** The image with a border: torchvision's `pad`. */
export const pad: Operation<PadParameters> = operation("pad", {
  apply: (image: Image, parameters) => padded(image, parameters, 1),
  applyFloat: (image, parameters) => padded(image, parameters, 255),
  resized: enlarged,
});

/** The four sides of a border. */
export function sides(padding: Padding): Pick<PadParameters, "left" | "top" | "right" | "bottom"> {
  const [left, top, right, bottom] = typeof padding === "number"
    ? [padding, padding, padding, padding]
    : padding.length === 2
    ? [padding[0], padding[1], padding[0], padding[1]]
    : padding;
  return { left, top, right, bottom };
}

function isPadding(value: unknown): boolean {
  const isSide = (v: unknown) => Number.isInteger(v) && v as number >= 0;
  return isSide(value) ||
    Array.isArray(value) && (value.length === 2 || value.length === 4) && value.every(isSide);
}

/** Widths of a border; null is none where that is the fallback. */
export function paddingField<T extends Padding | null>(fallback?: T): Field<T> {
  return field<T>(
    "a width in pixels, [left and right, top and bottom] or [left, top, right, bottom]",
    (v) => v === null ? fallback === null : isPadding(v),
    fallback,
  );
}

/** What a border may be made of. */
export function modeField(): Field<PaddingMode> {
  return word<PaddingMode>(["constant", "edge", "reflect", "symmetric"], "constant");
}

/** torchvision's `Pad`: a border of fixed widths. */
export const padImage: Transform<PadOptions> = transform<PadOptions>("Pad", {
  fields: { padding: paddingField<Padding>(), fill: fillField(), mode: modeField() },
  operations: [pad],
  random: false,
  sample: (_, __, { padding, fill, mode }) => [pad({ ...sides(padding), fill, mode })],
  resized: (size, { padding }) =>
    size && enlarged(size, { ...sides(padding), fill: 0, mode: "constant" }),
});

/** Turning an image about a point: torchvision's `rotate` on both paths. Chooses no angle. */
import type { FloatImage, Image, Size } from "../image.ts";
import type { Fill, Interpolation, Pair } from "./fields.ts";
import { type Operation, operation } from "./transform.ts";
import { type Coefficients, warpBytes, warpFloats } from "./warp.ts";

/** How far an image is turned. */
export interface RotateParameters {
  /** Degrees, counter-clockwise. */
  readonly angle: number;
  readonly interpolation: Interpolation;
  /** Whether the result is large enough for all corners; then it is turned about its centre. */
  readonly expand: boolean;
  /** The point that stays, [x, y] in pixels; null is the middle. */
  readonly center: Pair | null;
  readonly fill: Fill | null;
}

/** Cosine and sine as Pillow has them, so that quarter turns are exact. */
function turn(angle: number): Pair {
  const radians = -(((angle % 360) + 360) % 360) * (Math.PI / 180);
  const places = (x: number) => Math.round(x * 1e15) / 1e15;
  return [places(Math.cos(radians)), places(Math.sin(radians))];
}

/** A turn by a multiple of 90° that moves whole pixels, which Pillow does without any sampling. */
function quarterTurn(
  { width: w, height: h }: Size,
  { angle, expand, center }: RotateParameters,
): ReturnType<typeof rotation> | undefined {
  const half = angle % 180 === 0;
  if (center !== null || angle % 90 !== 0 || !(half || expand || w === h)) return undefined;
  const [cos, sin] = turn(angle);
  const [width, height] = half ? [w, h] : [h, w];
  const c = w / 2 - cos * width / 2 - sin * height / 2;
  const f = h / 2 + sin * width / 2 - cos * height / 2;
  return { width, height, coefficients: [cos, sin, c, -sin, cos, f, 0, 0] };
}

/** Where pixels come from, and the size of the result, as `Image.rotate` has them. */
export function rotation(
  image: Size,
  parameters: RotateParameters,
): Size & { readonly coefficients: Coefficients } {
  const exact = quarterTurn(image, parameters);
  if (exact) return exact;
  const { angle, expand, center } = parameters;
  const { width: w, height: h } = image;
  const [cos, sin] = turn(angle);
  const [cx, cy] = center ?? [w / 2, h / 2];
  let c = cos * -cx + sin * -cy + cx;
  let f = -sin * -cx + cos * -cy + cy;
  let [width, height] = [w, h];
  if (expand) {
    const corners = [[0, 0], [w, 0], [w, h], [0, h]] as const;
    const span = (p: number, q: number, r: number) => {
      const at = corners.map(([x, y]) => p * x + q * y + r);
      return Math.ceil(Math.max(...at)) - Math.floor(Math.min(...at));
    };
    [width, height] = [span(cos, sin, c), span(-sin, cos, f)];
    const [dx, dy] = [-(width - w) / 2, -(height - h) / 2];
    [c, f] = [cos * dx + sin * dy + c, -sin * dx + cos * dy + f];
  }
  return { width, height, coefficients: [cos, sin, c, -sin, cos, f, 0, 0] };
}

/** The image turned counter-clockwise: torchvision's `rotate`. */
export const rotate: Operation<RotateParameters> = operation("rotate", {
  apply: (image: Image, parameters) =>
    warpBytes(image, { ...parameters, ...rotation(image, parameters) }),
  applyFloat: (image: FloatImage, parameters) =>
    warpFloats(image, { ...parameters, ...rotation(image, parameters) }),
  resized(size, parameters) {
    const { width, height } = rotation(size, parameters);
    return { width, height };
  },
});

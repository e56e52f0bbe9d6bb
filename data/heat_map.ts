/** Heat maps over images: small maps of numbers stretched, coloured and laid over pixels. Computes no map. */

import type { Image, Size } from "./image.ts";
import { linear } from "./transforms/resample.ts";
import { weighted } from "./transforms/resize.ts";

/** Numbers from 0 to 1, rows top to bottom. */
export interface HeatMap extends Size {
  /** [height, width] */
  readonly data: ArrayLike<number>;
}

/** How much of the colour covers the image where the heat is 1. */
const OPACITY = 0.75;

/**
 * `map` over the whole of `image`: colours where it is warm, the image alone where it is 0. Throws RangeError
 * where the map's numbers are not as many as its places.
 */
export function overlay(image: Image, map: HeatMap): Image {
  const { width, height } = image;
  const heat = stretched(map, image);
  const data = new Uint8Array(image.data.length);
  heat.forEach((value, i) => {
    const share = OPACITY * value;
    heatColor(value).forEach((level, c) => {
      data[i * 3 + c] = Math.round((1 - share) * image.data[i * 3 + c]! + share * level);
    });
  });
  return { width, height, data };
}

/** `map` at another size, bilinear with pixels as squares, as `torch.nn.functional.interpolate` has it. */
export function stretched({ width: w, height: h, data }: HeatMap, to: Size): Float32Array {
  if (data.length !== w * h) {
    throw new RangeError(
      `Cannot draw a map of ${h} × ${w}: it has ${data.length} numbers, ${w * h} were needed`,
    );
  }
  const wide = weighted(Float32Array.from(data), linear(w, to.width), { from: w, after: 1 });
  return weighted(wide, linear(h, to.height), { from: h, after: to.width });
}

/**
 * The colour of a heat from 0 to 1 as levels of red, green and blue: from dark blue through red to bright yellow in
 * even steps of lightness, so that equal differences look equal and the order survives in grey. OKLab, Ottosson 2020.
 */
export function heatColor(heat: number): [red: number, green: number, blue: number] {
  const lightness = 0.28 + 0.66 * heat;
  const hue = (265 + 205 * heat) * Math.PI / 180;
  const chroma = 0.17;
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    level(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    level(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    level(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** A share of light as a level of sRGB, cut to those there are. */
function level(light: number): number {
  const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.min(255, Math.max(0, Math.round(255 * value)));
}

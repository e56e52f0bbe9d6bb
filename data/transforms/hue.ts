/** Turning the circle of colours: torchvision's `adjust_hue`, in 8-bit HSV on bytes. */
import { type Operation, operation } from "./transform.ts";

/** How far the circle is turned. */
export interface HueParameters {
  /** Share of the circle, −0.5 … 0.5. */
  readonly shift: number;
}

/** How numbers are kept between steps. */
type Precision = (x: number) => number;

/** Hue of a colour as a share of the circle; `cr` is the difference of its largest and smallest part. */
function hueOf(
  [r, g, b]: readonly [number, number, number],
  { most, cr }: { readonly most: number; readonly cr: number },
  kept: Precision,
): number {
  if (cr === 0) return 0;
  const [rc, gc, bc] = [kept((most - r) / cr), kept((most - g) / cr), kept((most - b) / cr)];
  const h = kept(r === most ? bc - gc : g === most ? 2 + rc - bc : 4 + gc - rc);
  const turned = h / 6 + 1;
  return kept(turned - Math.floor(turned));
}

/** Red, green and blue of a sextant, of v and what HSV calls p, q and t. */
function sextant(
  i: number,
  v: number,
  { p, q, t }: { readonly p: number; readonly q: number; readonly t: number },
): readonly [number, number, number] {
  switch (i) {
    case 0:
      return [v, t, p];
    case 1:
      return [q, v, p];
    case 2:
      return [p, v, t];
    case 3:
      return [p, q, v];
    case 4:
      return [t, p, v];
    default:
      return [v, p, q];
  }
}

/** The image with all hues shifted: torchvision's `adjust_hue`. */
export const hue: Operation<HueParameters> = operation("hue", {
  apply({ width, height, data }, { shift }) {
    const turned = Math.trunc(shift * 255) & 255;
    const result = new Uint8Array(data.length);
    for (let i = 0; i < data.length; i += 3) {
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
      const most = Math.max(r, g, b);
      const cr = most - Math.min(r, g, b);
      const s8 = cr === 0 ? 0 : Math.trunc(255 * Math.fround(cr / most));
      if (s8 === 0) {
        result.fill(most, i, i + 3);
        continue;
      }
      const h8 = (Math.trunc(255 * hueOf([r, g, b], { most, cr }, Math.fround)) + turned) & 255;
      const h = h8 * 6 / 255;
      const sector = Math.floor(h);
      const [f, s] = [Math.fround(h - sector), Math.fround(s8 / 255)];
      const rounded = (x: number) => Math.min(255, Math.floor(x + 0.5));
      result.set(
        sextant(sector % 6, most, {
          p: rounded(most * (1 - s)),
          q: rounded(most * (1 - Math.fround(s * f))),
          t: rounded(most * (1 - s * (1 - f))),
        }),
        i,
      );
    }
    return { width, height, data: result };
  },
  applyFloat({ width, height, data }, { shift }) {
    const result = new Float32Array(data.length);
    const clamp = (x: number) => Math.min(1, Math.max(0, x));
    for (let i = 0; i < data.length; i += 3) {
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
      const most = Math.max(r, g, b);
      const cr = most - Math.min(r, g, b);
      const s = cr === 0 ? 0 : cr / most;
      const turned = hueOf([r, g, b], { most, cr }, (x) => x) + shift;
      const h = 6 * (turned - Math.floor(turned));
      const f = h - Math.floor(h);
      result.set(
        sextant(Math.floor(h) % 6, most, {
          p: clamp(most * (1 - s)),
          q: clamp(most * (1 - s * f)),
          t: clamp(most * (1 - s * (1 - f))),
        }),
        i,
      );
    }
    return { width, height, data: result };
  },
});

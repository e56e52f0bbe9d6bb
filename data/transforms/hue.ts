/** Turning the circle of colours: torchvision's `adjust_hue`, in 8-bit HSV on bytes. */
import { type Operation, operation } from "./transform.ts";

/** How far the circle is turned. */
export interface HueParameters {
  /** Share of the circle, −0.5 … 0.5. */
  readonly shift: number;
}

/** Red, green and blue of a place on the circle, from v and what HSV calls p, q and t. */
function put(
  to: Uint8Array | Float32Array,
  i: number,
  { sector, v, p, q, t }: Record<"sector" | "v" | "p" | "q" | "t", number>,
): void {
  const s = sector % 6;
  to[i] = s === 0 || s === 5 ? v : s === 1 ? q : s === 4 ? t : p;
  to[i + 1] = s === 1 || s === 2 ? v : s === 0 ? t : s === 3 ? q : p;
  to[i + 2] = s === 3 || s === 4 ? v : s === 2 ? t : s === 5 ? q : p;
}

/** Hue as a share of the circle by Pillow's float32 steps; `cr` is the difference of its largest and smallest part. */
function hueOfByte(r: number, g: number, b: number, cr: number): number {
  const most = Math.max(r, g, b);
  const rc = Math.fround((most - r) / cr);
  const gc = Math.fround((most - g) / cr);
  const bc = Math.fround((most - b) / cr);
  const h = Math.fround(r === most ? bc - gc : g === most ? 2 + rc - bc : 4 + gc - rc);
  const turned = h / 6 + 1;
  return Math.fround(turned - Math.floor(turned));
}

/** Hue of numbers as a share of the circle. */
function hueOf(r: number, g: number, b: number, cr: number): number {
  const most = Math.max(r, g, b);
  if (cr === 0) return 0;
  const h = r === most ? (g - b) / cr : g === most ? 2 + (b - r) / cr : 4 + (r - g) / cr;
  return h / 6;
}

/** The image with all hues shifted: torchvision's `adjust_hue`. */
export const hue: Operation<HueParameters> = operation("hue", {
  apply({ width, height, data }, { shift }) {
    const turned = Math.trunc(shift * 255) & 255;
    const result = new Uint8Array(data.length);
    for (let i = 0; i < data.length; i += 3) {
      const r = data[i]!;
      const g = data[i + 1]!;
      const b = data[i + 2]!;
      const v = Math.max(r, g, b);
      const cr = v - Math.min(r, g, b);
      const s8 = cr === 0 ? 0 : Math.trunc(255 * Math.fround(cr / v));
      if (s8 === 0) {
        result[i] = result[i + 1] = result[i + 2] = v;
        continue;
      }
      const h8 = (Math.trunc(255 * hueOfByte(r, g, b, cr)) + turned) & 255;
      const h = h8 * 6 / 255;
      const sector = Math.floor(h);
      const f = Math.fround(h - sector);
      const s = Math.fround(s8 / 255);
      put(result, i, {
        sector,
        v,
        p: Math.floor(v * (1 - s) + 0.5),
        q: Math.floor(v * (1 - Math.fround(s * f)) + 0.5),
        t: Math.floor(v * (1 - s * (1 - f)) + 0.5),
      });
    }
    return { width, height, data: result };
  },
  applyFloat({ width, height, data }, { shift }) {
    const result = new Float32Array(data.length);
    const clamp = (x: number) => Math.min(1, Math.max(0, x));
    for (let i = 0; i < data.length; i += 3) {
      const r = data[i]!;
      const g = data[i + 1]!;
      const b = data[i + 2]!;
      const v = Math.max(r, g, b);
      const cr = v - Math.min(r, g, b);
      const s = cr === 0 ? 0 : cr / v;
      const turned = hueOf(r, g, b, cr) + shift;
      const h = 6 * (turned - Math.floor(turned));
      const sector = Math.floor(h);
      const f = h - sector;
      put(result, i, {
        sector,
        v,
        p: clamp(v * (1 - s)),
        q: clamp(v * (1 - s * f)),
        t: clamp(v * (1 - s * (1 - f))),
      });
    }
    return { width, height, data: result };
  },
});

/** Tables of levels: what takes the place of each level of an image, from numbers and from how it is lit. */

import levelsShader from "../../shaders/levels.wgsl" with { type: "text" };
import { type Op, Tensor } from "../graph.ts";
import { RETOUCH, RETOUCH_NUMBERS } from "./retouch_codes.ts";
import { grey } from "./retouch_reference.ts";

const { brighten, posterize, solarize, contrast, stretch, equalize } = RETOUCH;

/** The table of one channel; levels are 0 … 255. */
function table(
  [code, amount = 0]: Float64Array,
  channel: readonly number[],
  greys: readonly number[],
): number[] {
  const make = (to: (level: number) => number) =>
    Array.from({ length: 256 }, (_, i) => Math.floor(Math.min(255, Math.max(0, to(i)))));
  const counts = make(() => 0);
  for (const level of channel) counts[level]!++;
  const [least, most] = [counts.findIndex((n) => n > 0), counts.findLastIndex((n) => n > 0)];
  switch (code) {
    case brighten:
      return make((i) => amount * i);
    case posterize:
      return make((i) => i - i % 2 ** (8 - amount));
    case solarize:
      return make((i) => i >= amount ? 255 - i : i);
    case contrast: {
      const mean = Math.floor(greys.reduce((a, b) => a + b, 0) / greys.length + 0.5);
      return make((i) => mean + amount * (i - mean));
    }
    case stretch:
      return make((i) => most === least ? i : (i - least) * 255 / (most - least));
    case equalize: {
      const step = Math.floor((channel.length - counts[most]!) / 255);
      const below = (i: number) => counts.slice(0, i).reduce((a, b) => a + b, 0);
      return make((i) => step === 0 ? i : Math.floor((Math.floor(step / 2) + below(i)) / step));
    }
    default:
      return make((i) => i);
  }
}

const levelsOp: Op = {
  name: "levels",
  bytes: true,
  kernel(y) {
    const [n, h, w] = y.inputs[0]!.shape as [number, number, number];
    return {
      shader: levelsShader,
      consts: {
        ...{ PIXELS: h * w, P4: RETOUCH_NUMBERS / 4, BRIGHTEN: brighten, POSTERIZE: posterize },
        ...{ SOLARIZE: solarize, CONTRAST: contrast, STRETCH: stretch, EQUALIZE: equalize },
      },
      grid: [n, 1, 1],
    };
  },
  reference(y, images, numbers) {
    const n = y.shape[0]!;
    const pixels = images!.length / n / 3;
    const result = new Float64Array(y.size);
    for (let i = 0; i < n; i++) {
      const levels = images!.subarray(3 * i * pixels, 3 * (i + 1) * pixels).map((v) =>
        Math.round(255 * v)
      );
      const greys = Array.from(
        { length: pixels },
        (_, k) => grey(levels.subarray(3 * k, 3 * k + 3)),
      );
      for (let c = 0; c < 3; c++) {
        const channel = Array.from({ length: pixels }, (_, k) => levels[3 * k + c]!);
        table(numbers!.subarray(i * RETOUCH_NUMBERS), channel, greys)
          .forEach((to, level) => result[(256 * i + level) * 3 + c] = to / 255);
      }
    }
    return result;
  },
};

/**
 * For each of `images` [n, h, w, 3], levels / 255, the table [n, 1, 256, 3] of what its levels become under
 * its row of `numbers` [n, {@linkcode RETOUCH_NUMBERS}]; any where its code is below `brighten`.
 */
export function levelTables(images: Tensor, numbers: Tensor): Tensor {
  return new Tensor(levelsOp, [images, numbers], [images.shape[0]!, 1, 256, 3], {});
}

/** Turning a picture as its EXIF orientation says. Reads no file. */
import type { Image } from "./image.ts";

/**
 * The picture upright: orientation 1 to 8 of EXIF 2.32, 4.6.5.A. Semantics: `PIL.ImageOps.exif_transpose`.
 * Orientation 1 gives the picture itself.
 */
export function orient(image: Image, orientation: number): Image {
  if (orientation === 1) return image;
  const { width, height, data } = image;
  // 5 to 8 exchange rows and columns; then some run backwards.
  const swapped = orientation >= 5;
  const right = [2, 3, 7, 8].includes(orientation);
  const bottom = [3, 4, 6, 7].includes(orientation);
  const [w, h] = swapped ? [height, width] : [width, height];
  const turned = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++, to += 3) {
      // Where the pixel stands in the file: across and down in its own rows.
      const [across, down] = swapped ? [y, x] : [x, y];
      const column = right ? width - 1 - across : across;
      const row = bottom ? height - 1 - down : down;
      const from = (row * width + column) * 3;
      turned[to] = data[from]!;
      turned[to + 1] = data[from + 1]!;
      turned[to + 2] = data[from + 2]!;
    }
  }
  return { width: w, height: h, data: turned };
}

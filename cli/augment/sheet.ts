/** Pictures in rows with captions below, on one white sheet. Makes no picture. */

import type { Image } from "../../data/image.ts";
import { drawText } from "./captions.ts";

/** A picture and what is written below it. */
export interface Cell {
  readonly image: Image;
  readonly caption: string;
}

/** White pixels between cells. */
const GAP = 8;

/** Writes an image into another, its left top corner at (x, y). */
function lay(
  onto: { readonly width: number; readonly data: Uint8Array },
  image: Image,
  x: number,
  y: number,
) {
  for (let row = 0; row < image.height; row++) {
    const from = image.data.subarray(row * image.width * 3, (row + 1) * image.width * 3);
    onto.data.set(from, ((y + row) * onto.width + x) * 3);
  }
}

/** Rows of cells; all cells of a column are as wide as the widest. Without sharp there are no captions. */
export async function sheetOf(rows: readonly (readonly Cell[])[]): Promise<Image> {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from(
    { length: columns },
    (_, c) => Math.max(...rows.map((row) => row[c]?.image.width ?? 0)),
  );
  const captions = await Promise.all(
    rows.map((row) => Promise.all(row.map(({ caption }, c) => drawText(caption, widths[c]!)))),
  );
  const most = (numbers: readonly number[]) => Math.max(0, ...numbers);
  const pictures = rows.map((row) => most(row.map(({ image }) => image.height)));
  const heights = rows.map((_, r) =>
    pictures[r]! + GAP / 2 + most(captions[r]!.map((c) => c?.height ?? 0))
  );
  const width = widths.reduce((sum, w) => sum + w + GAP, GAP);
  const height = heights.reduce((sum, h) => sum + h + 2 * GAP, GAP);
  const sheet = { width, height, data: new Uint8Array(width * height * 3).fill(255) };
  let y = GAP;
  rows.forEach((row, r) => {
    let x = GAP;
    row.forEach(({ image }, c) => {
      lay(sheet, image, x, y);
      const caption = captions[r]![c];
      if (caption) lay(sheet, caption, x, y + pictures[r]! + GAP / 2);
      x += widths[c]! + GAP;
    });
    y += heights[r]! + 2 * GAP;
  });
  return sheet;
}

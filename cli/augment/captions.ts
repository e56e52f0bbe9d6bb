/** What was chosen for an image in a few words, and those words as pixels. Lays nothing out. */

import type { Image } from "../../data/image.ts";
import { loadSharp } from "../../data/native.ts";
import type { Drawn } from "../../data/pipeline.ts";

/** Parameters that say nothing of what was chosen for one image, or too much to read. */
const LEFT_OUT = [
  ...["interpolation", "fill", "mode", "expand", "center", "from", "clip", "mean", "seed"],
  ...["kernelSize", "mask", "moved", "label"],
];

/** Values that change nothing, by parameter. */
const STILL: Readonly<Record<string, string>> = {
  angle: "0",
  translate: "0,0",
  scale: "1",
  shear: "0,0",
};

/** Most lines of a caption. */
const LINES = 10;

/** Points and pixels of its letters. */
const POINTS = 8;
const DPI = 96;

/** A number with three digits that count; 0 for one that is next to it. */
function short(value: number): string {
  return Math.abs(value) < 0.0005 ? "0" : String(Number(value.toPrecision(3)));
}

/** Parameters as words. One that stands alone needs no name. */
function words(parameters: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(parameters)
    .map(([key, value]) => [key, text(value)] as const)
    .filter(([key, value]) => !LEFT_OUT.includes(key) && value !== STILL[key]);
  const [first] = shown;
  if (shown.length === 1 && first) return ` ${first[1]}`;
  return shown.map(([key, value]) => ` ${key} ${value}`).join("");
}

function text(value: unknown): string {
  if (typeof value === "number") return short(value);
  if (Array.isArray(value)) {
    return value.every((v) => v === value[0]) && value.length > 1 && value[0] !== 0
      ? text(value[0])
      : value.map(text).join(",");
  }
  if (typeof value !== "object" || value === null) return String(value);
  if ("seed" in value) return "noise";
  if ("drawn" in value) {
    const { weight, drawn } = value as { weight: number; drawn: readonly Drawn[] };
    return [short(weight), ...drawn.map(({ name }) => name)].join(" ");
  }
  return words(value as Record<string, unknown>).trim();
}

/** One operation: its name and its parameters. */
function describe({ name, parameters }: Drawn): string {
  const { width, height, left, top, ...rest } = parameters as Record<string, unknown>;
  const place = left === undefined ? "" : ` at ${text(left)},${text(top)}`;
  const size = width === undefined ? "" : ` ${text(width)}×${text(height)}`;
  return `${name}${size}${place}${words(rest)}`;
}

/** What was chosen, an operation a line; "as it is" for nothing. */
export function captionOf(drawn: readonly Drawn[]): string {
  return drawn.length === 0 ? "as it is" : drawn.map(describe).join("\n");
}

/**
 * Dark text on white, at most `width` pixels wide and a few lines high; undefined where sharp, which draws
 * it, does not load. The font comes with the program, so that the picture is the same everywhere.
 */
export async function drawText(caption: string, width: number): Promise<Image | undefined> {
  const sharp = await loadSharp();
  if (!sharp) return undefined;
  const font = import.meta.resolve("b612-mono/400Regular/B612Mono_400Regular.ttf");
  const escaped = caption.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const { data, info } = await sharp({
    text: {
      text: escaped,
      font: `B612 Mono ${POINTS}`,
      fontfile: decodeURIComponent(new URL(font).pathname),
      dpi: DPI,
      width,
      wrap: "word-char",
      rgba: true,
    },
  }).flatten({ background: "white" }).toColourspace("srgb").raw()
    .toBuffer({ resolveWithObject: true });
  const height = Math.min(info.height, Math.ceil(LINES * POINTS * DPI / 72 * 1.4));
  const row = Math.min(info.width, width) * 3;
  const pixels = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    pixels.set(data.subarray(y * info.width * 3, y * info.width * 3 + row), y * row);
  }
  return { width: row / 3, height, data: pixels };
}

/** The curve of a learning rate search, as a file and as a line of text. Searches nothing. */

import { formatCsv } from "../data/csv.ts";
import type { FoundRate, RatePoint } from "../train/lr_find.ts";

/** Heights of a line of text. */
const BARS = "▁▂▃▄▅▆▇█";

/** The smoothed losses as a line of `columns` characters at most, the lowest lowest. */
export function sparkline(curve: readonly RatePoint[], columns = 60): string {
  const every = Math.max(1, Math.ceil(curve.length / columns));
  const losses = curve.filter((_, i) => i % every === 0).map(({ smoothed }) => smoothed);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  return losses.map((loss) => {
    const share = high > low ? (loss - low) / (high - low) : 0;
    return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))];
  }).join("");
}

/** The curve as CSV: rate, loss, smoothed loss. */
export function curveCsv(curve: readonly RatePoint[]): string {
  const rows = curve.map(({ rate, loss, smoothed }) => [rate, loss, smoothed].map(String));
  return formatCsv({ columns: ["lr", "loss", "smoothed"], rows });
}

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [640, 360, 56, 40] as const;

/** The curve as an SVG: losses over the logarithm of the rate, the suggestion marked. */
export function curveSvg({ curve, suggestion }: FoundRate): string {
  const decades = curve.map(({ rate }) => Math.log10(rate));
  const [first = 0, last = 1] = [decades[0], decades.at(-1)];
  const losses = curve.map(({ smoothed }) => smoothed);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const x = (decade: number) => LEFT + (WIDTH - LEFT - 16) * (decade - first) / (last - first || 1);
  const y = (loss: number) => 16 + (HEIGHT - BOTTOM - 16) * (1 - (loss - low) / (high - low || 1));
  const clipped = (loss: number) => Math.min(high, Math.max(low, loss));
  const line = (value: (point: RatePoint) => number) =>
    curve.map((point, i) => `${x(decades[i]!).toFixed(1)},${y(clipped(value(point))).toFixed(1)}`)
      .join(" ");
  const whole = Array.from(
    { length: Math.max(0, Math.floor(last) - Math.ceil(first) + 1) },
    (_, i) => Math.ceil(first) + i,
  );
  const bottom = HEIGHT - BOTTOM;
  const marks = suggestion === undefined ? [] : [
    `<line x1="${x(Math.log10(suggestion)).toFixed(1)}" x2="${
      x(Math.log10(suggestion)).toFixed(1)
    }" y1="16" y2="${bottom}" stroke="#c33" stroke-dasharray="4"/>`,
    `<text x="${(x(Math.log10(suggestion)) + 6).toFixed(1)}" y="28" fill="#c33">${
      suggestion.toPrecision(2)
    }</text>`,
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...whole.map((d) =>
      `<text x="${x(d).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">1e${d}</text>`
    ),
    ...[low, high].map((loss) =>
      `<text x="${LEFT - 6}" y="${(y(loss) + 4).toFixed(1)}" text-anchor="end">${
        loss.toFixed(2)
      }</text>`
    ),
    `<text x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 4}" text-anchor="middle">learning rate</text>`,
    `<polyline points="${line((p) => p.loss)}" fill="none" stroke="#bbb"/>`,
    `<polyline points="${line((p) => p.smoothed)}" fill="none" stroke="#06c" stroke-width="2"/>`,
    ...marks,
    "</svg>\n",
  ].join("\n");
}

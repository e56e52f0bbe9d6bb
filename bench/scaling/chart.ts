/** Efficiency by number of GPUs as an SVG. Computes none of it. */

/** A line over the numbers of GPUs. */
export interface Line {
  readonly label: string;
  /** Shares from 0 to 1, one for each number of GPUs. */
  readonly values: readonly number[];
  readonly dashed?: boolean;
}

const WIDTH = 760;
const HEIGHT = 420;
const PLOT = { left: 60, right: 500, top: 44, bottom: 372 };

/** Of lines, which stay apart on white and on black, and for most who see colours in another way. */
const COLOURS = ["#d55e00", "#e69f00", "#009e73", "#0072b2", "#cc79a7", "#808080"];

/** A chart whose x axis doubles from mark to mark. */
export function efficiencyChart(ranks: readonly number[], lines: readonly Line[]): string {
  const { left, right, top, bottom } = PLOT;
  const last = Math.log2(ranks.at(-1)!);
  const x = (p: number) => left + (right - left) * Math.log2(p) / last;
  const y = (share: number) => bottom - (bottom - top) * share;
  const at = (value: number) => value.toFixed(1);
  const text = (place: string, value: string) => `<text ${place}>${value}</text>`;
  // Names stand beside their lines' ends, far enough from each other to be read.
  const ends = lines.map(({ values }, i) => ({ i, at: y(values.at(-1)!) }))
    .sort((a, b) => a.at - b.at);
  for (const [k, end] of ends.entries()) {
    if (k > 0) end.at = Math.max(end.at, ends[k - 1]!.at + 17);
  }
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((share) => [
    `<line x1="${left}" x2="${right}" y1="${at(y(share))}" y2="${at(y(share))}" class="grid"/>`,
    text(
      `x="${left - 8}" y="${at(y(share) + 4)}" text-anchor="end"`,
      `${Math.round(100 * share)} %`,
    ),
  ]);
  const marks = ranks.map((p) =>
    text(`x="${at(x(p))}" y="${bottom + 20}" text-anchor="middle"`, `${p}`)
  );
  const curves = lines.map(({ values, dashed }, i) => {
    const points = values.map((value, k) => `${at(x(ranks[k]!))},${at(y(value))}`).join(" ");
    return `<polyline points="${points}" fill="none" stroke="${COLOURS[i]}" stroke-width="2.5"${
      dashed ? ' stroke-dasharray="6 4"' : ""
    }/>`;
  });
  const names = ends.map(({ i, at: place }) =>
    `<text x="${right + 10}" y="${at(place + 4)}" fill="${COLOURS[i]}">${lines[i]!.label}</text>`
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    'aria-label="Share of linear speed by number of GPUs" font-family="sans-serif" font-size="13">',
    "<style>text{fill:#666}.grid{stroke:#8884}</style>",
    text(
      `x="${left}" y="24" font-size="15"`,
      "Share of linear speed, by number of GPUs (simulated)",
    ),
    ...grid,
    ...marks,
    ...curves,
    ...names.map((name) => name.replace(' fill="', ' style="fill:')),
    "</svg>",
    "",
  ].join("\n");
}

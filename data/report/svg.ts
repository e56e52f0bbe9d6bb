/** Histograms as SVG, drawn as text. Knows no report. */

/** Width and height of a histogram, and most of its bars. */
const WIDTH = 260;
const HEIGHT = 70;
const BARS = 26;

/** Number of bars for a span of values: of whole numbers, each bar takes as many as the next. */
function barsOf(values: readonly number[], span: number): number {
  if (!values.every(Number.isInteger)) return BARS;
  return Math.ceil((span + 1) / Math.ceil((span + 1) / BARS));
}

/** Text as it may stand in HTML and in SVG, in quotes too. */
export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (sign) => names[sign]!);
}

/** Values of one class. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  /** A colour that CSS knows. */
  readonly colour: string;
}

/**
 * Shares of several classes over one axis, from the least to the greatest value, one over the other as lines
 * with their areas filled.
 */
export function histogram(
  series: readonly Series[],
  { title, show }: { readonly title: string; readonly show: (value: number) => string },
): string {
  const all = series.flatMap(({ values }) => values);
  const least = all.reduce((a, b) => Math.min(a, b), Infinity);
  const most = all.reduce((a, b) => Math.max(a, b), -Infinity);
  const count = barsOf(all, most - least);
  const whole = all.every(Number.isInteger);
  // A bar of whole numbers ends where the next one begins, one above its last.
  const span = whole ? Math.ceil((most - least + 1) / count) * count : most - least || 1;
  const shares = series.map(({ values }) => {
    const bars = new Array<number>(count).fill(0);
    for (const value of values) {
      bars[Math.min(count - 1, Math.floor((value - least) / span * count))]! += 1 / values.length;
    }
    return bars;
  });
  const top = Math.max(...shares.flat(), 1e-9);
  const step = WIDTH / count;
  const paths = series.map(({ name, colour }, k) => {
    const points = shares[k]!.flatMap((share, i) => {
      const y = (HEIGHT * (1 - share / top)).toFixed(1);
      return [`${(i * step).toFixed(1)},${y}`, `${((i + 1) * step).toFixed(1)},${y}`];
    });
    return `<polygon points="0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}" fill="${colour}"` +
      ` fill-opacity="0.3" stroke="${colour}"><title>${escaped(name)}</title></polygon>`;
  });
  return `<svg viewBox="0 -4 ${WIDTH} ${HEIGHT + 20}" role="img" aria-label="${escaped(title)}">` +
    paths.join("") +
    `<line x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}" class="axis"/>` +
    `<text x="0" y="${HEIGHT + 13}">${escaped(show(least))}</text>` +
    `<text x="${WIDTH}" y="${HEIGHT + 13}" text-anchor="end">${escaped(show(most))}</text></svg>`;
}

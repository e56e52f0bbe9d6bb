/** A chart of curves, drawn with uPlot in the page's colours, with words for those who do not see it. */
/// <reference lib="dom" />

// @ts-types="uplot/dist/uPlot.d.ts"
import uPlot from "uplot/dist/uPlot.esm.js";
import { make, say } from "./dom.ts";

/** A curve: its name in the legend, the number of its colour, and its look. */
export interface Curve {
  readonly label: string;
  readonly colour: number;
  readonly dashed?: boolean;
  /** Points only where there are few: of validation, one an epoch. */
  readonly points?: boolean;
}

/** What a chart shows. */
export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel?: string;
  /** Bounds of both axes; default what the points span. */
  readonly x?: readonly [number, number];
  readonly y?: readonly [number, number];
  readonly curves: readonly Curve[];
  /** The sentence for those who do not see it. */
  readonly words: (latest: string) => string;
}

/** What goes with points. */
export interface ShownOptions {
  /** What there is to say of them. */
  readonly latest: string;
  /** Where x will end, though there is no point yet; default the last point. */
  readonly until?: number;
}

const HEIGHT = 220;

/** A chart whose points may be replaced. */
export class Chart {
  /** Its place on the page. */
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  /** Made with the first points: to make one is the longest thing that a page does while it trains. */
  #plot: uPlot | undefined;
  readonly #latest = make("span", { class: "latest" });
  readonly #place: HTMLElement;
  readonly #observer: ResizeObserver;
  #until: number | undefined;

  /** An empty place; curves follow with the first points, as wide as it is by then. */
  constructor(options: ChartOptions) {
    this.#options = options;
    this.#place = make("div", { role: "img", "aria-label": options.words("–"), "data-points": 0 });
    this.element = make(
      "figure",
      { class: "chart" },
      make("figcaption", {}, options.title, " ", this.#latest),
      this.#place,
    );
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(this.#place);
  }

  /** Shows these points, null where a curve has none. */
  show(
    x: readonly number[],
    y: readonly (readonly (number | null)[])[],
    { latest, until }: ShownOptions,
  ): void {
    this.#until = until;
    const points: uPlot.AlignedData = [[...x], ...y.map((values) => [...values])];
    if (this.#plot) this.#plot.setData(points);
    else this.#plot = new uPlot(this.#plotOptions(), points, this.#place);
    this.#place.dataset.points = String(x.length);
    say(this.#latest, latest);
    this.#place.setAttribute("aria-label", this.#options.words(latest));
  }

  /** Ends it. */
  close(): void {
    this.#observer.disconnect();
    this.#plot?.destroy();
  }

  #plotOptions(): uPlot.Options {
    const { xLabel, yLabel, x, y, curves } = this.#options;
    const axis = {
      stroke: colour("--faint"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
      values: (_: uPlot, splits: number[]) => splits.map(shown),
    };
    return {
      width: this.#place.clientWidth || 320, // where it is not on the page yet
      height: HEIGHT,
      scales: {
        x: {
          time: false,
          range: (_, least, most) => x ? [...x] : this.#until ? [0, this.#until] : [least, most],
        },
        y: y ? { range: [y[0], y[1]] } : {},
      },
      axes: [
        { ...axis, label: xLabel, labelSize: 18, size: 32 },
        { ...axis, size: 54, ...(yLabel === undefined ? {} : { label: yLabel, labelSize: 18 }) },
      ],
      series: [
        { label: xLabel, value: (_, value) => shown(value) },
        ...curves.map(seriesOf),
      ],
      legend: { show: curves.length > 1, live: false },
      cursor: { drag: { x: false, y: false } },
    };
  }

  #fit(): void {
    const width = this.#place.clientWidth;
    const plot = this.#plot;
    if (plot && width > 0 && width !== plot.width) plot.setSize({ width, height: HEIGHT });
  }
}

function seriesOf({ label, colour: number, dashed, points }: Curve): uPlot.Series {
  const stroke = colour(`--c${number % 8}`);
  return {
    label,
    stroke,
    width: dashed ? 1.5 : 2,
    spanGaps: true,
    value: (_, value) => shown(value),
    points: { show: points === true, size: 7, fill: stroke },
    ...(dashed && { dash: [6, 5] }),
  };
}

/** Colours by theme and name: to ask for one has the whole page styled. */
const colours = new Map<string, string>();

/** A colour of the page in the words of a canvas: light or dark is resolved. */
function colour(name: string): string {
  const key = `${document.documentElement.dataset.theme} ${name}`;
  let found = colours.get(key);
  if (found === undefined) {
    const probe = document.body.appendChild(make("i"));
    probe.style.color = `var(${name})`;
    found = getComputedStyle(probe).color;
    probe.remove();
    colours.set(key, found);
  }
  return found;
}

function shown(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
    ? value.toExponential(1)
    : String(+value.toPrecision(4));
}

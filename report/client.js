/** Draws the charts of a page with uPlot and, on a live page, keeps them up to date. Asks nothing but its own server. */

"use strict";
(() => {
  const HEIGHT = 240;
  /** How often a live page asks for news, in milliseconds. */
  const EVERY = 2000;
  /** Steps between the marks of an axis that has no halves. */
  const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e4, 1e5, 1e6];
  let drawn = [];
  /** What the server called the page that is shown; of the first one nothing is known. */
  let tag;

  /** A colour of the page in the words of a canvas: light or dark is resolved. */
  function style(name) {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(${name})`;
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
  const colourOf = (number) => style(`--c${number % 8}`);

  /** What uPlot needs for one curve. */
  function seriesOf({ label, style: kind = "line", colour }, index, all) {
    const stroke = colourOf(colour);
    const base = { label, stroke, width: 2, points: { show: false }, value: (_, v) => shown(v) };
    if (kind === "dashed") return { ...base, width: 1.5, dash: [6, 5] };
    if (kind === "points") {
      return { ...base, paths: () => null, points: { show: true, size: 8, fill: stroke } };
    }
    if (kind === "bound") return { ...base, stroke: "transparent", width: 0 };
    if (kind === "bars") {
      // Bars of two classes stand side by side in the place of one.
      const bars = all.filter((one) => one.style === "bars");
      const align = bars.length === 1 ? 0 : bars.indexOf(all[index]) === 0 ? -1 : 1;
      const paths = uPlot.paths.bars({ size: [0.9 / bars.length, 100], align });
      return { ...base, width: 0, fill: stroke, paths };
    }
    return all[index].values.length === 1 ? { ...base, points: { show: true, size: 7 } } : base;
  }

  function shown(value) {
    if (value === null || value === undefined) return "–";
    if (Number.isInteger(value)) return String(value);
    return Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
      ? value.toExponential(2)
      : String(+value.toPrecision(4));
  }

  /** Pairs of bounds, the upper one first. */
  function bandsOf(series) {
    const bounds = [];
    series.forEach(({ style }, i) => style === "bound" && bounds.push(i + 1));
    return bounds.length === 2 ? [{ series: bounds, fill: style("--band") }] : [];
  }

  function draw(chart, place) {
    const axis = {
      stroke: style("--ink"),
      grid: { stroke: style("--line"), width: 1 },
      ticks: { stroke: style("--line"), width: 1 },
      values: (_, splits) => splits.map(shown),
    };
    const options = {
      width: Math.max(200, place.clientWidth),
      height: HEIGHT,
      scales: {
        x: { time: false, ...(chart.x.range && { range: chart.x.range }) },
        y: chart.y.range ? { range: chart.y.range } : {},
      },
      axes: [{ ...axis, label: chart.x.label, ...(chart.x.whole && { incrs: WHOLE }) }, {
        ...axis,
        label: chart.y.label,
        size: 62,
      }],
      series: [
        { label: chart.x.label, value: (_, v) => shown(v) },
        ...chart.series.map(seriesOf),
      ],
      bands: bandsOf(chart.series),
      cursor: { drag: { x: true, y: false } },
    };
    const data = [chart.x.values, ...chart.series.map(({ values }) => values)];
    const plot = new uPlot(options, data, place);
    place.dataset.drawn = String(data[0].length);
    return { plot, place };
  }

  function drawAll() {
    for (const { plot } of drawn) plot.destroy();
    const charts = JSON.parse(document.getElementById("charts").textContent);
    drawn = [...document.querySelectorAll("[data-chart]")]
      .map((place) => draw(charts[Number(place.dataset.chart)], place));
  }

  /** Puts the server's present page in place of what is shown, if it is another. */
  async function refresh() {
    try {
      const answer = await fetch(location.pathname, {
        headers: tag ? { "if-none-match": tag } : {},
        cache: "no-store",
      });
      if (answer.status === 200) {
        tag = answer.headers.get("etag");
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        document.querySelector("main").replaceWith(page.querySelector("main"));
        drawAll();
      }
      document.body.dataset.live = "on";
    } catch {
      document.body.dataset.live = "off";
    }
  }

  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("resize", () => {
    for (const { plot, place } of drawn) {
      plot.setSize({ width: Math.max(200, place.clientWidth), height: HEIGHT });
    }
  });
  if (document.body.dataset.live) setInterval(refresh, EVERY);
})();

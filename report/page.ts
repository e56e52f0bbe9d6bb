/** The frame of a page that needs nothing from anywhere: style, charts, what it forbids itself. Knows no run. */

import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import { escaped } from "../data/report/svg.ts";
import client from "./client.js" with { type: "text" };
import type { Chart } from "./charts.ts";
import style from "./page.css" with { type: "text" };

/** What stands on a page. */
export interface PageContent {
  /** Plain text. */
  readonly title: string;
  /** HTML; places for charts are made by {@linkcode chartPlaces}. */
  readonly main: string;
  /** By the numbers that the places have. */
  readonly charts: readonly Chart[];
  /** Whether the page asks its server for news. Default false. */
  readonly live?: boolean;
}

/** A page of HTML. It forbids itself every request but, when live, those to its own server. */
export async function formatPage(content: PageContent): Promise<string> {
  const { title, main, charts, live = false } = content;
  const policy = await contentPolicy(live);
  // In a script, only "</" could end it: every "<" of the data is written as an escape.
  const data = JSON.stringify(charts).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${uplotStyle}${style}</style></head>
<body${live ? ' data-live="on"' : ""}>
<main>
<script type="application/json" id="charts">${data}</script>
${main}
</main>
<script>${uplot}</script>
<script>${client}</script>
</body></html>
`;
}

/** What a page may do: the two scripts by their digests, pictures within it and, when live, requests to its server. */
export async function contentPolicy(live: boolean): Promise<string> {
  const digests = await Promise.all([uplot, client].map(async (script) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
    return `'sha256-${new Uint8Array(digest).toBase64()}'`;
  }));
  return [
    "default-src 'none'",
    "img-src data:",
    "style-src 'unsafe-inline'",
    `script-src ${digests.join(" ")}`,
    ...live ? ["connect-src 'self'"] : [],
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Places for some of a page's charts, `from` being the number of the first. */
export function chartPlaces(charts: readonly Chart[], from: number): string {
  const places = charts.map(({ title }, i) =>
    `<figure class="chart"><figcaption>${escaped(title)}</figcaption>` +
    `<div data-chart="${from + i}"></div></figure>`
  );
  return `<div class="charts">${places.join("\n")}</div>`;
}

/** Rows of cells as a table; the first row is its head. Cells are HTML. */
export function formatTable(rows: readonly (readonly string[])[], kind = ""): string {
  const [head = [], ...body] = rows;
  const cells = (row: readonly string[], tag: string) =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<div class="scroll"><table class="${kind}"><thead>${cells(head, "th")}</thead><tbody>${
    body.map((row) => cells(row, "td")).join("\n")
  }</tbody></table></div>`;
}

/** Tests of what is written of a learning rate search. */
import assert from "node:assert/strict";
import { curveCsv, curveSvg, sparkline } from "../../cli/lr_curve.ts";

const curve = [4, 3, 1, 2].map((loss, k) => ({ rate: 10 ** (k - 3), loss, smoothed: loss }));

Deno.test("a curve is a line of bars, rows of CSV, and a drawing with its suggestion", () => {
  assert.equal(sparkline(curve), "█▆▁▃");
  assert.equal(sparkline(curve, 2), "█▁");
  assert.equal(curveCsv(curve).trimEnd().split("\n").at(-1), "1,2,2");
  const svg = curveSvg({ curve, suggestion: 0.01 });
  const [, points] = /<polyline points="([^"]+)" fill="none" stroke="#06c"/.exec(svg) ?? [];
  const places = points!.split(" ").map((pair) => pair.split(",").map(Number));
  assert.equal(places.length, 4);
  // Rates rise evenly to the right; the lowest loss is lowest, which is the largest y.
  assert.ok(Math.abs(places[1]![0]! - places[0]![0]! - (places[3]![0]! - places[2]![0]!)) < 0.2);
  assert.equal(Math.max(...places.map(([, y]) => y!)), places[2]![1]);
  assert.match(svg, /stroke-dasharray="4"\/>\n<text[^>]+>0\.010<\/text>/);
  assert.doesNotMatch(curveSvg({ curve, suggestion: undefined }), /dasharray/);
});

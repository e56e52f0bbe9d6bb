/** `deno task soak`: 2,000 steps and 50 evaluations after a warm-up, with a table of memory; 1 where it is not flat. */
import { setRuntimeDirectory } from "../../cli/machine.ts";
import { type Measure, type Reading, soak, strayed } from "./soaking.ts";

/** Steps of an epoch, epochs that are measured, and those before them. */
const [STEPS, EPOCHS, WARM_UP] = [40, 50, 25] as const;

/** What a measure may stray from where it was after the warm-up, as a share of it. */
const TOLERANCE = 0.02;

const MEASURES: readonly Measure[] = ["rss", "heap", "external", "device", "buffers"];

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(14)).join("");
}

function rowOf({ step, epoch, rss, heap, external, device, buffers }: Reading): string {
  const megabytes = [rss, heap, external, device].map((bytes) => (bytes / 1e6).toFixed(3));
  return row([step, epoch, ...megabytes, buffers]);
}

setRuntimeDirectory();
const begun = performance.now();
const memory = ["RSS, MB", "heap, MB", "external, MB", "device, MB", "buffers"];
console.log(row(["steps", "evaluations", ...memory]));
const readings = await soak({
  ...{ epochs: WARM_UP + EPOCHS, steps: STEPS },
  read: (reading) => console.log(rowOf(reading)),
});
const measured = readings.slice(WARM_UP - 1);
const found = MEASURES.map((measure) => ({ measure, range: strayed(measured, measure) }));
const ranges = found.map(({ range }) => range.map((share) => (100 * share).toFixed(2)).join(" … "));
console.log(row(["strayed, %", "", ...ranges]));
console.log(
  `${EPOCHS * STEPS} steps and ${EPOCHS} evaluations after ${WARM_UP * STEPS} and ${WARM_UP}; ` +
    `${((performance.now() - begun) / 1000).toFixed(0)} s`,
);
const wrong = found.filter(({ measure, range }) =>
  ["rss", "device", "buffers"].includes(measure) &&
  Math.max(...range.map(Math.abs)) > TOLERANCE
);
if (wrong.length > 0) {
  console.error(
    `Not flat: ${wrong.map(({ measure }) => measure).join(", ")}; ±2 % were allowed`,
  );
}
Deno.exit(wrong.length > 0 ? 1 : 0);

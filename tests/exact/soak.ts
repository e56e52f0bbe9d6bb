/** `deno task soak`: 2,000 steps and 50 evaluations after a warm-up, with a table of memory; 1 where it is not flat. */
import { parseArgs } from "node:util";
import { setRuntimeDirectory } from "../../cli/machine.ts";
import { grown, MEASURES, type Reading, soak, strayed } from "./soaking.ts";

const { values } = parseArgs({
  args: Deno.args.filter((arg) => arg !== "--"),
  options: {
    steps: { type: "string", default: "40" },
    epochs: { type: "string", default: "50" },
    "warm-up": { type: "string", default: "25" },
    tolerance: { type: "string", default: "0.02" },
  },
});
const [steps, epochs, warmUp] = [values.steps, values.epochs, values["warm-up"]].map(Number);

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
  ...{ epochs: warmUp! + epochs!, steps: steps! },
  read: (reading) => console.log(rowOf(reading)),
});
const measured = readings.slice(warmUp! - 1);
const ranges = MEASURES.map((measure) =>
  strayed(measured, measure).map((share) => (100 * share).toFixed(2)).join(" … ")
);
console.log(row(["strayed, %", "", ...ranges]));
console.log(
  `${epochs! * steps!} steps and ${epochs} evaluations after ${warmUp! * steps!} and ${warmUp}; ` +
    `${((performance.now() - begun) / 1000).toFixed(0)} s`,
);
const wrong = grown(measured, Number(values.tolerance));
if (wrong.length > 0) console.error(`Not flat: ${wrong.join(", ")}`);
Deno.exit(wrong.length > 0 ? 1 : 0);

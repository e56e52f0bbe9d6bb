/** `tune`: finds the fastest tiles for the products of a model on this device and remembers them. */

import { openDevice } from "../engine/gpu/device.ts";
import { captureModel, captureTraining } from "../train/captured.ts";
import { productsOf, tune, type Tuned } from "../train/tuner.ts";
import type { Tiles } from "../engine/graph.ts";
import { parseFlags, whole } from "./flags.ts";
import { stepCommand, type StepFlags, stepSession } from "./steps.ts";
import { tilesPath } from "./machine.ts";
import { writeTiles } from "./tiles.ts";

interface TuneFlags extends StepFlags {
  readonly classes?: number;
  readonly out?: string;
}

/** Tunes as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = stepCommand(
    "tune",
    "Times the tiles that the products of a training step may have, checks the results of each, and " +
      "remembers the fastest for this adapter. train, predict and eval then use them.",
  )
    .option("--classes <n>", "only the products with the most arithmetic", whole(1))
    .option("--out <file>", "where to remember them (default: the cache of this machine)");
  const parsed = parseFlags<TuneFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  const { classes, out = tilesPath(), json } = flags;
  const device = await openDevice(flags);
  const options = stepSession(flags);
  const { goal } = captureTraining(captureModel(options), options);
  const products = productsOf([...goal.outputs, ...goal.updates?.values() ?? []]);
  const found: Record<string, Tiles[string]> = {};
  if (!json) {
    console.log(`${flags.model}, ${flags.size} px, batch ${flags.batch}, on ${device.name}\n`);
  }
  for (const product of products.slice(0, classes)) {
    const tuned = await tune(device, product);
    found[tuned.class] = [tuned.best.TM, tuned.best.TN];
    console.log(json ? JSON.stringify(tuned) : line(tuned));
  }
  await writeTiles(out, device.name, found);
  if (!json) console.log(`\nremembered in ${out}`);
  device.gpu.destroy();
  return 0;
}

function line({ class: name, best, ms, untuned, untunedMs, candidates, refused }: Tuned): string {
  const tile = ({ TM, TN }: Tuned["best"]) => `${TM}×${TN}`.padEnd(4);
  const wrong = refused.length ? `, ${refused.length} computed something else` : "";
  return `${name.padEnd(18)} ${tile(untuned)} ${untunedMs.toFixed(3)} ms → ` +
    `${tile(best)} ${ms.toFixed(3)} ms (${candidates} tried${wrong})`;
}

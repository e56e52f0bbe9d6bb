/** Trains a tiny run for long and reads after each epoch what memory it has. Asserts nothing. */
import { pictures, temporaryFolder } from "../data/fixtures.ts";
import { scarce } from "../faults/scarce.ts";
import { TINY, trainTiny } from "./tiny_run.ts";

/** What a run holds, after so many steps and as many evaluations as epochs. */
export interface Reading {
  readonly step: number;
  readonly epoch: number;
  /** Bytes of the process; of JavaScript's heap, and of what lies outside of it. */
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  /** Bytes of the buffers on the device that were made and not destroyed, and their number. */
  readonly device: number;
  readonly buffers: number;
}

/** How long a run is; each epoch ends with an evaluation and a save. */
export interface SoakOptions {
  readonly epochs: number;
  readonly steps: number;
  /** Called with each reading. */
  readonly read?: (reading: Reading) => void;
}

const BATCH = 4;

/** The numbers of {@linkcode Reading} that memory is made of. */
export const MEASURES = ["rss", "heap", "external", "device", "buffers"] as const;

/** One of them. */
export type Measure = typeof MEASURES[number];

/** Trains, with workers that decode each image anew. Throws where the run does not end well. */
export async function soak({ epochs, steps, read = () => {} }: SoakOptions): Promise<Reading[]> {
  const perClass = Math.ceil(steps * BATCH / 2 * 1.25);
  const names = ["a", "b"].flatMap((name) =>
    Array.from({ length: perClass }, (_, i) => `data/${name}/${i}.png`)
  );
  await using dir = await temporaryFolder(await pictures(names));
  const line = `--data ${dir.path}/data ${TINY} --validation 0.2 --epochs ${epochs} ` +
    `--batch ${BATCH} --cache none --run ${dir.path}/run`;
  const readings: Reading[] = [];
  await scarce(Infinity, async ({ live }) => {
    const code = await trainTiny(line.split(" "), (event) => {
      if (event.event !== "epoch") return;
      (globalThis as { gc?: () => void }).gc?.(); // there with --v8-flags=--expose-gc
      const { rss, heapUsed, external } = Deno.memoryUsage();
      const device = [...live].reduce((sum, { size }) => sum + size, 0);
      const { step, epoch } = event;
      const reading = { step, epoch, rss, heap: heapUsed, external, device, buffers: live.size };
      readings.push(reading);
      read(reading);
    });
    if (code !== 0 || live.size > 0) {
      throw new Error(`The run ended with ${code} and left ${live.size} buffers`);
    }
  });
  return readings;
}

/** How far a measure goes away from its value at the first reading, as a share of it: below and above. */
export function strayed(readings: readonly Reading[], measure: Measure): [number, number] {
  const shares = readings.map((reading) => reading[measure] / readings[0]![measure] - 1);
  return [Math.min(...shares), Math.max(...shares)];
}

/** What is not flat: the process by more than `tolerance`, or the device at all. */
export function grown(readings: readonly Reading[], tolerance: number): Measure[] {
  const limits = { rss: tolerance, device: 0, buffers: 0 };
  return (["rss", "device", "buffers"] as const).filter((measure) =>
    Math.max(...strayed(readings, measure).map(Math.abs)) > limits[measure]
  );
}

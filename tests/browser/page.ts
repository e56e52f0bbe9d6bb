/** What the browser runs: the engine as it is, bundled, behind functions that a test calls. Checks nothing. */

import { Comparison, type Row } from "../../cli/golden/compare.ts";
import { checkRun, type GoldenRun, type GoldenTraining } from "../../cli/golden/training.ts";
import { type Device, openDevice } from "../../engine/gpu/device.ts";
import { lossesOf, type Net } from "../exact/losses.ts";
import { type FirstStep, firstStep } from "./first_step.ts";

/** The functions of the page; what goes in and out is JSON. */
export interface Page {
  /** The adapter as it calls itself. */
  adapter(): Promise<string>;
  /** See `firstStep`. */
  firstStep(): Promise<FirstStep>;
  /** See `lossesOf`. */
  losses(net: Net, steps: number): Promise<number[]>;
  /** Repeats a golden run and gives its errors beside their limits. */
  golden(run: GoldenRun, file: Pick<GoldenTraining, "nets" | "stream_base">): Promise<Row[]>;
}

async function withDevice<T>(run: (device: Device) => Promise<T>): Promise<T> {
  const device = await openDevice();
  try {
    return await run(device);
  } finally {
    device.gpu.destroy();
  }
}

const page: Page = {
  adapter: () => withDevice((device) => Promise.resolve(device.name)),
  firstStep: () => withDevice(firstStep),
  losses: (net, steps) => withDevice((device) => lossesOf(device, net, steps)),
  golden: (run, file) =>
    withDevice(async (device) => {
      const comparison = new Comparison();
      await checkRun(device, run, file, comparison);
      return comparison.rows;
    }),
};

Object.assign(globalThis, { page });

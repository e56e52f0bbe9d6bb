/** The device of a test file, opened once, and tests that need it: ignored where there is none. */

import { setRuntimeDirectory } from "../cli/machine.ts";
import { type Device, DeviceError, openDevice } from "../engine/gpu/device.ts";

setRuntimeDirectory();

/** The device, or undefined where no adapter is found. Other faults are faults. */
export const device: Device | undefined = await openDevice().catch((error) => {
  if (error instanceof DeviceError) return undefined;
  throw error;
});

/** Milliseconds after which a test fails that waits for something: far more than any takes, on cold and slow machines. */
export const LIMIT = 1_200_000;

addEventListener("unload", () => device?.gpu.destroy());

/** Registers a test that computes on the device; without one it is ignored and its name says so. */
export function deviceTest(name: string, run: (device: Device) => Promise<void>): void {
  Deno.test({
    name: device ? name : `${name} (skipped: no adapter)`,
    ignore: !device,
    timeout: LIMIT,
    fn: () => run(device!),
  });
}

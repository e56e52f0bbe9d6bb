/** The device of a tab: opened once, opened again after it was lost. Trains nothing. */
/// <reference lib="dom" />

import { type Device, DeviceError, openDevice } from "../mod.ts";
import { FaultError } from "./faults.ts";

let opened: Promise<Device> | undefined;

/** The device. Throws FaultError where there is none. */
export function tabDevice(): Promise<Device> {
  return opened ??= open().catch((error) => {
    opened = undefined;
    throw error;
  });
}

async function open(): Promise<Device> {
  if (!("gpu" in navigator)) {
    throw new FaultError(
      "no-webgpu",
      "Cannot compute: this browser has no WebGPU here, a newer one, or a page that came over https, was needed",
    );
  }
  try {
    return await openDevice();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new FaultError("no-adapter", error.message, { cause: error });
  }
}

/** Whether the device of an error was lost; the next {@linkcode tabDevice} then opens another. */
export async function wasLost(device: Device): Promise<boolean> {
  // What became of it is known a moment after what it was asked for has failed.
  for (let i = 0; i < 20; i++) {
    try {
      device.check();
    } catch (error) {
      if (error instanceof DeviceError) {
        opened = undefined;
        return true;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

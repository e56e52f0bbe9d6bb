/** The profiler: how long each dispatch of a program takes, by the device's own clock. */

import type { Device } from "./device.ts";
import { readStaging } from "./memory.ts";

/** Records one dispatch into a pass. */
export type Recorded = (pass: GPUComputePassEncoder) => void;

/** When a dispatch ran, in nanoseconds; the first of a run begins at 0. */
export interface Span {
  /** When it began, after the first one did. */
  readonly start: number;
  /** How long it took. */
  readonly duration: number;
}

/**
 * When each dispatch ran, once and in order, each in a pass of its own, which adds about 10 µs.
 * Throws TypeError where the device has no timestamps. Some browsers round them to 100 µs.
 */
export async function timeDispatches(
  device: Device,
  dispatches: readonly Recorded[],
): Promise<Span[]> {
  if (!device.gpu.features.has("timestamp-query")) {
    throw new TypeError("Cannot profile: this device has no timestamps");
  }
  const times: bigint[] = [];
  for (let i = 0; i < dispatches.length; i += MOST) {
    times.push(...await timeSome(device, dispatches.slice(i, i + MOST)));
  }
  return dispatches.map((_, i) => {
    const [start, end] = [times[2 * i]!, times[2 * i + 1]!];
    return { start: Number(start - times[0]!), duration: Number(end - start) };
  });
}

/** Dispatches that one query set can time: WebGPU allows 4096 timestamps. */
const MOST = 2048;

/** Where each dispatch begins and ends, one after the other. */
async function timeSome(device: Device, dispatches: readonly Recorded[]): Promise<BigUint64Array> {
  const { gpu } = device;
  const count = 2 * dispatches.length;
  const querySet = gpu.createQuerySet({ type: "timestamp", count });
  const resolved = gpu.createBuffer({
    size: count * 8,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const staging = gpu.createBuffer({
    size: count * 8,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = gpu.createCommandEncoder();
  dispatches.forEach((record, i) => {
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex: 2 * i,
        endOfPassWriteIndex: 2 * i + 1,
      },
    });
    record(pass);
    pass.end();
  });
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
  gpu.queue.submit([encoder.finish()]);
  try {
    return new BigUint64Array(await readStaging(device, staging));
  } finally {
    for (const one of [resolved, staging, querySet]) one.destroy();
  }
}

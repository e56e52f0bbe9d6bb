/** What a run computes on, for its folder: versions, system, adapter. Opens nothing. */

import type { Device } from "../engine/gpu/device.ts";
import project from "../deno.json" with { type: "json" };

/** Versions, system and adapter, as `env.json` has them. */
export function environmentOf(device: Device): Record<string, unknown> {
  const { limits, adapterInfo: { vendor, architecture, device: id, description } } = device.gpu;
  return {
    verity: project.version,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    arch: Deno.build.arch,
    processors: navigator.hardwareConcurrency,
    "memory_bytes": Deno.systemMemoryInfo().total,
    adapter: {
      name: device.name,
      software: device.software,
      ...{ vendor, architecture, device: id, description },
      driver: driverVersion(),
      features: [...device.gpu.features].sort(),
      limits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      },
    },
    started: new Date().toISOString(),
  };
}

/** What the kernel says of NVIDIA's driver; WebGPU has no driver's version. */
export function driverVersion(): string | undefined {
  try {
    return Deno.readTextFileSync("/proc/driver/nvidia/version").split("\n")[0];
  } catch {
    return undefined;
  }
}

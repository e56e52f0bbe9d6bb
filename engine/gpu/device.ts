/** The device: which adapter, with which limits, and what to say when there is none. */

import { type CompileOptions, MemoryError } from "../compile/program.ts";
import type { Tiles } from "../graph.ts";

/** There is no adapter to compute on, or it was lost. The command line ends with code 4. */
export class DeviceError extends Error {
  /** Tells it from other errors. */
  override name = "DeviceError";
}

/** An open device and what is known of it. */
export interface Device {
  /** What WebGPU calls the device. */
  readonly gpu: GPUDevice;
  /** The adapter as it calls itself. */
  readonly name: string;
  /** True where a CPU computes: correct and slow. */
  readonly software: boolean;
  /** What programs for this device may use. */
  readonly limits: CompileOptions;
  /**
   * Throws what went wrong since it was last called and nobody was told of: DeviceError where the device
   * was lost, from then on always; MemoryError where it ran out of memory; Error where it refused work.
   */
  readonly check: () => void;
}

/** Which adapter to open. */
export interface DeviceOptions {
  /** The fast one or the frugal one, where there are two. Default "high". */
  readonly power?: "high" | "low";
  /** Measured tiles by the name of an adapter. Default: none. */
  readonly tiles?: Readonly<Record<string, Tiles>>;
}

/** What a processor of a few cores, eight lanes each, is busy with; larger tiles serve it better. */
const SOFTWARE_THREADS = 96;

/** Not in every version of WebGPU's types yet. */
const SUBGROUPS = "subgroups" as GPUFeatureName;

/** Lanes of a subgroup, where that is one number and shaders may use them as they are; else 1. */
async function subgroupSize(gpu: GPUDevice, info: GPUAdapterInfo): Promise<number> {
  const { subgroupMinSize = 1, subgroupMaxSize = 1 } = info as {
    readonly subgroupMinSize?: number;
    readonly subgroupMaxSize?: number;
  };
  // Browsers want `enable subgroups;` first, which Deno does not know.
  gpu.pushErrorScope("validation");
  gpu.createShaderModule({ code: "fn f(v: vec4f) -> vec4f { return subgroupBroadcast(v, 0u); }" });
  const refused = await gpu.popErrorScope();
  return refused || subgroupMinSize !== subgroupMaxSize ? 1 : subgroupMinSize;
}

/** Opens a device. Throws DeviceError, with what to install, where there is no adapter. */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const adapter = await navigator.gpu?.requestAdapter({
    powerPreference: options.power === "low" ? "low-power" : "high-performance",
  });
  if (!adapter) {
    throw new DeviceError(
      "Cannot open a device: no WebGPU adapter was found, a GPU driver with Vulkan, Metal or " +
        "Direct3D 12 was needed; on Debian or Ubuntu install mesa-vulkan-drivers to compute in software",
    );
  }
  const { limits, info } = adapter;
  const features: GPUFeatureName[] = adapter.features.has("timestamp-query")
    ? ["timestamp-query"]
    : [];
  const request = (requiredFeatures: GPUFeatureName[]) =>
    adapter.requestDevice({
      requiredFeatures,
      requiredLimits: {
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxBufferSize: limits.maxBufferSize,
      },
    });
  // Deno does not list the feature and grants it all the same; a browser may refuse.
  const sharing = isSoftware(info)
    ? await request([...features, SUBGROUPS]).catch(() => undefined)
    : undefined;
  const gpu = sharing ?? await request(features).catch((error: Error) => {
    throw new DeviceError(
      `Cannot open a device: the adapter refused (${error.message}), a working one was needed`,
    );
  });
  return await deviceOf(gpu, { info, tiles: options.tiles, sharing: sharing !== undefined });
}

/**
 * A device that another part of a program opened, or another implementation of WebGPU than this runtime's: Dawn in
 * Node for instance. Buffers are as large as its limits say, which by WebGPU's defaults is 128 MiB a binding.
 */
export async function adoptDevice(
  gpu: GPUDevice,
  { tiles }: Pick<DeviceOptions, "tiles"> = {},
): Promise<Device> {
  const { adapterInfo: info } = gpu as { readonly adapterInfo?: GPUAdapterInfo };
  return await deviceOf(gpu, { info, tiles, sharing: gpu.features.has(SUBGROUPS) });
}

interface Known {
  readonly info: GPUAdapterInfo | undefined;
  readonly tiles: DeviceOptions["tiles"];
  /** Whether lanes of a subgroup may share values. */
  readonly sharing: boolean;
}

async function deviceOf(gpu: GPUDevice, { info, tiles, sharing }: Known): Promise<Device> {
  const name = nameOf(info);
  const software = info !== undefined && isSoftware(info);
  const { limits } = gpu;
  return {
    gpu,
    name,
    software,
    limits: {
      maxBinding: limits.maxStorageBufferBindingSize,
      maxBuffer: limits.maxBufferSize,
      maxBuffers: limits.maxStorageBuffersPerShaderStage,
      loadBound: software,
      ...(software && { threads: SOFTWARE_THREADS }),
      ...(tiles?.[name] && { tiles: tiles[name] }),
      ...(software && sharing && { lanes: await subgroupSize(gpu, info) }),
    },
    check: faultsOf(gpu),
  };
}

/** What an adapter calls itself. A browser may leave most of it empty. */
function nameOf(info: GPUAdapterInfo | undefined): string {
  if (!info) return "unnamed adapter";
  const { vendor, architecture, device, description } = info;
  return description || device || [vendor, architecture].filter((s) => s).join(" ") ||
    "unnamed adapter";
}

/** Whether a processor computes. */
function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader|basic render/i.test(
    `${nameOf(info)} ${info.architecture} ${info.device}`,
  );
}

/** Listens to a device; what it returns is `check` of {@linkcode Device}. */
function faultsOf(gpu: GPUDevice): () => void {
  let lost: DeviceError | undefined;
  let fault: Error | undefined;
  gpu.lost.then(({ reason, message }) => {
    lost = new DeviceError(
      `Cannot compute: the device was lost (${
        message || reason
      }), a working one was needed; where a ` +
        "step takes seconds, a smaller batch or image size keeps the system from resetting it",
    );
  });
  gpu.addEventListener("uncapturederror", (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    fault ??= error instanceof GPUOutOfMemoryError
      ? new MemoryError(
        `Cannot compute: the device has no memory left (${error.message}), a smaller batch or image ` +
          "size was needed",
        { cause: error },
      )
      : new Error(`Cannot compute: the device refused (${error.message}), valid work was needed`);
  });
  return () => {
    const found = lost ?? fault;
    fault = undefined;
    if (found) throw found;
  };
}

/** What `doctor` looks at on the machine: versions, adapter, driver, decoder, disk. Mends nothing. */

import { openDecoder } from "../../data/decode.ts";
import { encodePng } from "../../data/encode.ts";
import { type Files, join } from "../../data/files.ts";
import { type Device, DeviceError } from "../../engine/gpu/device.ts";
import { freeBytes } from "../storage.ts";
import type { Finding } from "./finding.ts";

/** The oldest Deno that verity runs on. */
const DENO = [2, 9] as const;

/** Whether Deno is new enough. */
export function runtime(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const old = major < DENO[0] || major === DENO[0] && minor < DENO[1];
  const text = `Deno ${version}`;
  return old
    ? {
      name: "runtime",
      state: "problem",
      text: `${text}: ${DENO.join(".")} is needed`,
      mend: "deno upgrade",
    }
    : { name: "runtime", state: "ok", text };
}

/** What is there of the machine that a missing adapter may be explained by. */
export interface Surroundings {
  readonly os: string;
  /** Whether a path is there. */
  readonly exists: (path: string) => boolean;
  readonly env: (name: string) => string | undefined;
}

/** Where Debian, Fedora and Arch keep the Vulkan loader. */
const LOADERS = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
]
  .map((folder) => `${folder}/libvulkan.so.1`);

/** The command that may give this machine an adapter, or a better one. */
export function mendAdapter({ os, exists, env }: Surroundings): string {
  if (os !== "linux") return "install the GPU vendor's driver";
  const container = exists("/.dockerenv") || exists("/run/.containerenv");
  if (exists("/dev/nvidia0") || exists("/proc/driver/nvidia/version")) {
    if (container && !/all|graphics/.test(env("NVIDIA_DRIVER_CAPABILITIES") ?? "")) {
      return "docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility …";
    }
    return "sudo apt-get install libvulkan1 libegl1 # the loader, and what NVIDIA's Vulkan driver needs";
  }
  if (exists("/dev/dri")) return "sudo apt-get install libvulkan1 mesa-vulkan-drivers";
  const software = "sudo apt-get install mesa-vulkan-drivers # to compute on the processor";
  if (!LOADERS.some(exists)) return `${software.replace("install", "install libvulkan1")}`;
  return container ? "docker run --device /dev/dri … # gives the container a GPU" : software;
}

/** The adapter, and the device where it opens. */
export async function adapter(
  open: () => Promise<Device>,
  around: Surroundings,
): Promise<{ readonly finding: Finding; readonly device?: Device }> {
  const name = "adapter";
  try {
    const device = await open();
    if (!device.software) return { finding: { name, state: "ok", text: device.name }, device };
    const text = `${device.name}: the processor computes, slowly`;
    return { finding: { name, state: "warning", text, mend: mendAdapter(around) }, device };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const finding = {
      name,
      state: "problem",
      text: error.message,
      mend: mendAdapter(around),
    } as const;
    return { finding };
  }
}

/** A binding that large models need; WebGPU promises half of it. */
const BINDING = 256 * 2 ** 20;

/** Driver, limits and features as the device has them. */
export function abilities({ gpu, limits }: Device, driver: string | undefined): Finding[] {
  const { vendor, architecture, device } = gpu.adapterInfo;
  const known = Object.entries({ vendor, architecture, device })
    .flatMap(([name, text]) => text === "" ? [] : [`${name} ${text}`]);
  const { maxBinding = 0, maxBuffer = 0, maxBuffers, lanes } = limits;
  const mega = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;
  const text = `bindings of ${mega(maxBinding)}, buffers of ${
    mega(maxBuffer)
  }, ${maxBuffers} a kernel`;
  const wanted = ["timestamp-query", "shader-f16"].filter((name) =>
    gpu.features.has(name as never)
  );
  return [
    { name: "driver", state: "ok", text: [...driver ? [driver] : [], known.join(", ")].join("; ") },
    maxBinding < BINDING
      ? {
        name: "limits",
        state: "warning",
        text: `${text}: what is larger is computed a few images at a time`,
        mend: "deno task train --batch auto …",
      }
      : { name: "limits", state: "ok", text },
    {
      name: "features",
      state: "ok",
      text: [...wanted, ...lanes && lanes > 1 ? [`subgroups of ${lanes}`] : []].join(", ") ||
        "none",
    },
  ];
}

/** Decodes a picture that is known, and says by which library. */
export async function decoder(open: typeof openDecoder = openDecoder): Promise<Finding> {
  const name = "decoder";
  const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => i * 37 % 256);
  const mend = "deno install # sharp's native library";
  try {
    const { library, version, decode } = await open();
    const image = await decode(await encodePng({ width: 16, height: 16, data }), "picture");
    const same = data.every((value, i) => image.data[i] === value);
    if (!same) return { name, state: "problem", text: `${version} decodes wrongly`, mend };
    if (library === "sharp") return { name, state: "ok", text: version };
    return {
      name,
      state: "warning",
      text: `${version}: slower than sharp, which does not load`,
      mend,
    };
  } catch (error) {
    return { name, state: "problem", text: (error as Error).message, mend };
  }
}

/** Bytes that a run of a small model and its cache may take. */
const ROOM = 2 * 2 ** 30;

/** Whether a folder can be written to, and how much room it has. */
export async function disk(
  files: Files,
  { name, path, mend }: { readonly name: string; readonly path: string; readonly mend: string },
  free = freeBytes,
): Promise<Finding> {
  const probe = join(path, `.verity-doctor-${crypto.randomUUID()}`);
  try {
    await files.makeDirectory(path);
    await files.writeAtomic(probe, Uint8Array.of(1));
    await files.remove(probe);
  } catch (error) {
    return { name, state: "problem", text: (error as Error).message, mend };
  }
  const bytes = await free(path) ?? Infinity;
  const text = `${path}: ${(bytes / 2 ** 30).toFixed(1)} GiB free`;
  return bytes < ROOM ? { name, state: "warning", text, mend } : { name, state: "ok", text };
}

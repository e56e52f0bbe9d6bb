/** Compiled pipelines: one for each text on each device, shared by all programs. */

import type { Dispatch } from "../compile/program.ts";
import type { Device } from "./device.ts";

/** A pipeline and the layout of its only bind group. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

interface Cache {
  readonly layouts: Map<string, GPUBindGroupLayout>;
  readonly pipelines: Map<string, Promise<Pipeline>>;
}

const caches = new WeakMap<GPUDevice, Cache>();

/** The pipeline of a dispatch, compiled when its text is first seen. */
export function pipelineFor({ gpu }: Device, dispatch: Dispatch): Promise<Pipeline> {
  let cache = caches.get(gpu);
  if (!cache) caches.set(gpu, cache = { layouts: new Map(), pipelines: new Map() });
  let pipeline = cache.pipelines.get(dispatch.wgsl);
  if (!pipeline) {
    pipeline = create(gpu, dispatch, cache.layouts);
    cache.pipelines.set(dispatch.wgsl, pipeline);
  }
  return pipeline;
}

async function create(
  gpu: GPUDevice,
  { wgsl, label, bindings }: Dispatch,
  layouts: Cache["layouts"],
): Promise<Pipeline> {
  const key = bindings.map((b) => b.writable ? "w" : "r").join("");
  let layout = layouts.get(key);
  if (!layout) {
    layout = gpu.createBindGroupLayout({
      entries: bindings.map(({ writable }, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: writable ? "storage" : "read-only-storage" },
      })),
    });
    layouts.set(key, layout);
  }
  const module = gpu.createShaderModule({ code: wgsl, label });
  const { messages } = await module.getCompilationInfo();
  const error = messages.find((m) => m.type === "error");
  if (error) {
    const line = wgsl.split("\n")[error.lineNum - 1]?.trim();
    throw new SyntaxError(`Cannot compile ${label}: ${error.message}, at \`${line}\``);
  }
  const pipeline = await gpu.createComputePipelineAsync({
    label,
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  });
  return { pipeline, layout };
}

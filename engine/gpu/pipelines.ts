/** Compiled pipelines: one for each text on each device, shared by all programs. */

import { QUAD_BYTES } from "../compile/formats.ts";
import type { Dispatch } from "../compile/program.ts";
import type { Device } from "./device.ts";

/** A pipeline and the layout of its only bind group. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** What the bindings of pipelines look like: those of one look share it, which makes switching cheap. */
interface Layouts {
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

interface Cache {
  readonly layouts: Map<string, Layouts>;
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
  const layout = layoutsFor(gpu, bindings, layouts);
  const module = gpu.createShaderModule({ code: wgsl, label });
  const { messages } = await module.getCompilationInfo();
  const error = messages.find((m) => m.type === "error");
  if (error) {
    const line = wgsl.split("\n")[error.lineNum - 1]?.trim();
    throw new SyntaxError(`Cannot compile ${label}: ${error.message}, at \`${line}\``);
  }
  const pipeline = await gpu.createComputePipelineAsync({
    label,
    layout: layout.pipeline,
    compute: { module, entryPoint: "main" },
  });
  return { pipeline, layout: layout.group };
}

function layoutsFor(
  gpu: GPUDevice,
  bindings: Dispatch["bindings"],
  known: Cache["layouts"],
): Layouts {
  const key = bindings.map((b) => `${b.writable ? "w" : "r"}${b.format}`).join();
  let layouts = known.get(key);
  if (!layouts) {
    const group = gpu.createBindGroupLayout({
      entries: bindings.map(({ writable, format }, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: {
          type: writable ? "storage" : "read-only-storage",
          minBindingSize: QUAD_BYTES[format], // else each dispatch checks the size anew
        },
      })),
    });
    layouts = { group, pipeline: gpu.createPipelineLayout({ bindGroupLayouts: [group] }) };
    known.set(key, layouts);
  }
  return layouts;
}

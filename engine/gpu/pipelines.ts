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

/** Bytes of the uniform buffer that a text reads its numbers from: vectors of four. */
export function numbersBytes(numbers: readonly number[]): number {
  return Math.ceil(numbers.length / 4) * 16;
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
  { wgsl, label, bindings, numbers }: Dispatch,
  layouts: Cache["layouts"],
): Promise<Pipeline> {
  const layout = layoutsFor(gpu, { bindings, numbers }, layouts);
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
  { bindings, numbers }: Pick<Dispatch, "bindings" | "numbers">,
  known: Cache["layouts"],
): Layouts {
  const buffers: GPUBufferBindingLayout[] = bindings.map(({ writable, format }) => ({
    type: writable ? "storage" : "read-only-storage",
    minBindingSize: QUAD_BYTES[format], // else each dispatch checks the size anew
  }));
  if (numbers.length) buffers.push({ type: "uniform", minBindingSize: numbersBytes(numbers) });
  const key = JSON.stringify(buffers);
  let layouts = known.get(key);
  if (!layouts) {
    const group = gpu.createBindGroupLayout({
      entries: buffers.map((buffer, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer,
      })),
    });
    layouts = { group, pipeline: gpu.createPipelineLayout({ bindGroupLayouts: [group] }) };
    known.set(key, layouts);
  }
  return layouts;
}

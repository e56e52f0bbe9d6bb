/** What the tab of `bench evaluation` runs: the same weights in verity and in ONNX Runtime Web. Prints nothing. */

import { type Device, openDevice } from "../engine/gpu/device.ts";
import { exportOnnx } from "../export/onnx.ts";
import { Session } from "../train/session.ts";
import { median } from "./numbers.ts";

/** What is evaluated. */
export interface EvaluationProblem {
  readonly model: string;
  /** Height and width of the images, in pixels. */
  readonly size: number;
  /** Images in a batch. */
  readonly batch: number;
  /** Batches to time after the first. */
  readonly rounds: number;
  /** Where the weights come from. */
  readonly seed: number;
}

/** How long it took, in seconds, and what it came to. */
export interface Evaluated {
  readonly adapter: string;
  /** From nothing to the first logits, or from a session that is open already. */
  readonly first: number;
  /** A batch from images in memory to logits in memory, the median. */
  readonly batch: number;
  readonly logits: readonly number[];
}

/** What ONNX Runtime can compute on: WebGPU, or WebAssembly on the processor. */
export type Provider = "webgpu" | "wasm";

/** The functions of the page. */
export interface EvaluationPage {
  verity(problem: EvaluationProblem): Promise<Evaluated>;
  /** ONNX Runtime Web from the folder `/onnxruntime/`, with verity's weights. */
  onnx(problem: EvaluationProblem, provider: Provider): Promise<Evaluated>;
}

/** What is used of ONNX Runtime Web. */
interface Runtime {
  readonly env: {
    logLevel: string;
    readonly wasm: { wasmPaths?: string; numThreads?: number };
    readonly webgpu: { readonly device?: GPUDevice | Promise<GPUDevice> };
  };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(
      file: Uint8Array,
      options: { readonly executionProviders: readonly Provider[] },
    ): Promise<{
      run(
        feeds: Readonly<Record<string, unknown>>,
        fetches: readonly string[],
      ): Promise<Record<string, { readonly data: Float32Array }>>;
    }>;
  };
}

const CLASSES = 2;

let own: Promise<{ readonly device: Device; readonly session: Session }> | undefined;

async function open(problem: EvaluationProblem) {
  const device = await openDevice();
  const options = {
    ...problem,
    classes: CLASSES,
    optimizer: { name: "sgd" },
    train: false,
  } as const;
  return { device, session: await Session.create(device, options) };
}

/** Bytes of images: four a pixel, the last of them unused. */
function pixels({ size, batch, seed }: EvaluationProblem): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length: batch * size * size * 4 }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return state >>> 24;
  });
}

/** The same images as ONNX Runtime wants them: planes of numbers in [0, 1]. */
function planes(problem: EvaluationProblem): Float32Array {
  const { size, batch } = problem;
  const area = size * size;
  const bytes = pixels(problem);
  return Float32Array.from({ length: batch * 3 * area }, (_, i) => {
    const [image, channel, at] = [Math.floor(i / (3 * area)), Math.floor(i / area) % 3, i % area];
    return bytes[(image * area + at) * 4 + channel]! / 255;
  });
}

async function timed(
  { rounds }: EvaluationProblem,
  since: number,
  evaluate: () => Promise<Float32Array>,
): Promise<Omit<Evaluated, "adapter">> {
  const logits = Array.from(await evaluate());
  const first = (performance.now() - since) / 1000;
  const seconds: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await evaluate();
    seconds.push((performance.now() - start) / 1000);
  }
  return { first, batch: median(seconds), logits };
}

const page: EvaluationPage = {
  async verity(problem) {
    const images = pixels(problem);
    const start = performance.now();
    const { device, session } = await (own ??= open(problem));
    const times = await timed(problem, start, () => session.evaluate({ images }));
    return { adapter: device.name, ...times };
  },
  async onnx(problem, provider) {
    const { size, batch } = problem;
    const weights = await (await (own ??= open(problem))).session.readWeights();
    const file = exportOnnx(weights, { ...problem, classes: CLASSES });
    const images = planes(problem);
    const start = performance.now();
    const bundle = provider === "webgpu" ? "ort.webgpu.bundle.min.mjs" : "ort.wasm.bundle.min.mjs";
    const runtime: Runtime = await import(new URL(`/onnxruntime/${bundle}`, location.href).href);
    runtime.env.logLevel = "error";
    runtime.env.wasm.wasmPaths = "/onnxruntime/";
    runtime.env.wasm.numThreads = navigator.hardwareConcurrency;
    const session = await runtime.InferenceSession.create(file, { executionProviders: [provider] });
    const feeds = { images: new runtime.Tensor("float32", images, [batch, 3, size, size]) };
    const times = await timed(
      problem,
      start,
      async () => (await session.run(feeds, ["logits"])).logits!.data,
    );
    const { adapterInfo } = provider === "webgpu" ? await runtime.env.webgpu.device ?? {} : {};
    const { vendor = "", architecture = "", description = "" } = adapterInfo ?? {};
    const adapter = description || `${vendor} ${architecture}`.trim() || "unnamed adapter";
    return { adapter: provider === "webgpu" ? adapter : "processor", ...times };
  },
};

Object.assign(globalThis, { page });

/** A program: what a step does, as plain data to print, to test or to run. No GPU, no passes. */

import type { Target, Tensor, Tiles } from "../graph.ts";
import type { Shape } from "../shape.ts";
import type { Format } from "./formats.ts";

/** What a program computes. */
export interface Goal {
  /** Values to read afterwards. */
  readonly outputs: readonly Tensor[];
  /** Inputs that the step replaces, each with the value that replaces it. */
  readonly updates?: ReadonlyMap<Tensor, Tensor>;
  /** Where the forward pass ends, such as the loss: what it leaves for later is counted as kept. */
  readonly forward?: readonly Tensor[];
}

/** A stretch of a buffer bound to a dispatch; offsets and sizes in bytes. */
export interface Binding {
  /** Index into the buffers of the program. */
  readonly buffer: number;
  /** Where the stretch begins. */
  readonly offset: number;
  /** How long it is. */
  readonly size: number;
  /** Whether the dispatch writes it. */
  readonly write: boolean;
  /** Whether it is bound for writing: it, or another stretch of the same buffer, is written. */
  readonly writable: boolean;
  /** As what it reads and writes it. */
  readonly format: Format;
}

/** One dispatch: text, workgroups, and what stands behind each binding. */
export interface Dispatch {
  /** The ops computed, `silu+matmul`. */
  readonly label: string;
  /** Where in the model the result stands; empty for the rest. */
  readonly place: string;
  /** The shape of the result, the first where there are several. */
  readonly shape: Shape;
  /** The text of the kernel; its entry point is `main`. */
  readonly wgsl: string;
  /** Workgroups along x, y, z. */
  readonly grid: readonly [number, number, number];
  /** By number of binding, all in group 0. */
  readonly bindings: readonly Binding[];
  /** What the text reads from a uniform buffer behind its other bindings; empty where it has none. */
  readonly numbers: readonly number[];
  /** Bytes of the tensors read and written, each counted once. */
  readonly bytes: number;
  /** Those of them that are partial sums of reductions: one state for each workgroup along rows. */
  readonly partialBytes: number;
  /** Multiply-adds of its products and convolutions; 0 where it has none. */
  readonly macs: number;
  /** Why it was not joined to an earlier dispatch that computes its newest operand; empty where none does. */
  readonly note: string;
}

/** Memory of a program: a heap that values share, or an input or constant alone. */
export interface Buffer {
  /** In bytes. */
  readonly size: number;
  /** The input or constant that lives here, from before the step to after it. */
  readonly holds?: Tensor;
}

/** Where a tensor is stored. */
export interface Location {
  /** Index into the buffers of the program. */
  readonly buffer: number;
  /** In bytes. */
  readonly offset: number;
}

/** What a program needs of its heaps: all buffers but those of inputs, states and constants. */
export interface ProgramMemory {
  /** Bytes of all heaps. */
  readonly allocated: number;
  /** The most bytes that hold values still to be read at any one time. */
  readonly peak: number;
  /** Bytes that the forward pass writes and later dispatches read. */
  readonly kept: number;
}

/** Where a program waits for other ranks, whose parts of a value the host puts together. */
export interface Pause {
  /** How many dispatches come before it. */
  readonly after: number;
  /** Made by an op that has `across`. */
  readonly value: Tensor;
  /** Where its operand is. */
  readonly from: Location;
  /** Where it is to be. */
  readonly to: Location;
}

/** One fixed sequence of dispatches over fixed buffers. */
export interface Program {
  /** In the order they run. */
  readonly dispatches: readonly Dispatch[];
  /** Where they wait for other ranks, in their order; empty for what one computes alone. */
  readonly pauses: readonly Pause[];
  /** What bindings and locations point into. */
  readonly buffers: readonly Buffer[];
  /** Where inputs and outputs are. */
  readonly locations: ReadonlyMap<Tensor, Location>;
  /** How its heaps are used. */
  readonly memory: ProgramMemory;
}

/**
 * A rule of fusion. "inline": pointwise ops are computed where they are read unless that moves more bytes.
 * "join": they are computed beside their newest operand. "reduce": reductions join the pointwise ops that
 * compute their newest operand. "epilogue": they join kernels too. "pair": two gradients that read the same
 * are computed by one kernel. "gather": the parts of split sums that only a pack waits for are added up by
 * one dispatch.
 */
export type FusionRule = "inline" | "join" | "reduce" | "epilogue" | "pair" | "gather";

/** All rules, for devices bound by bytes. */
export const FUSION_RULES: readonly FusionRule[] = [
  "inline",
  "join",
  "reduce",
  "epilogue",
  "pair",
  "gather",
];

/** Where loads are dear barriers are too, so that a pass of its own is cheaper than an epilogue. */
const LOAD_BOUND_RULES: readonly FusionRule[] = ["inline", "join", "reduce", "gather"];

/** Whether `rule` applies under `options`. */
export function fuses({ fuse = true, loadBound }: CompileOptions, rule: FusionRule): boolean {
  if (fuse === false) return false;
  const rules = fuse === true ? loadBound ? LOAD_BOUND_RULES : FUSION_RULES : fuse;
  return rules.includes(rule);
}

/** As what values may be kept: "f32" as they are computed, "f16" as halves where they are many. */
export type Precision = "f32" | "f16";

/** What the device allows and charges; the defaults are the portable floor of WebGPU. */
export interface CompileOptions {
  /** Largest stretch of a buffer a dispatch can see, in bytes. Default 128 MiB. */
  readonly maxBinding?: number;
  /** Largest buffer, in bytes. Default 256 MiB. */
  readonly maxBuffer?: number;
  /** Storage buffers a dispatch can see. Default 8. */
  readonly maxBuffers?: number;
  /** Invocations that keep the device busy. Default 1024. */
  readonly threads?: number;
  /** See {@linkcode Target}. Default 1. */
  readonly lanes?: number;
  /** Which rules of fusion apply; false for none: the oracle for fusion. Default true: those that pay. */
  readonly fuse?: boolean | readonly FusionRule[];
  /** As what activations and their gradients are kept; they are computed as float32 always. Default "f32". */
  readonly precision?: Precision;
  /** True where a load of a small tensor or an `exp` costs as much as one of a large: software adapters. */
  readonly loadBound?: boolean;
  /** Tiles that were measured, see {@linkcode Target}. Default none. */
  readonly tiles?: Tiles;
  /**
   * Whether dispatches whose texts differ in numbers alone share one text: fewer to compile, and a compiler
   * knows less of each. Default: where the processor that computes compiles too, `loadBound`.
   */
  readonly share?: boolean;
}

/** What a device allows at least under `options`; sizes in bytes. */
export function allowedBy(
  { maxBinding = 2 ** 27, maxBuffer = 2 ** 28, maxBuffers = 8 }: CompileOptions,
): Required<Pick<CompileOptions, "maxBinding" | "maxBuffer" | "maxBuffers">> {
  return { maxBinding, maxBuffer, maxBuffers };
}

/** What kernels are shaped for under `options`. */
export function targetOf(options: CompileOptions): Target {
  const { threads = 1024, lanes = 1, loadBound, tiles } = options;
  // A GPU has some 128 registers a thread for all that it works on; a processor spills into its cache.
  return { threads, lanes, sums: loadBound ? 32 : 8, ...(tiles && { tiles }) };
}

/** A tensor does not fit the device, whatever the plan; or the device has no memory left, and its error is the `cause`. */
export class MemoryError extends RangeError {
  /** Tells it from other errors. */
  override name = "MemoryError";
}

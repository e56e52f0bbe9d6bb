/** Geometry: how the threads of a step lie over rows and channels. Numbers only. */

import walkShader from "../../shaders/walk.wgsl" with { type: "text" };
import type { Kernel, Tensor } from "../graph.ts";
import { workgroupWidth } from "../ops/lanes.ts";
import { ceilDiv, channelQuads, rows, type Shape } from "../shape.ts";
import { type CompileOptions, targetOf } from "./program.ts";

/** Workgroups along a side of a grid that every device allows. */
export const MAX_GRID = 65535;

/** Bytes of workgroup memory that every device has. */
const WORKGROUP_BYTES = 16384;

/** Rows whose sums join the sum of all together. */
const WALK_BLOCK = 128;

/** The kernel of the op of `t`, or of its pair with another value. */
export function kernelOf(t: Tensor, options: CompileOptions, run?: number, pair?: Tensor): Kernel {
  if (pair) return t.op.pair!(t, pair, targetOf(options))!;
  return t.op.kernel!(t, targetOf(options), run);
}

/**
 * A walk over `runs` runs of the rows of `shape`; in one workgroup each where `whole`. Where barriers are
 * dear, threads of a workgroup have columns of their own.
 */
export function walk(shape: Shape, runs: number, options: CompileOptions, whole = false): Kernel {
  const C4 = channelQuads(shape);
  const RUN = rows(shape) / runs;
  const { loadBound } = options;
  const { threads } = targetOf(options);
  const widest = whole && RUN > 64 && !loadBound ? 2 : 8; // more threads for each channel
  const WX = Math.min(workgroupWidth(C4), widest);
  const WY = loadBound ? 1 : 64 / WX;
  const busy = loadBound ? ceilDiv(threads, 32) : ceilDiv(threads, 4); // workgroups
  const wanted = whole ? 1 : ceilDiv(busy, ceilDiv(C4, WX) * runs);
  const groups = Math.max(1, Math.min(ceilDiv(RUN, WY * (loadBound ? 128 : 16)), wanted));
  const TM = ceilDiv(RUN, groups * WY);
  const perRun = ceilDiv(RUN, TM * WY);
  return {
    shader: walkShader,
    consts: { C4, RUN, TM, SPAN: perRun * WY, WX, WY, BLOCK: WALK_BLOCK },
    grid: [ceilDiv(C4, WX), perRun * runs, 1],
  };
}

/** How a kernel's workgroups lie over a result, for sums in its epilogue. */
export interface Epilogue {
  /** Quads of channels that a thread computes, threads of a workgroup along channels and along rows. */
  readonly TN: number;
  readonly WX: number;
  readonly WY: number;
  /** Workgroups along rows. */
  readonly parts: number;
  /** Sums that a thread keeps apart; where there are several, the kernel says when they become one. */
  readonly sums: number;
}

/** Whether a kernel says where the rows of a quad of channels begin and end. */
export function hasEnds({ shader }: Kernel): boolean {
  return /^fn done\(/m.test(shader);
}

/**
 * The epilogue of a kernel; undefined for one that says not where its threads end, that mixes rows of
 * different runs, or whose lanes share what they load.
 */
export function epilogueOf(kernel: Kernel, run?: number): Epilogue | undefined {
  const { WX, WY, TN = 1, RUN, LANES = 1 } = kernel.consts;
  if (!hasEnds(kernel) || LANES > 1 || (run && RUN !== run)) return undefined;
  return {
    TN,
    WX: WX!,
    WY: WY!,
    parts: kernel.grid[1] * kernel.grid[2],
    sums: kernel.shader === walkShader ? 4 : 1,
  };
}

/** Whether states of so many quads in each thread fit the memory of a workgroup. */
export function fitsWorkgroup({ TN, WX, WY }: Epilogue, state: number): boolean {
  return state * 16 * TN * WX * WY <= WORKGROUP_BYTES;
}

/** Golden losses: cross-entropy and its gradients as PyTorch computes them in float64. */

import { gradients } from "../../engine/autodiff.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { input } from "../../engine/graph.ts";
import { softmaxCrossEntropy } from "../../engine/nn/losses.ts";
import { crossEntropy } from "../../engine/ops/cross_entropy.ts";
import { sum } from "../../engine/ops/sum.ts";
import type { Comparison } from "./compare.ts";

/** One case of the file; its names are the file's. */
export interface GoldenLoss {
  readonly name: string;
  readonly logits: readonly (readonly number[])[];
  /** Classes, −100 for a row that is ignored; or probabilities. */
  readonly target: readonly (number | readonly number[])[];
  readonly args: {
    readonly weight?: readonly number[];
    readonly "label_smoothing"?: number;
    readonly reduction?: string;
  };
  readonly loss: number;
  readonly grad?: readonly (readonly number[])[];
}

/** A case as a graph: the loss, its gradient and what to feed. */
export function lossGraph({ logits, target, args }: GoldenLoss) {
  const [n, k] = [logits.length, logits[0]!.length];
  const z = input("logits", [n, k]);
  const t = input("targets", [n, k]);
  const weights = input("weights", [n, 1]);
  const rows = target.map((y) =>
    typeof y === "number" ? Array.from({ length: k }, (_, c) => c === y ? 1 : 0) : y
  );
  const loss = args.reduction === "sum" ? sum(crossEntropy(z, t)) : softmaxCrossEntropy(z, t, {
    weights,
    soft: typeof target[0] !== "number",
    labelSmoothing: args.label_smoothing ?? 0,
    ...(args.weight && { classWeights: args.weight }),
  });
  const feeds = new Map([
    [z, Float64Array.from(logits.flat())],
    [t, Float64Array.from(rows.flat())],
    [weights, Float64Array.from(target, (y) => y === -100 ? 0 : 1)],
  ]);
  return { outputs: [loss, ...gradients(loss, [z])], feeds };
}

/** Largest error of a loss in float32: relative, and of gradients over the largest of them. */
const LIMIT = 1e-6;

/** Compares every loss and gradient of the file on the device. */
export async function checkLosses(
  device: Device,
  file: readonly GoldenLoss[],
  comparison: Comparison,
): Promise<void> {
  for (const golden of file) {
    const { outputs, feeds } = lossGraph(golden);
    const [loss, gradient] = await evaluate(device, outputs, feeds);
    const error = Math.abs(loss![0]! - golden.loss) / Math.abs(golden.loss);
    comparison.absolute("losses", error, LIMIT, golden.name);
    const wanted = golden.grad?.flat() ?? [];
    const scale = Math.max(...wanted.map(Math.abs));
    wanted.forEach((want, i) => {
      comparison.absolute(
        "loss gradients",
        Math.abs(gradient![i]! - want) / scale,
        LIMIT,
        golden.name,
      );
    });
  }
}

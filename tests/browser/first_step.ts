/** One training step from fixed seeds: what a browser and this process must agree on. Opens no device. */

import { uniform } from "../../cli/golden/fill.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { toFloats } from "../../models/safetensors.ts";
import { Session } from "../../train/session.ts";

/** What a step came to. */
export interface FirstStep {
  /** The loss of the initial weights. */
  readonly loss: number;
  /** How far the weights of the last layer moved, each of them: Adam's first step is the learning rate. */
  readonly moved: readonly number[];
}

/** What `firstStep` learns at. */
export const LEARNING_RATE = 1e-3;

/** Trains ResNet-18 for one step on four images of 32 × 32 bytes, with Adam. */
export async function firstStep(device: Device): Promise<FirstStep> {
  const [batch, size] = [4, 32];
  const session = await Session.create(device, {
    model: "resnet18",
    classes: 2,
    size,
    batch,
    seed: 7,
    optimizer: { name: "adam" },
    train: true,
  });
  const weights = async () => toFloats((await session.readWeights()).get("fc.weight")!);
  const before = await weights();
  const images = Uint8Array.from(
    { length: batch * size * size * 4 },
    (_, i) => i % 4 === 3 ? 0 : uniform(i, 1) * 256,
  );
  session.step({ images, labels: Int32Array.from([0, 1, 1, 0]) }, { learningRate: LEARNING_RATE });
  const { loss } = await session.metrics();
  const after = await weights();
  session.destroy();
  return { loss, moved: Array.from(after, (v, i) => Math.abs(v - before[i]!)) };
}

/** Losses of a few steps from fixed seeds, on any device: what adapters may differ by. Opens none. */
import { uniform } from "../../cli/golden/fill.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { Session } from "../../train/session.ts";
import { tiny } from "./tiny.ts";

/** What is trained. */
export type Net = "tiny" | "resnet18";

/** The loss of each step of a network on images of bytes, four of 32 × 32 each time, under Adam. */
export async function lossesOf(device: Device, net: Net, steps: number): Promise<number[]> {
  const [batch, size] = [4, 32];
  const session = await Session.create(device, {
    ...{ model: net === "tiny" ? tiny : net, classes: 2, size, batch, seed: 7, train: true },
    optimizer: { name: "adam" },
  });
  const labels = Int32Array.of(0, 1, 1, 0);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const images = Uint8Array.from(
      { length: batch * size * size * 4 },
      (_, i) => i % 4 === 3 ? 0 : uniform(i, 1 + step) * 256,
    );
    session.step({ images, labels }, { learningRate: 1e-3 });
    losses.push((await session.metrics()).loss);
  }
  session.destroy();
  return losses;
}

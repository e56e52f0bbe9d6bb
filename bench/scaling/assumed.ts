/** What the simulator assumes of machines that nobody here has, each with its reason. Measures nothing. */

import type { Workload } from "./run.ts";

/** EfficientNet-B0 with two classes on one data-centre GPU, fed from object storage. */
export const WORKLOAD: Workload = {
  images: 1e9,
  batch: 256,
  // 1,500 images a second: a guess, to be replaced by `bench step` on the GPU that is meant.
  step: 256 / 1500,
  // 4.01 million gradients of 4 bytes.
  bytes: 16.04e6,
  // Deno looks for finished reads every 10 ms or so: measured on a software adapter.
  readBack: 0.0115,
  // Through mapped memory, down and up again.
  copies: 4e9,
  noise: { spread: 0.03, stalls: 1e-4, stall: 5 },
  // 419 interruptions of 16,384 GPUs in 54 days, as Llama 3 was trained (Meta 2024).
  between: 16_384 * 54 * 86_400 / 419,
  // 64 MB of weights, averages and moments at 100 MB/s, and the sync.
  save: 0.7,
  // A pod is scheduled, shards are listed, programs are compiled.
  restart: 180,
  storage: { latency: 0.04, bandwidth: 1.1e9, bytes: 60e3, decodes: 700, processors: 8 },
  // What the loader has with five workers or more.
  inFlight: 64,
};

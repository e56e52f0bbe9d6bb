/** What every peer trains: EfficientNet-B0's blocks, the flags of a peer's process, and its report. No framework. */

/** [expansion, channels, blocks, stride of the first, kernel]: table 1 of arXiv 1905.11946. */
const STAGES = [
  [1, 16, 1, 1, 3],
  [6, 24, 2, 2, 3],
  [6, 40, 2, 2, 5],
  [6, 80, 3, 2, 3],
  [6, 112, 3, 1, 5],
  [6, 192, 4, 2, 5],
  [6, 320, 1, 1, 3],
] as const;

/** Channels of the first and the last convolution. */
export const [STEM, HEAD] = [32, 1280];

/** An inverted residual block. */
export interface Block {
  readonly inputs: number;
  readonly expanded: number;
  readonly squeezed: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  /** Whether the input is added to the output. */
  readonly residual: boolean;
}

/** The blocks in order. */
export function blocks(): Block[] {
  const all: Block[] = [];
  let inputs: number = STEM;
  for (const [expansion, outputs, count, first, kernel] of STAGES) {
    for (let i = 0; i < count; i++) {
      const stride = i ? 1 : first;
      all.push({
        ...{ inputs, outputs, kernel, stride, expanded: inputs * expansion },
        squeezed: Math.max(1, Math.floor(inputs / 4)),
        residual: stride === 1 && inputs === outputs,
      });
      inputs = outputs;
    }
  }
  return all;
}

/** The problem, from the arguments of the process: size, batch, steps. */
export function problem(): { size: number; batch: number; steps: number } {
  const [size, batch, steps] = Deno.args.map(Number);
  if (!size || !batch || !steps) {
    throw new RangeError("Cannot run: size, batch and steps were needed");
  }
  return { size, batch, steps };
}

/** Runs `step`, which gives the loss, once and then `steps` times; prints one line of JSON. */
export async function report(
  { batch, steps }: { readonly batch: number; readonly steps: number },
  step: () => Promise<number>,
): Promise<void> {
  const seconds: number[] = [];
  let loss = NaN;
  for (let i = 0; i <= steps; i++) {
    const start = performance.now();
    loss = await step();
    seconds.push((performance.now() - start) / 1000);
  }
  const [first, ...others] = seconds;
  const median = others.sort((a, b) => a - b)[others.length >> 1]!;
  console.log(JSON.stringify({ img_per_s: batch / median, first_step_s: first, loss }));
}

/** `bench gemm`: the matrix products of EfficientNet-B0's 1×1 convolutions, forward and both gradients. */

import { newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import type { CommonFlags } from "../cli/flags.ts";
import { compile } from "../engine/compile/mod.ts";
import { type Device, openDevice } from "../engine/gpu/device.ts";
import { Memory } from "../engine/gpu/memory.ts";
import { Runner } from "../engine/gpu/runner.ts";
import { input, type Tensor } from "../engine/graph.ts";
import { matmul, matmulNT, matmulTN } from "../engine/ops/matmul.ts";
import { round } from "./numbers.ts";

/** X [m, k] by W [k, n]. */
interface Product {
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** How often it occurs in a forward pass. */
  readonly times: number;
}

/** The 1×1 convolutions of EfficientNet-B0 at 224 px: [pixels a side, k, n, times]. */
const CONVOLUTIONS: readonly (readonly [number, number, number, number])[] = [
  [112, 32, 16, 1],
  [112, 16, 96, 1],
  [56, 96, 24, 1],
  [56, 24, 144, 2],
  [56, 144, 24, 1],
  [28, 144, 40, 1],
  [28, 40, 240, 2],
  [28, 240, 40, 1],
  [14, 240, 80, 1],
  [14, 80, 480, 3],
  [14, 480, 80, 2],
  [14, 480, 112, 1],
  [14, 112, 672, 3],
  [14, 672, 112, 2],
  [7, 672, 192, 1],
  [7, 192, 1152, 4],
  [7, 1152, 192, 3],
  [7, 1152, 320, 1],
  [7, 320, 1280, 1],
];

/** What is measured of each product: the forward pass, the gradient of X, the gradient of W. */
const PASSES = {
  forward: ({ x, w }: Operands) => matmul(x, w),
  dx: ({ dy, w }: Operands) => matmulNT(dy, w),
  dw: ({ x, dy }: Operands) => matmulTN(x, dy),
};

interface Operands {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly dy: Tensor;
}

type Pass = keyof typeof PASSES;

interface GemmFlags extends CommonFlags {
  readonly batch: number;
  readonly repeats: number;
  readonly power?: "high" | "low";
}

/** Runs the benchmark and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = newCommand(
    "bench gemm",
    "Times the products of EfficientNet-B0's 1×1 convolutions.",
  )
    .option("--batch <n>", "images of 224 px in a batch", whole(1), 4)
    .option("--repeats <n>", "runs of each product; the fastest counts", whole(1), 5)
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  const parsed = parseFlags<GemmFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  const device = await openDevice(flags);
  const square = { name: "512³", m: 512, k: 512, n: 512, times: 0 };
  const products = CONVOLUTIONS.map(([side, k, n, times]): Product => ({
    ...{ name: `${side}² ${k} → ${n}`, k, n, times },
    m: flags.batch * side * side,
  }));
  const rows: { product: Product; rates: Record<Pass, number> }[] = [];
  if (!flags.json) console.log(`${device.name}, batch ${flags.batch}; GFLOP/s\n\n${heading}`);
  for (const product of [square, ...products]) {
    const rates = await rate(device, product, flags);
    rows.push({ product, rates });
    const { times: _, ...shape } = product;
    console.log(
      flags.json ? JSON.stringify({ event: "product", ...shape, ...rates }) : line(
        product.name,
        Object.values(rates),
      ),
    );
  }
  const summary = summarise(rows);
  if (flags.json) {
    console.log(JSON.stringify({ event: "summary", ...summary, adapter: device.name }));
  } else {
    console.log();
    for (const [name, rates] of Object.entries(summary)) console.log(line(name, rates));
  }
  return 0;
}

const heading = "".padEnd(24) + Object.keys(PASSES).map((p) => p.padStart(9)).join("");

function line(name: string, numbers: readonly number[]): string {
  return name.replaceAll("_", " ").padEnd(24) +
    numbers.map((n) => n.toFixed(2).padStart(9)).join("");
}

/** GFLOP/s of each pass over a product. */
async function rate(device: Device, { m, k, n }: Product, { repeats }: GemmFlags) {
  const operands = { x: input("x", [m, k]), w: input("w", [k, n]), dy: input("dy", [m, n]) };
  const memory = new Memory(device);
  for (const t of Object.values(operands)) {
    memory.write(
      t,
      Float32Array.from({ length: t.size }, (_, i) => (i * 7919 % 1021) / 1021 - 0.5),
    );
  }
  const rates: [string, number][] = [];
  for (const [pass, build] of Object.entries(PASSES)) {
    const program = compile({ outputs: [build(operands)] }, device.limits);
    const runner = await Runner.create(program, memory);
    let least = Infinity;
    for (let i = 0; i <= repeats; i++) { // the first compiles what the driver has put off
      const nanoseconds = (await runner.profile()).reduce((n, { duration }) => n + duration, 0);
      if (i > 0) least = Math.min(least, nanoseconds);
    }
    rates.push([pass, round(2 * m * k * n / least)]);
    runner.destroy();
  }
  memory.destroy();
  return Object.fromEntries(rates) as Record<Pass, number>;
}

/** Of each pass: the mean over the convolutions, and that and the slowest as shares of the square product. */
function summarise([square, ...rows]: { product: Product; rates: Record<Pass, number> }[]) {
  const passes = Object.keys(PASSES) as Pass[];
  const each = (reduce: (rates: number[], pass: Pass) => number) =>
    passes.map((pass) => round(reduce(rows.map(({ rates }) => rates[pass]), pass)));
  const mean = (rates: number[]) => rates.reduce((a, b) => a + b, 0) / rates.length;
  const best = square!.rates.forward;
  return {
    mean: each(mean),
    "mean_of_a_forward_pass": each((rates) => {
      const work = rows.map(({ product: { m, k, n, times } }) => times * m * k * n);
      const time = work.map((w, i) => w / rates[i]!);
      return work.reduce((a, b) => a + b) / time.reduce((a, b) => a + b);
    }),
    "mean_over_512³": each((rates) => mean(rates) / best),
    "worst_over_512³": each((rates) => Math.min(...rates) / best),
  };
}

/** `bench static`: what a GPU's own compiler makes of every kernel of a training step. Runs on no GPU. */

import { UsageError } from "../cli/errors.ts";
import { newCommand, oneOf, parseFlags, requireFlags, whole } from "../cli/flags.ts";
import type { CommonFlags } from "../cli/flags.ts";
import { type PrecisionFlag, withPrecisionFlag } from "../cli/precision_flags.ts";
import { stepProgram } from "../cli/steps.ts";
import type { Dispatch } from "../engine/compile/program.ts";
import { modelNames } from "../models/mod.ts";

interface StaticFlags extends CommonFlags, PrecisionFlag {
  readonly gpustat?: string;
  readonly family: string;
  readonly model: string;
  readonly size: number;
  readonly batch: number;
}

/** Statistics of RADV's compiler for one shader: the names are its own. */
interface Statistics {
  readonly file: string;
  readonly workgroup: readonly [number, number, number];
  readonly wave: number;
  readonly VGPRs: number;
  readonly "Spilled VGPRs": number;
  readonly "Spilled SGPRs": number;
  readonly "Scratch size": number;
  readonly "LDS size": number;
  readonly "Subgroups per SIMD": number;
  readonly Instructions: number;
  readonly Latency: number;
}

/** One distinct kernel of the step. */
interface Row {
  readonly kernel: string;
  readonly shape: string;
  readonly dispatches: number;
  readonly vgprs: number;
  readonly spills: number;
  readonly scratch: number;
  readonly lds: number;
  /** Waves that fit a SIMD together. */
  readonly waves: number;
  readonly instructions: number;
  readonly latency: number;
  /** Threads of a workgroup. */
  readonly threads: number;
  /** What is wrong with it; empty where nothing is. */
  readonly faults: readonly string[];
}

/** Registers a thread may use: with more, fewer waves run at once than hide the latency of memory. */
const MOST_VGPRS = 128;

/** Runs the benchmark and returns the exit code: 1 where a kernel breaks the rules. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = newCommand(
    "bench static",
    "Compiles every kernel of a step for a GPU that need not be there.",
  )
    .option("--gpustat <path>", "the compiler's front end; docs/performance.md says how to get one")
    .option("--family <name>", "the GPU to compile for, by RADV's name", "NAVI21")
    .option("--model <name>", "model to train", oneOf(modelNames), "efficientnet_b0")
    .option("--size <px>", "height and width of the images", whole(1), 224)
    .option("--batch <n>", "images in a batch", whole(1), 8);
  const parsed = parseFlags<StaticFlags>(withPrecisionFlag(reader), args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireFlags(flags, { gpustat: "the path of the program that compiles" });
  const { dispatches } = stepProgram(flags);
  const kernels = [...Map.groupBy(dispatches, (d) => d.wgsl).values()];
  const rows = await compileAll(kernels, flags);
  if (flags.json) { for (const row of rows) console.log(JSON.stringify(row)); }
  else {
    const { model, size, batch, family, precision = "f32" } = flags;
    const what = `${model}, ${size} px, batch ${batch}, ${precision}`;
    console.log(`${what}, for ${family}: ${rows.length} kernels\n`);
    console.log(classTable(rows));
    const faulty = rows.filter((r) => r.faults.length);
    for (const { kernel, shape, faults } of faulty) {
      console.log(`${kernel} [${shape}]: ${faults.join(", ")}`);
    }
    console.log(faulty.length ? "" : "no spills, full waves, at most 128 registers");
  }
  return rows.some((r) => r.faults.length) ? 1 : 0;
}

/** The figures of each kernel, given as the dispatches that run it. */
async function compileAll(
  kernels: readonly (readonly Dispatch[])[],
  { gpustat, family }: StaticFlags,
): Promise<Row[]> {
  const folder = Deno.makeTempDirSync();
  try {
    const files = kernels.map((_, i) => `${i}.wgsl`);
    kernels.forEach(([d], i) => Deno.writeTextFileSync(`${folder}/${files[i]}`, d!.wgsl));
    const paths = files.map((file) => `${folder}/${file}`);
    const command = new Deno.Command(gpustat!, { args: ["--family", family, "--json", ...paths] });
    const { stdout, stderr } = await command.output().catch((error: Error) => {
      throw new UsageError(`Cannot run ${gpustat}: ${error.message}, gpustat was needed`);
    });
    const found = new Map(
      new TextDecoder().decode(stdout).split("\n").filter((l) => l).map((line) => {
        const statistics = JSON.parse(line) as Statistics;
        return [statistics.file.split("/").at(-1)!, statistics] as const;
      }),
    );
    return kernels.map((dispatches, i) => {
      const statistics = found.get(files[i]!);
      if (statistics) return rowOf(dispatches, statistics);
      const told = new TextDecoder().decode(stderr).trim().split("\n").slice(0, 5).join("\n");
      throw new Error(`Cannot compile ${dispatches[0]!.label} for ${family}: ${told}`);
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function rowOf(dispatches: readonly Dispatch[], s: Statistics): Row {
  const { label, shape } = dispatches[0]!;
  const threads = s.workgroup.reduce((a, b) => a * b);
  const spills = s["Spilled VGPRs"] + s["Spilled SGPRs"];
  const faults = [
    ...(spills ? [`${spills} registers spilled`] : []),
    ...(s["Scratch size"] ? [`${s["Scratch size"]} bytes of scratch`] : []),
    ...(s.VGPRs > MOST_VGPRS ? [`${s.VGPRs} registers`] : []),
    ...(threads % 64 ? [`${threads} threads in waves of 64`] : []),
  ];
  return {
    ...{ kernel: label, shape: shape.join("×"), dispatches: dispatches.length, threads, spills },
    ...{ vgprs: s.VGPRs, scratch: s["Scratch size"], lds: s["LDS size"] },
    ...{ waves: s["Subgroups per SIMD"], instructions: s.Instructions, latency: s.Latency, faults },
  };
}

/** The worst figures of each class: the product or window in a kernel, else the op that it ends with. */
function classTable(rows: readonly Row[]): string {
  const classes = Map.groupBy(rows, ({ kernel }) => {
    const ops = kernel.split("+");
    return ops.find((op) => /^(matmul|conv2d|depthwise)/.test(op)) ?? ops.at(-1)!;
  });
  const line = (name: string, numbers: readonly (string | number)[]) =>
    name.padEnd(28) + numbers.map((n) => String(n).padStart(11)).join("");
  const columns = ["kernels", "registers", "spills", "scratch", "waves", "most code", "latency"];
  return [
    line("class", columns),
    ...[...classes].map(([name, members]) => {
      const most = (of: (r: Row) => number) => Math.max(...members.map(of));
      return line(name, [
        members.length,
        most((r) => r.vgprs),
        most((r) => r.spills),
        most((r) => r.scratch),
        Math.min(...members.map((r) => r.waves)),
        most((r) => r.instructions),
        most((r) => r.latency),
      ]);
    }),
    "",
  ].join("\n");
}

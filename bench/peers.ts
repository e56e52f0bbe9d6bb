/** `bench peers`: the same training step in other frameworks, one after the other, verity first and last. */

import { type CommonFlags, newCommand, parseFlags, whole } from "../cli/flags.ts";
import { round } from "./numbers.ts";

interface PeerFlags extends CommonFlags {
  readonly size: number;
  readonly batch: number;
  readonly steps: number;
}

/** A process that prints its figures as one line of JSON, the last of its output. */
interface Peer {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Prints nothing and ends with 0 where the peer is installed. Absent where it is fetched. */
  readonly probe?: readonly string[];
}

interface Figures {
  readonly "img_per_s": number;
  readonly "first_step_s": number;
}

/** Runs the benchmark and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = newCommand(
    "bench peers",
    "Times EfficientNet-B0 training steps beside other frameworks.",
  )
    .option("--size <px>", "height and width of the images", whole(1), 64)
    .option("--batch <n>", "images in a batch", whole(1), 8)
    .option("--steps <n>", "steps to run after the first; the median counts", whole(1), 5);
  const parsed = parseFlags<PeerFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  const rows: { name: string; figures: Figures | string }[] = [];
  for (const peer of peers(flags)) {
    console.error(`${peer.name} …`);
    rows.push({ name: peer.name, figures: await measure(peer) });
  }
  // The mean of both runs: what else the machine does changes while the others run.
  const own = [rows[0]!, rows.at(-1)!].map(({ figures }) =>
    typeof figures === "string" ? NaN : figures.img_per_s
  );
  const base = (own[0]! + own[1]!) / 2;
  if (!flags.json) {
    console.log(`EfficientNet-B0, ${flags.size} px, batch ${flags.batch}: forward, backward, Adam`);
    console.log("".padEnd(24) + "   img/s   verity is   first step");
  }
  for (const { name, figures } of rows) {
    if (flags.json) console.log(JSON.stringify({ name, ...said(figures) }));
    else console.log(name.padEnd(24) + line(figures, base));
  }
  return 0;
}

function said(figures: Figures | string) {
  if (typeof figures === "string") return { missing: figures };
  return { "img_per_s": round(figures.img_per_s), "first_step_s": round(figures.first_step_s) };
}

function line(figures: Figures | string, base: number): string {
  if (typeof figures === "string") return `   ${figures}`;
  return figures.img_per_s.toFixed(2).padStart(8) +
    `${(base / figures.img_per_s).toFixed(2)} ×`.padStart(12) +
    `${figures.first_step_s.toFixed(1)} s`.padStart(13);
}

/** Who runs, in this order. */
function peers({ size, batch, steps }: PeerFlags): Peer[] {
  const deno = Deno.execPath();
  const file = (name: string) => new URL(name, import.meta.url).pathname;
  const problem = [size, batch, steps].map(String);
  const verity = (name: string): Peer => ({
    name,
    command: deno,
    args: [
      ...["run", "-A", file("../cli.ts"), "bench", "step", "--json"],
      ...["--size", problem[0]!, "--batch", problem[1]!, "--steps", problem[2]!],
    ],
  });
  const script = (name: string, path: string): Peer => ({
    name,
    command: deno,
    args: ["run", "-A", "--no-check", "--config", file("peers/deno.json"), file(path), ...problem],
  });
  return [
    verity("verity"),
    script("tfjs-webgpu 4.22.0", "peers/tfjs.ts"),
    script("jax-js 0.1.25", "peers/jax.ts"),
    {
      name: "PyTorch, processor",
      command: "python3",
      args: [file("peers/torch.py"), ...problem],
      probe: ["-c", "import torch, timm"],
    },
    verity("verity again"),
  ];
}

/** The figures of a peer, or why there are none. */
async function measure({ command, args, probe }: Peer): Promise<Figures | string> {
  const output = (args: readonly string[]) =>
    new Deno.Command(command, { args: [...args], stdin: "null" }).output();
  if (probe && !(await output(probe).catch(() => ({ success: false }))).success) {
    return "not installed";
  }
  const { success, stdout, stderr } = await output(args);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim().split("\n").at(-1)!;
  return success ? JSON.parse(text(stdout)) : `failed: ${text(stderr).slice(0, 120)}`;
}

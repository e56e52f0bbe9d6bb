/** ONNX Runtime in a process of its own: a large package that only these tests use, so the project's lock lacks it. */

/** A file to run and what to feed it. */
export interface Run {
  /** The ONNX file. */
  readonly path: string;
  /** The batches to feed as `images`: their shapes and numbers. */
  readonly batches: readonly { readonly shape: readonly number[]; readonly data: number[] }[];
}

/** What a batch gives, by the names of the outputs. */
export type Outputs = Readonly<
  Record<string, { readonly dims: readonly number[]; readonly data: readonly number[] }>
>;

const PACKAGE = "npm:onnxruntime-web@1.30.0";
const SCRIPT = new URL(import.meta.url);

/** The outputs of each batch of each run, as ONNX Runtime computes them on the processor. */
export async function onnxRuntime(runs: readonly Run[]): Promise<Outputs[][]> {
  const lock = decodeURIComponent(new URL("./runtime.lock", SCRIPT).pathname);
  const flags = ["--no-config", "--node-modules-dir=none", `--lock=${lock}`, "--frozen"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", ...flags, SCRIPT.href],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(runs)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  if (!success) throw new Error(`ONNX Runtime failed: ${text.decode(stderr)}`);
  return JSON.parse(text.decode(stdout));
}

if (import.meta.main) {
  // A name in a variable is no import that the project's check and lock would follow.
  const { InferenceSession, Tensor, env } = await import(PACKAGE);
  env.wasm.numThreads = 1;
  const runs: Run[] = await new Response(Deno.stdin.readable).json();
  const results: Outputs[][] = [];
  for (const { path, batches } of runs) {
    const session = await InferenceSession.create(await Deno.readFile(path));
    const outputs: Outputs[] = [];
    for (const { shape, data } of batches) {
      const images = new Tensor("float32", Float32Array.from(data), shape);
      const found: [string, { dims: number[]; data: Float32Array }][] = Object.entries(
        await session.run({ images }),
      );
      outputs.push(Object.fromEntries(
        found.map(([name, { dims, data }]) => [name, { dims, data: [...data] }]),
      ));
    }
    await session.release();
    results.push(outputs);
  }
  console.log(JSON.stringify(results));
}

/** `bench evaluation`: evaluation beside ONNX Runtime Web, in one tab of Chromium and on one adapter. */

import { DeviceError } from "../engine/gpu/device.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import { modelInfo, modelNames } from "../models/mod.ts";
import { bundle, callPage, findChromium, inTab, textResponse } from "../tests/browser/chromium.ts";
import type { Evaluated, EvaluationPage, EvaluationProblem, Provider } from "./evaluation_page.ts";
import { round } from "./numbers.ts";
import { table } from "./table.ts";

interface Flags extends CommonFlags {
  readonly model: string;
  readonly size?: number;
  readonly batch: number;
  readonly rounds: number;
}

/** ONNX Runtime Web stands in a project of its own: `bench peers` needs none of it. */
const PEER = new URL("peers/onnx/", import.meta.url);

/** Runs the benchmark and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = newCommand(
    "bench evaluation",
    "Times evaluation in a tab of Chromium beside ONNX Runtime Web, with the same weights and images.",
  )
    .option("--model <name>", "model to evaluate", oneOf(modelNames), "efficientnet_b0")
    .option("--size <px>", "height and width of the images (default: the model's)", whole(1))
    .option("--batch <n>", "images in a batch", whole(1), 1)
    .option("--rounds <n>", "batches to time after the first; the median counts", whole(1), 5);
  const parsed = parseFlags<Flags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { json, size = modelInfo(parsed.flags.model).size, ...flags } = parsed.flags;
  const rows = await measure({ ...flags, size });
  if (json) {
    for (const row of rows) console.log(JSON.stringify(row));
    return 0;
  }
  console.log(`Evaluation of ${flags.model}, ${size} px, batch ${flags.batch}, in Chromium\n`);
  console.log(table(
    ["", "adapter", "img/s", "verity is", "first", "logits differ by"],
    rows.map((r) => [
      r.name,
      "missing" in r ? r.missing : r.adapter,
      ..."missing" in r ? ["", "", "", ""] : [
        r.img_per_s.toFixed(2),
        `${r.verity_is.toFixed(2)} ×`,
        `${r.first_s.toFixed(1)} s`,
        r.logits_differ_by.toExponential(0),
      ],
    ]),
  ));
  return 0;
}

/** What an evaluator did, or why it did nothing; the names are those of `--json`. */
type Row =
  & { readonly name: string }
  & ({ readonly missing: string } | {
    readonly adapter: string;
    readonly "img_per_s": number;
    /** Images a second of verity, the mean of its runs, over those of this evaluator. */
    readonly "verity_is": number;
    readonly "first_s": number;
    /** The largest difference from verity's logits, relative to the largest of them. */
    readonly "logits_differ_by": number;
  });

async function measure(problem: EvaluationProblem): Promise<Row[]> {
  const chromium = findChromium();
  if (!chromium) {
    throw new DeviceError(
      "Cannot measure evaluation in a browser: chromium was not found in PATH, it was needed",
    );
  }
  const folder = await installPeer();
  const script = await bundle(new URL("evaluation_page.ts", import.meta.url));
  return await inTab(chromium, (path) => answer(path, script, folder), async (tab) => {
    const call = (name: keyof EvaluationPage, ...more: Provider[]) => {
      console.error(`${name} ${more.join("")} …`);
      return callPage<Evaluated>(tab, name, problem, ...more).catch((error: Error) =>
        error.message
      );
    };
    const results: [name: string, result: Evaluated | string][] = [
      ["verity", await call("verity")],
      ["ONNX Runtime Web, WebGPU", await call("onnx", "webgpu")],
      ["ONNX Runtime Web, wasm", await call("onnx", "wasm")],
      ["verity again", await call("verity")],
    ];
    const [first, last] = [results[0]![1], results.at(-1)![1]];
    if (typeof first === "string") throw new Error(first);
    if (typeof last === "string") throw new Error(last);
    // The mean of both runs: what else the machine does changes while the others run.
    const rate = problem.batch * (1 / first.batch + 1 / last.batch) / 2;
    return results.map(([name, r]): Row => {
      if (typeof r === "string") return { name, missing: r.split("\n")[0]! };
      const largest = Math.max(...first.logits.map(Math.abs));
      const apart = r.logits.map((v, i) => Math.abs(v - first.logits[i]!));
      return {
        name,
        adapter: r.adapter,
        "img_per_s": round(problem.batch / r.batch),
        "verity_is": round(rate * r.batch / problem.batch),
        "first_s": round(r.first),
        "logits_differ_by": Math.max(...apart) / largest,
      };
    });
  });
}

/** Fetches the peer where it is not here yet; the folder of its files. */
async function installPeer(): Promise<URL> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--frozen"],
    cwd: PEER,
  }).output();
  if (!success) {
    throw new Error(
      `Cannot install ONNX Runtime Web: ${new TextDecoder().decode(stderr).trim()}, ` +
        "a registry that can be reached was needed",
    );
  }
  return new URL("node_modules/onnxruntime-web/dist/", PEER);
}

/** Threads of WebAssembly want pages and workers that share memory with no other site. */
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const TYPES: Readonly<Record<string, string>> = {
  mjs: "text/javascript",
  wasm: "application/wasm",
};

async function answer(path: string, script: string, folder: URL): Promise<Response | undefined> {
  if (path === "/page.js") return textResponse(script, "text/javascript");
  const name = /^\/onnxruntime\/([\w.-]+\.(\w+))$/.exec(path);
  if (name) {
    const bytes = await Deno.readFile(new URL(name[1]!, folder));
    const type = TYPES[name[2]!] ?? "application/octet-stream";
    return new Response(bytes, { headers: { "content-type": type, ...ISOLATED } });
  }
  const page = "<!doctype html><title>verity</title><script type=module src=/page.js></script>";
  return new Response(page, { headers: { "content-type": "text/html", ...ISOLATED } });
}

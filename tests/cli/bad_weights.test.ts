/** Tests of initial weights that cannot be used: exit code, message, and that nothing is written. Opens no device. */
import assert from "node:assert/strict";
import { weightShapes } from "../../models/compare.ts";
import { formatSafetensors, fromFloats } from "../../models/safetensors.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";
import { tree, verity } from "./command.ts";

/** One mistake. */
interface Row {
  readonly mistake: string;
  /** Flags besides those of a run that would go well. */
  readonly flags: string;
  readonly code: number;
  /** What the message must name. */
  readonly names: readonly string[];
  /** What the indented lines below it must have. */
  readonly details?: readonly string[];
  readonly env?: Record<string, string>;
}

const ROWS: readonly Row[] = [
  { mistake: "no such file", flags: "--weights gone.pth", code: 7, names: ["gone.pth"] },
  {
    mistake: "weights that lack some",
    flags: "--weights small.pth",
    code: 7,
    names: ["small.pth", "resnet18"],
    details: ["102 missing:", "  conv1.weight [64,3,7,7]", "  and 92 more", "7 unexpected:"],
  },
  {
    mistake: "a web page",
    flags: "--weights page.pth",
    code: 7,
    names: ["page.pth", "web page"],
  },
  {
    mistake: "code in place of weights",
    flags: "--weights code.pth",
    code: 7,
    names: ["code.pth", "torch.nn.modules.linear.Linear"],
  },
  { mistake: "half a file", flags: "--weights half.pth", code: 7, names: ["half.pth", "ZIP"] },
  {
    mistake: "a weight that is NaN",
    flags: "--weights nan.safetensors",
    code: 7,
    names: ["nan.safetensors", "NaN", "fc.bias"],
  },
  {
    mistake: "weights of another model",
    flags: "--weights nan.safetensors --model efficientnet_b0",
    code: 7,
    names: ["nan.safetensors", "efficientnet_b0", "weights of resnet18"],
  },
  {
    mistake: "a pretrained tag that there is not",
    flags: "--pretrained a1_in1l",
    code: 2,
    names: ["a1_in1l", "a1_in1k"],
  },
  {
    mistake: "weights from two places",
    flags: "--pretrained --weights small.pth",
    code: 2,
    names: ["--weights", "--pretrained"],
  },
  {
    mistake: "no network",
    flags: "--pretrained a1_in1k",
    code: 7,
    names: ["timm/resnet18.a1_in1k", "127.0.0.1:1", "--weights", "HF_ENDPOINT", "home/hub"],
    env: { "HF_ENDPOINT": "http://127.0.0.1:1", "HF_HOME": "home", "HF_TOKEN": "hf_secret" },
  },
  {
    mistake: "no network wanted, and nothing in the cache",
    flags: "--pretrained",
    code: 7,
    names: ["timm/resnet18.a1_in1k", "offline", "home/hub"],
    env: { "HF_HUB_OFFLINE": "1", "HF_HOME": "home" },
  },
  {
    mistake: "a hub whose address is none",
    flags: "--pretrained",
    code: 2,
    names: ["HF_ENDPOINT", "mirror"],
    env: { "HF_ENDPOINT": "mirror" },
  },
];

const folder = await temporaryFolder(await content());
globalThis.addEventListener("unload", () => Deno.removeSync(folder.path, { recursive: true }));

/** Images of two classes, and weights that are wrong in one way each. */
async function content(): Promise<Record<string, string | Uint8Array>> {
  const fixture = (name: string) =>
    Deno.readFileSync(new URL(`../models/fixtures/${name}`, import.meta.url));
  const names = ["a", "b"].flatMap((c) => [0, 1, 2, 3].map((i) => `data/${c}/${i}.png`));
  const views = fixture("views.pth");
  const weights = new Map([...weightShapes("resnet18", 2)].map(([name, shape]) => {
    const values = new Float32Array(shape.reduce((n, d) => n * d, 1));
    return [name, fromFloats(shape, name === "fc.bias" ? values.fill(NaN) : values)];
  }));
  return {
    ...await pictures(names),
    "small.pth": fixture("checkpoint.pth.tar"),
    "code.pth": fixture("module.pth"),
    "half.pth": views.subarray(0, views.length / 2),
    "page.pth": "<!doctype html><title>Sign in</title>",
    "nan.safetensors": formatSafetensors(weights),
  };
}

for (const { mistake, flags, code, names, details = [], env = {} } of ROWS) {
  Deno.test(`train names ${mistake} and ends with ${code}`, async () => {
    const before = await tree(folder.path);
    const args = `train --data data --run run --model resnet18 --size 32 --batch 2 ${flags}`;
    const ended = await verity(args.split(" "), { cwd: folder.path, env });
    const { err } = ended;
    assert.equal(ended.code, code, err);
    const lines = err.trimEnd().split("\n");
    const sentences = lines.filter((line) => !line.startsWith("  "));
    assert.equal(sentences.length, 1, err);
    for (const name of names) assert.ok(sentences[0]?.includes(name), err);
    for (const detail of details) assert.ok(lines.includes(`  ${detail}`), err);
    assert.ok(!(ended.out + err).includes("hf_secret"), err);
    assert.deepEqual(await tree(folder.path), before);
  });
}

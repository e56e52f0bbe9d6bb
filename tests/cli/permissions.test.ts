/** Every command works with the permissions that docs/permissions.md gives it, and not with fewer. Real processes. */
import assert from "node:assert/strict";
import { temporaryFolder } from "../data/fixtures.ts";
import { device } from "../device.ts";
import { twoClasses } from "./two_classes.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const CACHE = `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/verity`;

/** Permissions by command, as the page has them. */
const table = new Map(
  [...Deno.readTextFileSync(`${ROOT}docs/permissions.md`).matchAll(/^\| (\w+) +\| `(--.*?)`/gm)]
    .map(([, command, flags]) => [command!, flags!.split(" ")] as const),
);

/** What nobody may learn. */
const SECRETS = {
  HF_TOKEN: "hf_FindMeHere0123456789",
  AWS_ACCESS_KEY_ID: "AKIAFINDMEHERE012345",
  AWS_SECRET_ACCESS_KEY: "FindMeHere/0123456789/secret",
};

/** Throws where a text has a secret. */
function requireNoSecret(text: string, where: string): void {
  for (const [name, value] of Object.entries(SECRETS)) {
    assert.ok(!text.includes(value), `${name} stands in ${where}`);
  }
}

interface Said {
  readonly code: number;
  readonly text: string;
}

/** Runs a command with the page's permissions for it, but those that `without` fits; stops it once it says `until`. */
async function run(
  line: readonly string[],
  { dir, without, until }: {
    readonly dir: string;
    readonly without?: RegExp;
    readonly until?: RegExp;
  },
): Promise<Said> {
  const names: Readonly<Record<string, string>> = {
    ...{ CACHE, DATA: `${dir}/data`, RUNS: `${dir}/runs`, RUN: `${dir}/runs/a`, OUT: `${dir}/out` },
    PORT: "18233",
  };
  const flags = table.get(line[0]!)!.filter((flag) => !without?.test(flag))
    .map((flag) => flag.replace(/\b(CACHE|DATA|RUNS|RUN|OUT|PORT)\b/g, (name) => names[name]!));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...flags, "cli.ts", ...line],
    ...{
      cwd: ROOT,
      env: { NO_COLOR: "1", ...SECRETS },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    },
  }).spawn();
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (until?.test(text)) child.kill("SIGINT");
    }
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  requireNoSecret(text, `what ${line[0]} says`);
  return { code: (await child.status).code, text };
}

Deno.test({
  name: "commands need the permissions of the page, and no others",
  ignore: !device,
  fn: async () => {
    await using folder = await temporaryFolder({ ...await twoClasses(), "out/empty": "" });
    const dir = folder.path;
    await Deno.mkdir(`${dir}/runs`);
    await Deno.mkdir(CACHE, { recursive: true });
    const best = `${dir}/runs/a/best.safetensors`;
    const small =
      "--model mobilenetv3_small_100 --size 32 --resize 36 --batch 4 --epochs 1 --workers 1 --recipe scratch";
    const commands = new Map([
      ["models", []],
      ["data", ["--data", `${dir}/data`]],
      ["train", ["--data", `${dir}/data`, ...small.split(" "), "--run", `${dir}/runs/a`]],
      ["eval", ["--checkpoint", best, "--data", `${dir}/data`]],
      ["predict", [
        "--checkpoint",
        best,
        "--images",
        `${dir}/data/red`,
        "--out",
        `${dir}/out/s.csv`,
      ]],
      ["export", ["--checkpoint", best, "--format", "onnx", "--out", `${dir}/out/m.onnx`]],
      ["report", [`${dir}/runs/a`]],
    ]);
    assert.deepEqual([...table.keys()], [...commands.keys(), "serve"]);
    for (const [command, rest] of commands) {
      const { code, text } = await run([command, ...rest], { dir });
      assert.equal(code, 0, `${command}: ${text}`);
    }
    const serve = ["serve", `${dir}/runs/a`, "--port", "18233"];
    const served = await run(serve, { dir, until: /Ctrl-C ends/ });
    assert.deepEqual([served.code, /127\.0\.0\.1:18233/.test(served.text)], [0, true], served.text);

    for (const folder of ["runs/a", "out"]) {
      for (const { name } of Deno.readDirSync(`${dir}/${folder}`)) {
        const bytes = await Deno.readFile(`${dir}/${folder}/${name}`);
        requireNoSecret(new TextDecoder("latin1").decode(bytes), name);
      }
    }

    const fewer: [line: string[], without: RegExp, says: RegExp][] = [
      [["data", ...commands.get("data")!], /^--allow-read/, /read access/],
      [["report", ...commands.get("report")!], /^--allow-write/, /write access/],
      [["predict", ...commands.get("predict")!], /^--allow-read/, /read access/],
      [serve, /^--allow-net/, /net access/],
    ];
    for (const [line, without, says] of fewer) {
      const { code, text } = await run(line, { dir, without });
      assert.notEqual(code, 0, `${line[0]}: ${text}`);
      assert.match(text, says);
    }
  },
});

/**
 * `deno task npm [FOLDER]`: the package for npm, `dist/npm` if not told: one module that needs no other, its types, what
 * people read. Publishes nothing.
 */
import { join } from "../../data/files.ts";

const ROOT = new URL("../../", import.meta.url);

/** What declarations are made with, and what checks them. */
export const TYPESCRIPT = "npm:typescript@5.9.3/tsc";

/** Runs Deno, quietly where it goes well. Throws with what it said where it does not. */
export async function deno(args: readonly string[], cwd: URL | string = ROOT): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    ...{ args: [...args], cwd, env: { NO_COLOR: "1" } },
  }).output();
  if (success) return;
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  throw new Error(`deno ${args.join(" ")} failed:\n${said}`);
}

/** Writes the package into a folder that is not there, or is one that this wrote. */
export async function writePackage(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  const { name, version, license, imports } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  await deno([
    "bundle",
    "--quiet",
    "--platform",
    "browser",
    "-o",
    join(folder, "mod.js"),
    "mod.ts",
  ]);
  await declare(folder);
  const description = {
    ...{ name, version, license, type: "module", sideEffects: false },
    description: "Trains image classifiers on any WebGPU device.",
    exports: { ".": { types: "./types/mod.d.ts", default: "./mod.js" } },
    types: "./types/mod.d.ts",
    engines: { node: ">=22" },
    dependencies: { "@webgpu/types": imports["@webgpu/types"].replace(/^npm:.*@/, "") },
  };
  const text = JSON.stringify(description, undefined, 2) + "\n";
  await Deno.writeTextFile(join(folder, "package.json"), text);
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    await Deno.copyFile(new URL(file, ROOT), join(folder, file));
  }
}

/** Declarations of all that the public names reach, which import each other by the names of modules. */
async function declare(folder: string): Promise<void> {
  const types = join(folder, "types");
  const config = decodeURIComponent(new URL("tsconfig.json", import.meta.url).pathname);
  await deno(["run", "-A", "--quiet", TYPESCRIPT, "-p", config, "--outDir", types]);
  const files: string[] = [];
  for await (const path of walk(types)) files.push(path);
  for (const path of files) {
    const text = await Deno.readTextFile(path);
    const named = text.replaceAll(/((?:from|import) ?\(?"\.[^"]*)\.ts"/g, '$1.js"');
    const reference = path === join(types, "mod.d.ts")
      ? '/// <reference types="@webgpu/types" />\n'
      : "";
    await Deno.writeTextFile(path, reference + named);
  }
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* walk(join(folder, name));
    else yield join(folder, name);
  }
}

if (import.meta.main) {
  const [folder = "dist/npm"] = Deno.args;
  await writePackage(folder);
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile) continue;
    const { size } = await Deno.stat(join(folder, name));
    console.log(`${String(size).padStart(9)} ${join(folder, name)}`);
  }
}

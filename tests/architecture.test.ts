/** The rooms and their one-way arrows: who may import whom, and who may name the GPU and Deno. */

import { strict as assert } from "node:assert";

const root = new URL("../", import.meta.url);
const graph = ["engine/graph.ts", "engine/shape.ts"];

/** Each room and what it may import besides itself. The first prefix that fits is the room of a file. */
const rooms: [room: string, imports: string[]][] = [
  ["engine/shape.ts", []],
  ["engine/graph.ts", ["engine/shape.ts"]],
  ["engine/interpret.ts", graph],
  ["engine/ops/", [...graph, "shaders/"]],
  ["engine/autodiff.ts", [...graph, "engine/ops/"]],
  ["engine/recompute.ts", [...graph, "engine/ops/"]],
  ["engine/compile/", [...graph, "engine/ops/", "shaders/"]],
  ["engine/gpu/", [...graph, "engine/compile/"]],
  ["engine/nn/", [...graph, "engine/ops/"]],
  ["engine/optim/", [...graph, "engine/ops/"]],
  ["models/", [...graph, "engine/ops/", "engine/nn/"]],
  ["data/", ["models/nearest.ts", "models/crc32.ts"]],
  ["train/", ["data/", "models/", "engine/"]],
  ["export/", [...graph, "engine/ops/", "engine/nn/", "models/"]],
  ["report/", ["export/protobuf.ts", "train/", "data/", "models/", "engine/gpu/device.ts"]],
  ["mod.ts", ["export/", "train/", "data/", "models/", "engine/"]],
  ["run.ts", ["report/", "export/", "train/", "data/", "models/"]],
  ["cli/", ["deno.json", "mod.ts", "report/", "export/", "train/", "data/", "models/", "engine/"]],
  ["cli.ts", ["cli/"]],
  ["web/", ["mod.ts", "run.ts"]],
  ["bench/", [""]],
  ["examples/", [""]],
  ["tests/", [""]],
];

/** Rooms that may name Deno: the command line, and what only people at work run. */
const deno = ["cli.ts", "cli/", "tests/", "bench/"];

/** Every file below `folder` that ends in `.ts` or `.wgsl`, as a path from the root. */
function files(folder = ""): string[] {
  const skipped = ["node_modules", "runs", "dist"];
  return [...Deno.readDirSync(new URL(`./${folder}`, root))].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".") || skipped.includes(name)) return [];
    if (isDirectory) return files(`${folder}${name}/`);
    return /\.(ts|wgsl)$/.test(name) ? [folder + name] : [];
  }).sort();
}

interface Import {
  /** From the root, or the name of a package. */
  readonly path: string;
  readonly local: boolean;
  /** True where only types are imported. */
  readonly type: boolean;
}

/** The text of a file without comments. */
function code(path: string): string {
  return Deno.readTextFileSync(new URL(path, root))
    .replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** What a file imports. */
function imports(path: string): Import[] {
  const statement =
    /^(?:import|export)\s+(type\s)?(?:[\w*{][^;"'`]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)|\bnew URL\("(\.[^"]*\.ts)"/gm;
  return [...code(path).matchAll(statement)].map(([, type, from, dynamic, url]) => {
    const name = from ?? dynamic ?? url!;
    const local = name.startsWith(".");
    const to = local ? new URL(name, new URL(path, root)).href.slice(root.href.length) : name;
    return { path: to, local, type: type !== undefined };
  });
}

const all = files();
const scripts = all.filter((f) => f.endsWith(".ts"));

Deno.test("every file is in a room, and imports go along the arrows", () => {
  const wrong = scripts.flatMap((file) => {
    const [room, allowed] = rooms.find(([r]) => file.startsWith(r)) ?? [];
    if (!room || !allowed) return [`${file} is in no room`];
    return imports(file)
      .filter(({ path, local }) => local && ![room, ...allowed].some((r) => path.startsWith(r)))
      .map(({ path }) => `${file} imports ${path}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("imports of values have no cycle", () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file) || path.includes(file)) return;
    for (const i of imports(file)) {
      if (!i.type && scripts.includes(i.path)) visit(i.path, [...path, file]);
    }
    done.add(file);
  };
  for (const file of scripts) visit(file, []);
  assert.deepEqual(cycles, []);
});

Deno.test("the engine and the models import no package; only tools import node:", () => {
  const wrong = scripts.flatMap((file) =>
    imports(file).filter(({ path, local }) =>
      !local && (/^(engine|models)\//.test(file) ||
        path.startsWith("node:") && !/^(cli|tests|bench)\//.test(file))
    ).map(({ path }) => `${file} imports ${path}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("only engine/gpu/ names the types of WebGPU", () => {
  const wrong = scripts.filter((f) => !/^(engine\/gpu|tests|bench)\//.test(f))
    .filter((f) => /\bGPU[A-Z]\w*/.test(code(f)) || /\bnavigator\.gpu\b/.test(code(f)));
  assert.deepEqual(wrong, []);
});

Deno.test("only the command line, tests and benchmarks name Deno", () => {
  const wrong = scripts.filter((f) => !deno.some((r) => f.startsWith(r)))
    .filter((f) => /\bDeno\s*[.[]/.test(code(f)));
  assert.deepEqual(wrong, []);
});

Deno.test("only --pretrained, data with an address, and the page for its own files ask a network", () => {
  const allowed = [
    "models/hub_request.ts",
    "cli/pretrained.ts",
    "data/remote/request.ts",
    "cli/remote.ts",
    "web/service_worker.ts",
  ];
  const wrong = scripts.filter((f) => !/^(tests|bench)\//.test(f) && !allowed.includes(f))
    .filter((f) => /\bfetch\b|\bWebSocket\b|\bXMLHttpRequest\b/.test(code(f)));
  assert.deepEqual(wrong, []);
  const asks = scripts.filter((f) => imports(f).some((i) => i.path === "cli/pretrained.ts"));
  assert.deepEqual(asks.filter((f) => !f.startsWith("tests/")), ["cli/job.ts"]);
  const names = scripts.filter((f) => imports(f).some((i) => i.path === "cli/remote.ts"));
  assert.deepEqual(
    names.filter((f) => !f.startsWith("tests/")),
    ["cli/predict.ts", "cli/train_data.ts"],
  );
});

Deno.test("every file says first what it is, in at most 300 lines", () => {
  const wrong = all.flatMap((file) => {
    const text = Deno.readTextFileSync(new URL(file, root));
    const lines = text.trimEnd().split("\n").length;
    const opening = file.endsWith(".wgsl") ? /^\/\/ \S/ : /^(#!.*\n)?\/\*\*/;
    return [
      ...(lines > 300 ? [`${file} has ${lines} lines`] : []),
      ...(opening.test(text) ? [] : [`${file} does not say what it is`]),
    ];
  });
  assert.deepEqual(wrong, []);
});

Deno.test("every shader is used by an op or the emitter", () => {
  const used = new Set(
    scripts.filter((f) => f.startsWith("engine/")).flatMap(imports).map((i) => i.path),
  );
  assert.deepEqual(all.filter((f) => f.endsWith(".wgsl") && !used.has(f)), []);
});

Deno.test("the tests of this file see imports of every form", () => {
  const seen = imports("data/watched_worker.ts").map((i) => i.path);
  assert.ok(seen.includes("data/worker.ts"), "a worker");
  assert.ok(
    imports("engine/ops/matmul.ts").some((i) => i.path === "shaders/matmul.wgsl"),
    "a text",
  );
  assert.ok(imports("engine/compile/slots.ts").some((i) => i.type), "types");
  assert.ok(scripts.flatMap(imports).length > 2 * scripts.length, "most imports");
});

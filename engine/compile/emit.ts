/** Emission: the WGSL text and the bindings of one planned step. Expressions of inlined ops fill the holes. */

import gatherShader from "../../shaders/sum_stretches.wgsl" with { type: "text" };
import functions from "../../shaders/functions.wgsl" with { type: "text" };
import { constantValues, isInput, type Kernel, type Tensor } from "../graph.ts";
import { flatGrid, packOffsets } from "../ops/layout.ts";
import { channelQuads, quads } from "../shape.ts";
import { Body, mask } from "./body.ts";
import { after, sumText } from "./epilogue.ts";
import { bufferBytes } from "./formats.ts";
import { isLiteral, storage } from "./fuse.ts";
import { hasEnds, kernelOf, MAX_GRID, walk } from "./geometry.ts";
import type { Plan } from "./plan.ts";
import { allowedBy, type Dispatch, MemoryError } from "./program.ts";
import { isParts, type Step, written } from "./steps.ts";
import { expand, holeNames } from "./template.ts";
import { Views } from "./views.ts";

/** The dispatch that computes a step. */
export function emit(step: Step, plan: Plan): Dispatch {
  const views = new Views(step, plan);
  checkBindings(step, views);
  const [root] = step.values;
  const body = step.gathers
    ? gatherText(step.gathers, plan.tables.get(step)!, views)
    : root?.op.kernel
    ? kernelText(root, step, views)
    : step.sums.length
    ? walkText(step, views)
    : root!.op.columns
    ? columnsText(root!, views)
    : pointwiseText(step, views);
  const used = functionTexts.filter(([name]) => body.text.includes(`${name}(`)).map(([, text]) =>
    text
  );
  const named = written(step);
  checkGrid(named[0]!, body.grid);
  return {
    label: label(step, views.plan.stored),
    place: named.map((t) => t.label).find((l) => l) ?? "",
    shape: (named[0] ?? root)?.shape ?? [],
    wgsl: [views.declarations(), ...used, body.text].join("\n"),
    grid: body.grid,
    bindings: views.bindings,
    numbers: [],
    bytes: views.bytes,
    partialBytes: views.partialBytes,
    macs: body.macs ?? 0,
    note: step.note ?? "",
  };
}

/** Throws MemoryError where a step has to see more at once than the device allows, and names it. */
function checkBindings(step: Step, { bindings, plan: { options, halves } }: Views): void {
  const limit = allowedBy(options).maxBinding;
  if (bindings.every(({ size }) => size <= limit)) return;
  const all = [...written(step), ...step.reads].map((t) => ({ t, bytes: bufferBytes(t, halves) }));
  const { t, bytes } = all.find(({ bytes }) => bytes > limit) ?? all[0]!;
  const mebibytes = (n: number) => (n / 2 ** 20).toFixed(0);
  const fits = Math.floor((t.shape[0] ?? 1) * limit / bytes);
  const arena = packOffsets(t) !== undefined || isInput(t) && t.shape.length === 2;
  const advice = t.shape.length > 1 && !constantValues(t) && !arena && fits > 0
    ? `a batch of ${fits} or fewer would fit`
    : "a smaller image size or model is needed";
  throw new MemoryError(
    `Cannot place ${t}: it takes ${mebibytes(bytes)} MiB, this device sees ${
      mebibytes(limit)
    } MiB at once; ${advice}`,
  );
}

function checkGrid(y: Tensor, grid: Dispatch["grid"]): void {
  if (grid.every((side) => side <= MAX_GRID)) return;
  throw new MemoryError(
    `Cannot compute ${y}: a grid of ${
      grid.join("×")
    } workgroups is above the ${MAX_GRID} a side that ` +
      "devices allow; a smaller batch or image size is needed",
  );
}

const functionTexts = functions.split(/(?=^\/\/.*\nfn )/m).flatMap((text) => {
  const name = /^fn (\w+)\(/m.exec(text)?.[1];
  return name ? [[name, text.replace(/^\/\/.*\n/, "").trim()] as const] : [];
});

interface Text {
  readonly text: string;
  readonly macs?: number;
  readonly grid: Kernel["grid"];
}

/** The kernel of the root, its load holes filled with what its operands are, its store with what is kept. */
function kernelText(root: Tensor, step: Step, views: Views): Text {
  const { pair } = step;
  const kernel = kernelOf(root, views.plan.options, step.run, pair);
  const names = holeNames(kernel.shader);
  const operands = [
    ...root.operands,
    ...pair?.operands.filter((x) => !root.operands.includes(x)) ?? [],
  ];
  const loads = operands.map((x, i) => {
    const body = new Body(views);
    const value = body.value(x, "row", "c");
    const masked = views.isStored(x) ? value : mask(value, x.shape, "c");
    return `fn load_${names.loads[i]}(row: u32, c: u32) -> vec4f {\n${body}  return ${masked};\n}`;
  });
  const sums = step.sums.length ? sumText(step, kernel, root, views) : undefined;
  const body = new Body(views, hasEnds(kernel));
  body.know(root, "row", "c", "v");
  storeValues(step, body);
  sums?.join(body);
  const parameters = "(row: u32, c: u32, v: vec4f)";
  const stores = [`fn store_${names.stores[0]}${parameters} {\n${body}}`];
  if (pair) {
    const other = new Body(views);
    other.store(pair, "row", "c", "v");
    stores.push(`fn store_${names.stores[1]}${parameters} {\n${other}}`);
  }
  return assemble(kernel, [...loads, beginText(body), ...stores], sums);
}

/** A walk over the rows of what a step computes, or only sums up. */
function walkText(step: Step, views: Views): Text {
  const { of, from } = step.sums[0]!;
  const { runs } = of.op.reduction!(of);
  const [root] = step.values;
  const shape = root?.shape ?? (from ? [from.shape[0]!, from.shape[2]!] : of.operands[0]!.shape);
  const kernel = walk(shape, runs, views.plan.options, from !== undefined);
  const sums = sumText(step, kernel, of, views);
  const body = new Body(views, true);
  storeValues(step, body);
  sums.join(body);
  return assemble(
    kernel,
    [beginText(body), `fn visit(row: u32, c: u32, sum: u32) {\n${body}}`],
    sums,
  );
}

/** Statements for the values of a step at (`row`, `c`): all are computed before any is kept. */
function storeValues({ values, stores }: Step, body: Body): void {
  body.own = new Set(values.filter((t) => t.op.pointwise));
  for (const t of values) body.value(t, "row", "c");
  for (const t of stores) body.store(t, "row", "c", body.value(t, "row", "c"));
}

/** The hole in which a thread loads the vectors of channels that its rows share. */
function beginText(body: Body): string {
  const { declarations, loads } = body.columns();
  return `${declarations}\nfn begin(c: u32) {\n${loads}}`;
}

function assemble(
  kernel: Kernel,
  holes: readonly string[],
  sums: ReturnType<typeof sumText> | undefined,
): Text {
  const consts = Object.entries(kernel.consts).map(([name, n]) => `const ${name} = ${n}u;`);
  const text = expand(kernel.shader, kernel.consts);
  const around = sums
    ? [
      text.replace(/@compute.*\nfn main\(@builtin\(global_invocation_id\) id/, "fn tile(id"),
      sums.main,
    ]
    : [text];
  const done = sums ? [sums.head] : hasEnds(kernel) ? ["fn done(column: u32) {}"] : [];
  return {
    text: [...consts, ...done, ...holes, ...around].join("\n"),
    grid: kernel.grid,
    macs: kernel.macs ?? 0,
  };
}

/** A kernel that computes one quad of each value of a step in each thread. */
function pointwiseText(step: Step, views: Views): Text {
  const { shape } = step.values[0]!;
  const body = new Body(views);
  storeValues(step, body);
  const count = quads(shape);
  const c4 = channelQuads(shape);
  const text = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let i = id.x + id.y * size.x * 64u;
  if (i >= ${count}u) { return; }
  let row = ${c4 === 1 ? "i" : `i / ${c4}u`};
  let c = ${c4 === 1 ? "0u" : `i % ${c4}u`};
${body}}`;
  return { text, grid: flatGrid(count) };
}

/** The kernel that adds up the stretches of many sums, as `table` says. */
function gatherText(gathers: readonly Tensor[], table: Tensor, views: Views): Text {
  const [y] = gathers as [Tensor];
  const groups = table.shape[0]!;
  const grid = flatGrid(groups * 64);
  const at = (t: Tensor, i: string) => {
    const { name, offset } = views.buffer(t);
    return `${name}[${offset ? `${i} - ${offset}u` : i}]`;
  };
  const consts = { WIDTH: grid[0], GROUPS: groups };
  const holes = [
    `fn load_x(i: u32) -> vec4f { return ${at(storage(y.operands[0]!).base, "i")}; }`,
    `fn load_jobs(i: u32) -> vec4f { return ${at(table, "i")}; }`,
    `fn store_y(i: u32, v: vec4f) { ${at(y, "i")} = v; }`,
  ];
  return assemble({ shader: gatherShader, consts, grid }, holes, undefined);
}

/** A kernel that computes the rows of `t` column by column, a quad of columns in each thread. */
function columnsText(t: Tensor, views: Views): Text {
  const body = new Body(views);
  after(t, body);
  const c4 = channelQuads(t.shape);
  const text = `@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= ${c4}u) { return; }
${body}}`;
  return { text, grid: [Math.ceil(c4 / 64), 1, 1] };
}

/** The ops of a step, those of its operands first. */
function label(step: Step, stored: ReadonlySet<Tensor>): string {
  const names: string[] = [];
  if (step.gathers) return `gather ${step.gathers.length} sums`;
  const { values, pair, sums, after } = step;
  const own = new Set([...values, ...pair ? [pair] : [], ...sums.map((s) => s.of), ...after]);
  const seen = new Set<Tensor>();
  const visit = (t: Tensor) => {
    if (seen.has(t) || isLiteral(t) || isParts(t)) return;
    if (!own.has(t) && stored.has(storage(t).base)) return;
    seen.add(t);
    if (!step.sums.some((s) => s.of === t && s.from)) t.operands.forEach(visit);
    if (!names.includes(t.op.name) && !t.op.view) names.push(t.op.name);
  };
  own.forEach(visit);
  return names.join("+");
}

/** Epilogues: WGSL that sums up rows beside a kernel and completes what can be completed. */

import type { Kernel, Tensor } from "../graph.ts";
import { channelQuads, rows } from "../shape.ts";
import { Body } from "./body.ts";
import { type Epilogue, epilogueOf } from "./geometry.ts";
import type { Step, Sum } from "./steps.ts";
import type { Views } from "./views.ts";

/** The text of the sums of a step: what goes into its holes and around its kernel. */
export interface SumText {
  /** What goes before the kernel: functions, states, and the hole `done`. */
  readonly head: string;
  /** Has a row join each sum, in a hole with `row` and `c`. */
  readonly join: (body: Body) => void;
  /** What goes behind the kernel: the entry point, which calls the kernel's as `tile`. */
  readonly main: string;
}

/** The text of the sums of `step`, which `kernel` computes over tensors like `like`. */
export function sumText(step: Step, kernel: Kernel, like: Tensor, views: Views): SumText {
  const epilogue = epilogueOf(kernel, step.run)!;
  const { TN, WX, WY, sums } = epilogue;
  const lanes = WX * WY;
  const each = <T>(visit: (sum: Sum, i: number) => T): T[] => step.sums.map(visit);
  const functions = [...new Set(each(({ of }) => prefixed(of)))];
  const states = each(({ of }, i) =>
    `var<private> state_${i}: array<${of.op.name}_State, ${sums}>;\n` +
    `var<workgroup> states_${i}: array<${of.op.name}_State, ${lanes * TN}>;`
  );
  const flush = each(({ of }, i) => {
    const { name } = of.op;
    const one = (k: number) => `state_${i}[${k}]`;
    const pair = (k: number) => `${name}_merge(${one(k)}, ${one(k + 1)})`;
    const all = sums === 1 ? one(0) : `${name}_merge(${pair(0)}, ${pair(2)})`;
    const type = `array<${name}_State, ${sums}>`;
    return `  states_${i}[column * ${lanes}u + lane] = ${all};\n  state_${i} = ${type}();\n`;
  });
  const sum = sums === 1 ? "0u" : "sum";
  return {
    head: [
      ...functions,
      "var<private> lane: u32;",
      ...states,
      `fn done(column: u32) {\n${flush.join("")}}`,
    ].join("\n"),
    join: (body) => each((s, i) => join(s, `state_${i}[${sum}]`, body)),
    main: mainText(step, epilogue, kernel, channelQuads(like.shape), views),
  };
}

/** The functions of a reduction, named after it. */
function prefixed(t: Tensor): string {
  const { shader } = t.op.reduction!(t);
  return shader.replace(/^\/\/.*\n/gm, "").replace(
    /\b(State|join|merge|result)\b/g,
    `${t.op.name}_$1`,
  ).trim();
}

function join({ of, from }: Sum, target: string, body: Body): void {
  const { state } = of.op.reduction!(of);
  if (!from) {
    const values = of.operands.map((x) => body.value(x, "row", "c"));
    body.add(`${target} = ${of.op.name}_join(${target}, ${values.join(", ")});`);
    return;
  }
  const quads = Array.from(
    { length: state },
    (_, q) => body.views.element(from, `row * ${state}u + ${q}u`, "c"),
  );
  const part = `${of.op.name}_State(${quads.join(", ")})`;
  body.add(`${target} = ${of.op.name}_merge(${target}, ${part});`);
}

/** The entry point: the kernel's threads, then one for each column that merges their states in order. */
function mainText(
  step: Step,
  { TN, WX, WY }: Epilogue,
  { grid }: Kernel,
  C4: number,
  views: Views,
): string {
  const body = new Body(views);
  step.sums.forEach((sum, i) => {
    const { op } = sum.of;
    body.add(`var s${i} = states_${i}[first];`);
    body.add(
      `for (var i = 1u; i < ${WY}u; i++) { s${i} = ${op.name}_merge(s${i}, states_${i}[first + i * ${WX}u]); }`,
    );
    finish(sum, i, body);
  });
  for (const t of step.after) after(t, body);
  // A thread for each column; several columns a thread where there are fewer threads.
  const columns = TN * WX <= WX * WY
    ? `if (local < ${TN * WX}u) { merge_column(local, group, part); }`
    : `for (var i = local; i < ${TN * WX}u; i += ${WX * WY}u) { merge_column(i, group, part); }`;
  return `fn merge_column(column: u32, group: vec3u, part: u32) {
  let c = group.x * ${TN * WX}u + column;
  if (c >= ${C4}u) { return; }
  let first = column % ${TN}u * ${WX * WY}u + column / ${TN}u;
${body}}
@compute @workgroup_size(${WX}, ${WY})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  lane = local;
  tile(id);
  workgroupBarrier();
  let part = group.y + group.z * ${grid[1]}u;
  ${columns}
}`;
}

/** Stores the merged state of part `part`, or the result of its run where it is all of it. */
function finish({ of, into }: Sum, i: number, body: Body): void {
  const { runs, state } = of.op.reduction!(of);
  if (into) {
    for (let q = 0; q < state; q++) {
      body.add(`${body.views.element(into, `part * ${state}u + ${q}u`, "c")} = s${i}[${q}];`);
    }
    return;
  }
  const height = rows(of.shape) / runs;
  body.add(`let r${i} = ${of.op.name}_result(s${i});`);
  for (let k = 0; k < height; k++) {
    body.store(of, runs === 1 ? `${k}u` : `(part * ${height}u + ${k}u)`, "c", `r${i}[${k}]`);
  }
}

/** Stores what follows from complete sums, at column `c`; row `part` where there are several. */
export function after(t: Tensor, body: Body): void {
  if (t.op.columns) {
    body.column(t, "c").forEach((value, k) => body.store(t, `${k}u`, "c", value));
  } else {
    body.store(t, "part", "c", body.compute(t, "part", "c"));
  }
}

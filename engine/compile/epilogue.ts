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
  const { sums } = epilogue;
  const functions = [...new Set(step.sums.map(({ of }) => prefixed(of)))];
  const states = step.sums.map(({ of }, i) =>
    `var<private> state_${i}: array<${of.op.name}_State, ${sums}>;`
  );
  if (sums > 1) states.push(...restText(step, sums));
  const { head, main } = (epilogue.WY === 1 ? aloneText : mergingText)(step, epilogue, {
    part: `group.y + group.z * ${kernel.grid[1]}u`,
    C4: channelQuads(like.shape),
    views,
  });
  const sum = sums === 1 ? "0u" : "sum";
  return {
    head: [...functions, ...states, ...head].join("\n"),
    join: (body) => step.sums.forEach((s, i) => join(s, `state_${i}[${sum}]`, body)),
    main,
  };
}

/** What the two ways to end a kernel share. */
interface Ending {
  /** WGSL for the part of the rows that a workgroup has. */
  readonly part: string;
  /** Quads of channels. */
  readonly C4: number;
  readonly views: Views;
}

/** The hole in which a thread's sums become one, `total_…`. */
function restText(step: Step, sums: number): string[] {
  const totals = step.sums.map(({ of }, i) => `var<private> total_${i}: ${of.op.name}_State;`);
  const lines = step.sums.map(({ of }, i) => {
    const merge = (a: string, b: string) => `${of.op.name}_merge(${a}, ${b})`;
    const all = Array.from({ length: sums }, (_, k) => `state_${i}[${k}]`);
    const pairs = all.flatMap((state, k) => k % 2 ? [merge(all[k - 1]!, state)] : []);
    const reset = `state_${i} = array<${of.op.name}_State, ${sums}>();`;
    return `  total_${i} = ${merge(`total_${i}`, pairs.reduce(merge))};\n  ${reset}\n`;
  });
  return [...totals, `fn rest() {\n${lines.join("")}}`];
}

/** WGSL for the state of a thread at the end of a column, and for its beginning of the next. */
function threadState(i: number, name: string, sums: number): { state: string; reset: string } {
  return sums > 1
    ? { state: `total_${i}`, reset: `total_${i} = ${name}_State();` }
    : { state: `state_${i}[0]`, reset: `state_${i}[0] = ${name}_State();` };
}

const PARAMETERS =
  "@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u, " +
  "@builtin(local_invocation_index) local: u32";

/** For workgroups in which no two threads have rows of one column: each thread completes its own. */
function aloneText(step: Step, { TN, WX, sums }: Epilogue, { part, C4, views }: Ending) {
  const body = new Body(views);
  step.sums.forEach(({ of }, i) => {
    const { state, reset } = threadState(i, of.op.name, sums);
    body.add(`let s${i} = ${state};`);
    body.add(reset);
    finish(step.sums[i]!, i, body);
  });
  step.after.forEach((t) => after(t, body));
  const done = `fn done(column: u32) {
  let part = ${part};
  let c = group.x * ${TN * WX}u + lane * ${TN}u + column;
  if (c >= ${C4}u) { return; }
${body}}`;
  const main = `@compute @workgroup_size(${WX}, 1)
fn main(${PARAMETERS.replace("group:", "workgroup:")}) {
  lane = local;
  group = workgroup;
  tile(id);
}`;
  return { head: ["var<private> lane: u32;", "var<private> group: vec3u;", done], main };
}

/** For all others: threads leave their states in workgroup memory, one for each column merges them in order. */
function mergingText(step: Step, { TN, WX, WY, sums }: Epilogue, { part, C4, views }: Ending) {
  const lanes = WX * WY;
  const body = new Body(views);
  step.sums.forEach((sum, i) => {
    const { name } = sum.of.op;
    body.add(`var s${i} = states_${i}[first];`);
    body.add(
      `for (var i = 1u; i < ${WY}u; i++) { s${i} = ${name}_merge(s${i}, states_${i}[first + i * ${WX}u]); }`,
    );
    finish(sum, i, body);
  });
  step.after.forEach((t) => after(t, body));
  const states = step.sums.map(({ of }, i) =>
    `var<workgroup> states_${i}: array<${of.op.name}_State, ${lanes * TN}>;`
  );
  const flush = step.sums.map(({ of }, i) => {
    const { state, reset } = threadState(i, of.op.name, sums);
    return `  states_${i}[column * ${lanes}u + lane] = ${state};\n  ${reset}\n`;
  });
  const done = `fn done(column: u32) {\n${flush.join("")}}`;
  // A thread for each column; several columns a thread where there are fewer threads.
  const columns = TN <= WY
    ? `if (local < ${TN * WX}u) { merge_column(local, group, part); }`
    : `for (var i = local; i < ${TN * WX}u; i += ${lanes}u) { merge_column(i, group, part); }`;
  const main = `fn merge_column(column: u32, group: vec3u, part: u32) {
  let c = group.x * ${TN * WX}u + column;
  if (c >= ${C4}u) { return; }
  let first = column % ${TN}u * ${lanes}u + column / ${TN}u;
${body}}
@compute @workgroup_size(${WX}, ${WY})
fn main(${PARAMETERS}) {
  lane = local;
  tile(id);
  workgroupBarrier();
  let part = ${part};
  ${columns}
}`;
  return { head: ["var<private> lane: u32;", ...states, done], main };
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
    (_, q) => body.views.read(from, `row * ${state}u + ${q}u`, "c"),
  );
  const part = `${of.op.name}_State(${quads.join(", ")})`;
  body.add(`${target} = ${of.op.name}_merge(${target}, ${part});`);
}

/** Stores the merged state of part `part`, or the result of its run where it is all of it. */
function finish({ of, into }: Sum, i: number, body: Body): void {
  const { runs, state } = of.op.reduction!(of);
  if (into) {
    for (let q = 0; q < state; q++) {
      body.add(body.views.write(into, `part * ${state}u + ${q}u`, "c", `s${i}[${q}]`));
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

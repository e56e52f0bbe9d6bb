/** `profile`: where the time of a training step goes, by op, by shape and by place in the model. */

import type { Dispatch } from "../engine/compile/program.ts";
import { openDevice } from "../engine/gpu/device.ts";
import type { Span } from "../engine/gpu/profile.ts";
import { Session } from "../train/session.ts";
import { UsageError } from "./errors.ts";
import { parseFlags, whole } from "./flags.ts";
import { madeUpExamples, stepCommand, type StepFlags, stepProgram, stepSession } from "./steps.ts";
import { deviceOptions } from "./machine.ts";

interface ProfileFlags extends StepFlags {
  readonly trace?: string;
  readonly modelOnly?: boolean;
  readonly top: number;
}

/** Dispatches of one kind together. */
interface Group {
  readonly kernel: string;
  readonly shape?: string;
  readonly dispatches: number;
  /** In milliseconds; absent without a device. */
  readonly ms?: number;
  readonly mb: number;
  readonly gflop: number;
}

/** Times every dispatch of a step, or counts it without a device, and prints the tables. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = stepCommand("profile", "Shows where the time of a training step goes.")
    .option("--top <n>", "rows of each table", whole(1), 25)
    .option("--trace <file>", "write every dispatch of one step for chrome://tracing or Perfetto")
    .option("--model-only", "open no device: bytes and FLOP of the plan for a GPU, no times");
  const parsed = parseFlags<ProfileFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  if (flags.modelOnly && flags.trace !== undefined) {
    throw new UsageError("Cannot trace with --model-only: a trace holds times of a device");
  }
  const { dispatches, spans, adapter } = flags.modelOnly
    ? { ...stepProgram(flags), spans: undefined, adapter: "no device, WebGPU's default limits" }
    : await measure(flags);
  if (flags.trace !== undefined) {
    Deno.writeTextFileSync(flags.trace, JSON.stringify(traceOf(dispatches, spans!.at(-1)!)));
  }
  // The least of the runs: what the work itself takes, without what else the machine did.
  const ms = spans &&
    dispatches.map((_, i) => Math.min(...spans.map((run) => run[i]!.duration)) / 1e6);
  const tables = {
    op: grouped(dispatches, ms, (d) => [d.label]),
    kernel: grouped(dispatches, ms, (d) => [d.label, d.shape.join("×")]),
    place: grouped(dispatches, ms, (d) => [d.place || "(unnamed)"]),
  };
  if (flags.json) {
    for (const [event, rows] of Object.entries(tables)) {
      for (const row of rows) console.log(JSON.stringify({ event, ...row }));
    }
    return 0;
  }
  const { model, size, batch, precision = "f32" } = flags;
  console.log(`${model}, ${size} px, batch ${batch}, ${precision}, on ${adapter}`);
  for (const [title, rows] of Object.entries(tables)) {
    console.log(`\n${print(title, rows, flags.top)}`);
  }
  return 0;
}

/** Some steps on a device. */
async function measure(flags: ProfileFlags) {
  const device = await openDevice(await deviceOptions(flags));
  const session = await Session.create(device, stepSession(flags));
  session.step(madeUpExamples(flags), { learningRate: 1e-3 });
  await session.metrics();
  const spans: Span[][] = [];
  for (let i = 0; i < Math.min(flags.steps, 5); i++) spans.push(await session.profile());
  const { dispatches } = session.program;
  session.destroy();
  return { dispatches, spans, adapter: device.name };
}

/** One run in the trace event format of Chromium: complete events, in microseconds. */
function traceOf(dispatches: readonly Dispatch[], spans: readonly Span[]) {
  return {
    displayTimeUnit: "ms",
    traceEvents: dispatches.map(({ label, place, shape, grid, bytes, macs }, i) => ({
      ...{ name: label, cat: "dispatch", ph: "X", pid: 1, tid: 1 },
      ts: spans[i]!.start / 1000,
      dur: spans[i]!.duration / 1000,
      args: { place, shape: shape.join("×"), grid: grid.join("×"), bytes, flop: 2 * macs },
    })),
  };
}

/** Dispatches of one kind together, the costliest first: in time, or in bytes where there is none. */
function grouped(
  dispatches: readonly Dispatch[],
  ms: readonly number[] | undefined,
  kind: (d: Dispatch) => [string, string?],
): Group[] {
  const groups = Map.groupBy(dispatches.map((d, i) => ({ d, i })), ({ d }) => kind(d).join(" "));
  return [...groups.values()].map((members) => {
    const sum = (value: (member: { d: Dispatch; i: number }) => number) =>
      members.reduce((n, member) => n + value(member), 0);
    const [kernel, shape] = kind(members[0]!.d);
    return {
      kernel,
      ...(shape !== undefined && { shape }),
      dispatches: members.length,
      ...(ms && { ms: sum(({ i }) => ms[i]!) }),
      mb: sum(({ d }) => d.bytes) / 1e6,
      gflop: 2 * sum(({ d }) => d.macs) / 1e9,
    };
  }).sort((a, b) => (b.ms ?? b.mb) - (a.ms ?? a.mb));
}

/** A table of the first `most` groups and the sum of all. */
function print(title: string, groups: readonly Group[], most: number): string {
  const timed = groups[0]?.ms !== undefined;
  const shaped = groups[0]?.shape !== undefined;
  const cost = (g: Group) => g.ms ?? g.mb;
  const total: Group = {
    kernel: "all",
    ...(shaped && { shape: "" }),
    dispatches: groups.reduce((n, g) => n + g.dispatches, 0),
    ...(timed && { ms: groups.reduce((n, g) => n + g.ms!, 0) }),
    mb: groups.reduce((n, g) => n + g.mb, 0),
    gflop: groups.reduce((n, g) => n + g.gflop, 0),
  };
  const row = (g: Group) =>
    [
      ...[g.kernel.slice(0, 44).padEnd(44), ...(shaped ? [g.shape!.padEnd(16)] : [])],
      String(g.dispatches).padStart(10),
      ...(timed ? [g.ms!.toFixed(2).padStart(9)] : []),
      g.mb.toFixed(2).padStart(9),
      g.gflop.toFixed(3).padStart(9),
      ...(timed
        ? [(g.mb / g.ms!).toFixed(2).padStart(8), (g.gflop / g.ms! * 1000).toFixed(2).padStart(8)]
        : []),
      `${(100 * cost(g) / cost(total)).toFixed(1)} %`.padStart(8),
    ].join("");
  const heading = [
    ...[title.padEnd(44), ...(shaped ? ["shape".padEnd(16)] : []), "dispatches"],
    ...[...(timed ? ["ms"] : []), "MB", "GFLOP"].map((h) => h.padStart(9)),
    ...[...(timed ? ["GB/s", "GFLOP/s"] : []), "share"].map((h) => h.padStart(8)),
  ].join("");
  const left = groups.length - most;
  return [
    heading,
    ...groups.slice(0, most).map(row),
    ...(left > 0 ? [`… and ${left} more`] : []),
    row(total),
  ].join("\n");
}

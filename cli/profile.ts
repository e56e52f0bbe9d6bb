/** `profile`: where the time of a training step goes, by op and by place in the model. */

import type { Dispatch } from "../engine/compile/program.ts";
import { openDevice } from "../engine/gpu/device.ts";
import { Session } from "../train/session.ts";
import { madeUpExamples, stepCommand, type StepFlags } from "./bench.ts";
import { parseFlags } from "./flags.ts";

/** Times every dispatch of a step and prints the table. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = stepCommand("profile", "Shows where the time of a training step goes.");
  const parsed = parseFlags<StepFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  const { model, size, batch, steps, seed } = flags;
  const device = await openDevice(flags);
  const session = await Session.create(device, {
    ...{ model, size, batch, seed, classes: 2, train: true },
    optimizer: { name: "adam" },
  });
  session.step(madeUpExamples(flags), { learningRate: 1e-3 });
  await session.metrics();
  const runs: number[][] = [];
  for (let i = 0; i < Math.min(steps, 5); i++) runs.push(await session.profile());
  const { dispatches } = session.program;
  // The least of the runs: what the work itself takes, without what else the machine did.
  const microseconds = dispatches.map((_, i) => Math.min(...runs.map((r) => r[i]!)) / 1000);
  session.destroy();
  const byOp = grouped(dispatches, microseconds, (d) => d.label);
  const byPlace = grouped(dispatches, microseconds, (d) => d.place || "(unnamed)");
  if (flags.json) {
    for (const row of byOp) console.log(JSON.stringify({ event: "op", ...row }));
    for (const row of byPlace) console.log(JSON.stringify({ event: "place", ...row }));
    return 0;
  }
  const total = microseconds.reduce((a, b) => a + b, 0);
  console.log(`${model}, ${size} px, batch ${batch}, on ${device.name}`);
  console.log(`${dispatches.length} dispatches, ${(total / 1000).toFixed(1)} ms\n`);
  print("op", byOp, total, 25);
  console.log();
  print("place", byPlace, total, 15);
  return 0;
}

interface Group {
  readonly name: string;
  readonly count: number;
  readonly microseconds: number;
  readonly bytes: number;
}

/** Dispatches of one name together, the costliest first. */
function grouped(
  dispatches: readonly Dispatch[],
  microseconds: readonly number[],
  name: (d: Dispatch) => string,
): Group[] {
  const groups = Map.groupBy(
    dispatches.map((d, i) => ({ d, t: microseconds[i]! })),
    ({ d }) => name(d),
  );
  return [...groups].map(([name, members]) => ({
    name,
    count: members.length,
    microseconds: members.reduce((sum, { t }) => sum + t, 0),
    bytes: members.reduce((sum, { d }) => sum + d.bytes, 0),
  })).sort((a, b) => b.microseconds - a.microseconds);
}

function print(title: string, groups: readonly Group[], total: number, most: number): void {
  console.log(`${title.padEnd(44)} dispatches       ms  share    GB/s`);
  for (const { name, count, microseconds, bytes } of groups.slice(0, most)) {
    console.log(
      name.slice(0, 44).padEnd(44) + String(count).padStart(11) +
        (microseconds / 1000).toFixed(2).padStart(9) +
        `${(100 * microseconds / total).toFixed(1)} %`.padStart(8) +
        (bytes / microseconds / 1000).toFixed(2).padStart(8),
    );
  }
  if (groups.length > most) console.log(`… and ${groups.length - most} more`);
}

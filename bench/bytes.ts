/** `bench bytes`: what each rule of fusion saves in dispatches and bytes. Opens no device. */

import { stepProgram } from "../cli/steps.ts";
import { FUSION_RULES, type FusionRule, type Program } from "../engine/compile/program.ts";
import { further, readPlanFlags, UNBOUND } from "./planned.ts";
import { megabytes, table } from "./table.ts";

/** Rules, one more in each row; their order is that of what builds on what. */
const SETTINGS: readonly (readonly FusionRule[])[] = FUSION_RULES.map((_, i) =>
  FUSION_RULES.slice(0, i + 1)
);

/** Plans the steps and returns the exit code. */
export function run(args: readonly string[]): number {
  const flags = readPlanFlags(args, {
    name: "bench bytes",
    description:
      "What a training step on a GPU costs under more and more rules of fusion: planned, not run.",
    batch: 16,
  });
  if (!flags) return 0;
  const { model, size, batch, json, precision = "f32" } = flags;
  const rows = [false as const, ...SETTINGS].map((fuse) => {
    const [one, two] = [batch, 2 * batch].map((batch) =>
      stepProgram({ model, size, batch, precision }, { ...UNBOUND, fuse })
    ) as [Program, Program];
    const cost = (of: "bytes" | "partialBytes") => (n: number) =>
      (n === batch ? one : two).dispatches.reduce((sum, d) => sum + d[of], 0);
    return {
      rules: fuse ? `+ ${fuse.at(-1)}` : "none",
      dispatches: one.dispatches.length,
      bytes_per_image: cost("bytes")(batch) / batch,
      bytes_per_further_image: further(cost("bytes"), batch),
      partial_bytes_per_further_image: further(cost("partialBytes"), batch),
    };
  });
  if (json) {
    for (const row of rows) console.log(JSON.stringify(row));
    return 0;
  }
  console.log(
    `${model}, ${size} × ${size} pixels, batch ${batch}, ${precision}, Adam; MB of 10⁶ bytes\n`,
  );
  console.log(table(
    ["rules", "dispatches", "moved, MB/image", "MB/further image", "of which partial sums"],
    rows.map((row) => [
      row.rules,
      String(row.dispatches),
      megabytes(row.bytes_per_image),
      megabytes(row.bytes_per_further_image),
      megabytes(row.partial_bytes_per_further_image),
    ]),
  ));
  return 0;
}

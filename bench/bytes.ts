/** `bench bytes`: what each rule of fusion saves in dispatches and bytes. Opens no device. */

import { type CommonFlags, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import { type CompileOptions, FUSION_RULES, type FusionRule } from "../engine/compile/program.ts";
import { modelInfo, modelNames } from "../models/mod.ts";
import { planTraining } from "../train/captured.ts";
import { megabytes, table } from "./table.ts";

interface Flags extends CommonFlags {
  readonly model: string;
  readonly size?: number;
  readonly batch: number;
}

/** Rules, one more in each row; their order is that of what builds on what. */
const SETTINGS: readonly (readonly FusionRule[])[] = FUSION_RULES.map((_, i) =>
  FUSION_RULES.slice(0, i + 1)
);

/** Plans the steps and returns the exit code. */
export function run(args: readonly string[]): number {
  const command = newCommand(
    "bench bytes",
    "What a training step on a GPU costs under more and more rules of fusion: planned, not run.",
  )
    .option("--model <name>", "model to train", oneOf(modelNames), "efficientnet_b0")
    .option("--size <px>", "height and width of the images (default: the model's)", whole(1))
    .option("--batch <n>", "images in a batch", whole(1), 16);
  const parsed = parseFlags<Flags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { model, batch, seed, json } = parsed.flags;
  const { size = modelInfo(model).size } = parsed.flags;
  const optimizer = { name: "adam" } as const;
  const plan = (batch: number, fuse: CompileOptions["fuse"]) =>
    planTraining({ model, size, batch, seed, classes: 2, train: true, optimizer }, {
      ...{ maxBinding: Number.MAX_SAFE_INTEGER, fuse: fuse! },
    });
  const rows = [false as const, ...SETTINGS].map((fuse) => {
    const [one, two] = [plan(batch, fuse), plan(2 * batch, fuse)];
    return {
      rules: fuse ? `+ ${fuse.at(-1)}` : "none",
      dispatches: one.dispatches,
      bytes_per_image: one.bytesPerImage,
      // Weights, gradients and the optimizer cost the same for any batch.
      bytes_per_further_image: 2 * two.bytesPerImage - one.bytesPerImage,
    };
  });
  if (json) {
    for (const row of rows) console.log(JSON.stringify(row));
    return 0;
  }
  console.log(`${model}, ${size} × ${size} pixels, batch ${batch}, Adam; MB of 10⁶ bytes\n`);
  console.log(table(
    ["rules", "dispatches", "moved, MB/image", "MB/further image"],
    rows.map((row) => [
      row.rules,
      String(row.dispatches),
      megabytes(row.bytes_per_image),
      megabytes(row.bytes_per_further_image),
    ]),
  ));
  return 0;
}

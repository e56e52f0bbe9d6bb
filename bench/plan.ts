/** `bench plan`: what a training step costs as it is and with the options of fine-tuning. Opens no device. */

import { type CommonFlags, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import { frozenNames } from "../cli/tuning_flags.ts";
import { modelInfo, modelNames } from "../models/mod.ts";
import { planTraining } from "../train/captured.ts";
import type { SessionOptions } from "../train/session.ts";
import { megabytes, table } from "./table.ts";

interface Flags extends CommonFlags {
  readonly model: string;
  readonly size?: number;
  readonly batch: number;
}

/** Plans the steps and returns the exit code. */
export function run(args: readonly string[]): number {
  const command = newCommand(
    "bench plan",
    "What a training step costs on a GPU, as it is and with the options of fine-tuning: planned, not run.",
  )
    .option("--model <name>", "model to train", oneOf(modelNames), "efficientnet_b0")
    .option("--size <px>", "height and width of the images (default: the model's)", whole(1))
    .option("--batch <n>", "images in a batch", whole(1), 8);
  const parsed = parseFlags<Flags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { model, batch, seed, json } = parsed.flags;
  const { size = modelInfo(model).size } = parsed.flags;
  const half = Math.ceil(frozenNames(model, "backbone").length / 2);
  const variants: readonly [flags: string, options: Partial<SessionOptions>][] = [
    ["(all trained)", {}],
    ["--frozen-norm", { frozenNorm: true }],
    ["--recompute", { recompute: true }],
    [`--freeze ${half}`, { freeze: half }],
    [`--freeze ${half} --recompute`, { freeze: half, recompute: true }],
    ["--freeze backbone", { freeze: "backbone" }],
  ];
  const rows = variants.map(([flags, options]) => {
    const optimizer = { name: "adam" } as const;
    const step = { model, size, batch, seed, classes: 2, train: true, optimizer, ...options };
    return { flags, plan: planTraining(step, { maxBinding: Number.MAX_SAFE_INTEGER }) };
  });
  if (json) {
    for (const { flags, plan } of rows) {
      console.log(JSON.stringify({
        flags,
        parameters: plan.parameters,
        trained: plan.trained,
        dispatches: plan.dispatches,
        "bytes_per_image": plan.bytesPerImage,
        "kept_bytes": plan.keptBytes,
        "peak_bytes": plan.peakBytes,
        "slot_bytes": plan.slotBytes,
        "buffer_bytes": plan.bufferBytes,
      }));
    }
    return 0;
  }
  console.log(`${model}, ${size} × ${size} pixels, batch ${batch}, Adam; MB of 10⁶ bytes\n`);
  console.log(table(
    [
      "flags",
      "trained",
      "dispatches",
      "moved, MB/image",
      "kept, MB/image",
      "in use, MB",
      "slots, MB",
      "all buffers, MB",
    ],
    rows.map(({ flags, plan }) => [
      flags,
      String(plan.trained),
      String(plan.dispatches),
      megabytes(plan.bytesPerImage),
      megabytes(plan.keptBytes / batch),
      megabytes(plan.peakBytes),
      megabytes(plan.slotBytes),
      megabytes(plan.bufferBytes),
    ]),
  ));
  return 0;
}

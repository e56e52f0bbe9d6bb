/** `bench plan`: what a training step costs as it is and with the options of fine-tuning. Opens no device. */

import { stepSession } from "../cli/steps.ts";
import { frozenNames } from "../cli/tuning_flags.ts";
import { planTraining } from "../train/captured.ts";
import type { SessionOptions } from "../train/session.ts";
import { readPlanFlags, UNBOUND } from "./planned.ts";
import { megabytes, table } from "./table.ts";

/** Plans the steps and returns the exit code. */
export function run(args: readonly string[]): number {
  const flags = readPlanFlags(args, {
    name: "bench plan",
    description:
      "What a training step on a GPU costs, as it is and with the options of fine-tuning: planned, not run.",
    batch: 8,
  });
  if (!flags) return 0;
  const { model, size, batch, json, precision = "f32" } = flags;
  const half = Math.ceil(frozenNames(model, "backbone").length / 2);
  const variants: readonly [flags: string, options: Partial<SessionOptions>][] = [
    ["(all trained)", {}],
    ["--frozen-norm", { frozenNorm: true }],
    ["--recompute", { recompute: true }],
    [`--freeze ${half}`, { freeze: half }],
    [`--freeze ${half} --recompute`, { freeze: half, recompute: true }],
    ["--freeze backbone", { freeze: "backbone" }],
  ];
  const rows = variants.map(([given, options]) => ({
    given,
    plan: planTraining({ ...stepSession(flags), ...options }, UNBOUND),
  }));
  if (json) {
    for (const { given, plan } of rows) {
      console.log(JSON.stringify({
        flags: given,
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
  console.log(
    `${model}, ${size} × ${size} pixels, batch ${batch}, ${precision}, Adam; MB of 10⁶ bytes\n`,
  );
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
    rows.map(({ given, plan }) => [
      given,
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

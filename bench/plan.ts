/** `bench plan`: what a step costs as it is and with the options of fine-tuning, or each reference model. Opens no device. */

import { stepSession } from "../cli/steps.ts";
import { frozenNames } from "../train/recipe/tuning.ts";
import { modelInfo } from "../models/mod.ts";
import { planEvaluation, planTraining } from "../train/programs.ts";
import type { SessionOptions, SessionPlan } from "../train/session.ts";
import { type PlanFlags, readPlanFlags, UNBOUND } from "./planned.ts";
import { megabytes, table } from "./table.ts";

/** Those whose numbers are checked against other frameworks. */
const REFERENCE_MODELS = [
  "efficientnet_b0",
  "efficientnet_b4",
  "mobilenetv3_large_100",
  "resnet18",
];

interface Row {
  /** What is planned: flags, or a model and what it does. */
  readonly given: string;
  readonly plan: SessionPlan;
}

/** Plans the steps and returns the exit code. */
export function run(args: readonly string[]): number {
  const flags = readPlanFlags<{ readonly reference?: boolean }>(args, {
    name: "bench plan",
    description:
      "What a step on a GPU costs, as it is and with the options of fine-tuning: planned, not run.",
    batch: 8,
    extend: (command) =>
      command.option(
        "--reference",
        "training and evaluation of each reference model at its own size, in place of --model",
      ),
  });
  if (!flags) return 0;
  const { model, size, batch, json, reference, precision = "f32" } = flags;
  const rows = reference ? referenceRows(flags) : optionRows(flags);
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
  const what = reference ? "Reference models" : `${model}, ${size} × ${size} pixels`;
  console.log(`${what}, batch ${batch}, ${precision}, Adam; MB of 10⁶ bytes\n`);
  console.log(table(
    [
      reference ? "model" : "flags",
      "trained",
      "dispatches",
      "moved, MB/image",
      "kept, MB/image",
      "in use, MB",
      "slots, MB",
      "slots / in use",
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
      (plan.slotBytes / plan.peakBytes).toFixed(3),
      megabytes(plan.bufferBytes),
    ]),
  ));
  return 0;
}

/** A model as it is and with the options of fine-tuning. */
function optionRows(flags: PlanFlags): Row[] {
  const half = Math.ceil(frozenNames(flags.model, "backbone").length / 2);
  const variants: readonly [flags: string, options: Partial<SessionOptions>][] = [
    ["(all trained)", {}],
    ["--frozen-norm", { frozenNorm: true }],
    ["--recompute", { recompute: true }],
    [`--freeze ${half}`, { freeze: half }],
    [`--freeze ${half} --recompute`, { freeze: half, recompute: true }],
    ["--freeze backbone", { freeze: "backbone" }],
  ];
  return variants.map(([given, options]) => ({
    given,
    plan: planTraining({ ...stepSession(flags), ...options }, UNBOUND),
  }));
}

/** Each reference model, trained and evaluated. */
function referenceRows(flags: PlanFlags): Row[] {
  return REFERENCE_MODELS.flatMap((model) => {
    const { size } = modelInfo(model);
    const options = stepSession({ ...flags, model, size });
    return [
      { given: `${model}, ${size} px`, plan: planTraining(options, UNBOUND) },
      {
        given: `${model}, ${size} px, evaluation`,
        plan: planEvaluation({ ...options, train: false }, UNBOUND),
      },
    ];
  });
}

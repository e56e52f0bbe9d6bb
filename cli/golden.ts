/** `golden`: the device against numbers that PyTorch, timm and torchvision made, in float64. */

import { join } from "node:path";
import { DataError } from "../data/errors.ts";
import { openDevice } from "../engine/gpu/device.ts";
import { modelNames } from "../models/mod.ts";
import { Comparison } from "./golden/compare.ts";
import { HALF_BANDS } from "./golden/halves.ts";
import { checkModel, checkTensors, type GoldenModels } from "./golden/models.ts";
import { checkLosses } from "./golden/losses.ts";
import { checkMetrics } from "./golden/metrics.ts";
import { checkSchedules } from "./golden/schedules.ts";
import { checkRun, type GoldenTraining } from "./golden/training.ts";
import { UsageError } from "./errors.ts";
import { type PrecisionFlag, withPrecisionFlag } from "./precision_flags.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags } from "./flags.ts";

interface GoldenFlags extends CommonFlags, PrecisionFlag {
  readonly model?: string;
  readonly power?: "high" | "low";
}

/** Checks `models.json` and `training.json` of a folder; returns 1 where an error is above its limit. */
export async function run(args: readonly string[]): Promise<number> {
  const [directory, ...rest] = args[0]?.startsWith("-") ? [undefined, ...args] : args;
  const command = newCommand("golden DIR", "Checks the device against the golden numbers in DIR.")
    .option("--model <name>", "only this model, and nothing of training", oneOf(modelNames))
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  const parsed = parseFlags<GoldenFlags>(withPrecisionFlag(command), rest as string[]);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  if (directory === undefined) {
    throw new UsageError("Cannot check: no folder was given, one of golden numbers was needed");
  }
  const { flags } = parsed;
  const models = await readJson<GoldenModels>(directory, "models.json");
  const training = await readJson<GoldenTraining>(directory, "training.json");
  const { precision = "f32" } = flags;
  const opened = await openDevice(flags);
  const device = { ...opened, limits: { ...opened.limits, precision } };
  const bands = precision === "f16" ? HALF_BANDS : {};
  console.error(`adapter: ${device.name}`);

  let passed = true;
  let compared = 0;
  const report = (title: string, comparison: Comparison) => {
    passed &&= comparison.passed;
    compared += comparison.rows.length;
    print(title, comparison, flags.json === true);
  };
  for (const [name, { sizes }] of Object.entries(models.models)) {
    if (!modelNames.includes(name) || (flags.model ?? name) !== name) continue;
    const tensors = new Comparison();
    checkTensors(name, models, tensors);
    report(name, tensors);
    for (const [label, size] of Object.entries(sizes)) {
      const comparison = new Comparison(bands);
      await checkModel(device, name, size, models, comparison);
      report(`${name} ${label}`, comparison);
    }
  }
  if (flags.model === undefined) {
    const comparison = new Comparison(bands);
    for (const one of training.runs) await checkRun(device, one, training, comparison);
    report(`${training.runs.length} training runs`, comparison);
    const rates = new Comparison();
    checkSchedules(training.schedules, rates);
    report(`${Object.keys(training.schedules).length} schedules`, rates);
    const losses = new Comparison();
    await checkLosses(device, training.losses, losses);
    report(`${training.losses.length} losses`, losses);
    const metrics = new Comparison();
    checkMetrics(training.metrics, metrics);
    report(`${training.metrics.length} sets of scores`, metrics);
  }
  if (compared === 0) {
    throw new DataError(
      `Cannot check the device against ${directory}: it holds nothing of ${
        flags.model ?? "this version"
      }, ` +
        `${flags.model ?? `${modelNames.join(", ")} or training runs`} were needed`,
    );
  }
  if (!flags.json) console.log(passed ? "every error is within its limit" : "FAILED");
  return passed ? 0 : 1;
}

async function readJson<T>(directory: string, name: string): Promise<T> {
  const path = join(directory, name);
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    throw new DataError(
      `Cannot read ${path}: ${(error as Error).message}, golden numbers in JSON were needed`,
    );
  }
}

/** A table: the largest error of each quantity beside its limit. */
function print(title: string, comparison: Comparison, json: boolean): void {
  if (json) {
    for (const row of comparison.rows) {
      console.log(JSON.stringify({ event: "golden", title, ...row }));
    }
    return;
  }
  console.log(title);
  for (const { name, error, limit, count, worst, aside } of comparison.rows) {
    const verdict = error <= limit ? "ok  " : "FAIL";
    console.log(
      `  ${verdict} ${name.padEnd(24)} ${error.toExponential(1)} of ${limit.toExponential(1)}` +
        `  ${String(count).padStart(5)} numbers${worst && `, largest at ${worst}`}` +
        (aside ? `; ${aside} above 5 × what float32 made at that step alone` : ""),
    );
  }
}

/** `bench step`: images a second of a training step, and what the step asks of host and device. */

import { parseFlags } from "../cli/flags.ts";
import { madeUpExamples, stepCommand, type StepFlags, stepSession } from "../cli/steps.ts";
import { requireTuning, type TuningFlags, tuningOptions } from "../train/recipe/tuning.ts";
import { withTuningFlags } from "../cli/tuning_flags.ts";
import { countCalls } from "../engine/gpu/count.ts";
import { openDevice } from "../engine/gpu/device.ts";
import { Session } from "../train/session.ts";
import { median, round } from "./numbers.ts";
import { deviceOptions } from "../cli/machine.ts";

/** Runs the benchmark and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = withTuningFlags(
    stepCommand("bench step", "Times training steps on made-up images."),
  );
  const parsed = parseFlags<StepFlags & TuningFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireTuning(flags);
  const device = await openDevice(await deviceOptions(flags));
  const examples = madeUpExamples(flags);
  const rates = { learningRate: 1e-3 };

  let start = performance.now();
  const session = await Session.create(device, {
    ...stepSession(flags),
    ...tuningOptions(flags, rates.learningRate),
  });
  session.step(examples, rates);
  await session.metrics();
  const firstStep = (performance.now() - start) / 1000;

  // Rounds of steps between two readings, as in training; the median round counts.
  const perRound = Math.min(4, flags.steps);
  const [seconds, host]: [number[], number[]] = [[], []];
  const calls = countCalls();
  for (let done = 0; done < flags.steps; done += perRound) {
    start = performance.now();
    calls.on = true;
    session.step(examples, rates);
    host.push(performance.now() - start); // of the first alone: others may wait for the one before
    for (let i = 1; i < perRound; i++) session.step(examples, rates);
    calls.on = false;
    await session.metrics();
    seconds.push((performance.now() - start) / 1000 / perRound);
  }
  const step = median(seconds);
  const steps = seconds.length * perRound;
  const { dispatches, bytesPerImage } = session.plan;
  const macs = session.program.dispatches.reduce((n, d) => n + d.macs, 0);
  const result = {
    "img_per_s": round(flags.batch / step),
    "first_step_s": round(firstStep),
    "host_ms_per_step": round(median(host)),
    dispatches,
    submits: calls.submits / steps,
    "buffers_created": calls.buffers / steps,
    "bytes_per_image": Math.round(bytesPerImage),
    "gb_per_s": round(bytesPerImage * flags.batch / step / 1e9),
    "gflop_per_s": round(2 * macs / step / 1e9),
    adapter: device.name,
  };
  session.destroy();
  if (flags.json) console.log(JSON.stringify(result));
  else {for (const [name, value] of Object.entries(result)) {
      console.log(`${name.padEnd(16)} ${value}`);
    }}
  return 0;
}

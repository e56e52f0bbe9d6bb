/** `bench models`: a training step of each model at its own size, beside what was computed on paper. */

import { UsageError } from "../cli/errors.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import { madeUpExamples, stepSession } from "../cli/steps.ts";
import { type CompileOptions, MemoryError } from "../engine/compile/program.ts";
import { type Device, openDevice } from "../engine/gpu/device.ts";
import { modelInfo, modelNames } from "../models/mod.ts";
import { planTraining } from "../train/programs.ts";
import { Session, type SessionOptions } from "../train/session.ts";
import { modelBytes } from "./byte_model.ts";
import { median, round } from "./numbers.ts";
import { further, UNBOUND } from "./planned.ts";
import { megabytes, table } from "./table.ts";

/** What is measured where no models are named: those of them that the registry has. */
const MODELS = ["resnet18", "efficientnet_b0", "mobilenetv3_large_100", "efficientnet_b4"];

interface Flags extends CommonFlags {
  readonly models?: string;
  readonly size?: number;
  readonly batch: number;
  readonly steps: number;
  readonly power?: "high" | "low";
}

/** Runs the benchmark and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "bench models",
    "Times a training step of each model on made-up images, and holds its bytes against the model of a " +
      "fused and of an eager step.",
  )
    .option("--models <names>", `separated by commas (default: ${MODELS.join(",")})`)
    .option("--size <px>", "height and width of the images (default: the model's own)", whole(1))
    .option(
      "--batch <n>",
      "images in a batch; one where the device is too small for it",
      whole(1),
      8,
    )
    .option("--steps <n>", "steps to time after the first", whole(1), 5)
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  const parsed = parseFlags<Flags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  const device = await openDevice(flags);
  const rows: Row[] = [];
  for (const model of namedModels(flags.models)) {
    const row = await measure(model, flags, device);
    rows.push(row);
    if (flags.json) console.log(JSON.stringify(row));
  }
  if (!flags.json) print(rows, device);
  return 0;
}

function namedModels(names: string | undefined): readonly string[] {
  if (names === undefined) return MODELS.filter((name) => modelNames.includes(name));
  const models = names.split(",");
  const unknown = models.find((name) => !modelNames.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot measure ${unknown} of --models: one of ${modelNames.join(", ")} was needed`,
    );
  }
  return models;
}

/** What a model costs; the names are those of `--json`. Bytes are of a batch where they say nothing else. */
interface Row {
  readonly model: string;
  readonly size: number;
  readonly batch: number;
  readonly "ms_per_step": number;
  readonly "img_per_s": number;
  readonly dispatches: number;
  readonly "bytes_per_image": number;
  /** What each image adds to a larger batch: weights, which a step moves once, are not in it. */
  readonly "bytes_per_further_image": number;
  /** The same of the program for a GPU: those for software adapters store more, to load less. */
  readonly "gpu_bytes_per_further_image": number;
  readonly "gb_per_s": number;
  readonly "kept_bytes": number;
  readonly "peak_bytes": number;
  readonly "slot_bytes": number;
  /** What was computed on paper for an image; absent where nothing was. */
  readonly paper?: { eager: number; fused: number; eagerKept: number; fusedKept: number };
  readonly adapter: string;
}

async function measure(model: string, flags: Flags, device: Device): Promise<Row> {
  const { size = modelInfo(model).size, steps, seed } = flags;
  const optionsOf = (batch: number) => stepSession({ model, size, batch, seed });
  const { session, batch } = await fitting(device, flags.batch, optionsOf);
  const examples = madeUpExamples({ ...flags, model, size, batch });
  const rates = { learningRate: 1e-3 };
  const seconds: number[] = [];
  for (let i = 0; i <= steps; i++) {
    const start = performance.now();
    session.step(examples, rates);
    await session.metrics();
    if (i > 0) seconds.push((performance.now() - start) / 1000); // the first warms up
  }
  const step = median(seconds);
  const { dispatches, bytesPerImage, keptBytes, peakBytes, slotBytes } = session.plan;
  session.destroy();
  const furtherBytes = (limits: CompileOptions) => {
    const moved = (n: number) =>
      n * planTraining(optionsOf(n), { ...limits, ...UNBOUND }).bytesPerImage;
    return Math.round(further(moved, batch));
  };
  const paper = modelBytes(model, size);
  return {
    model,
    size,
    batch,
    "ms_per_step": Math.round(10000 * step) / 10,
    "img_per_s": round(batch / step),
    dispatches,
    "bytes_per_image": Math.round(bytesPerImage),
    "bytes_per_further_image": furtherBytes(device.limits),
    "gpu_bytes_per_further_image": furtherBytes({}),
    "gb_per_s": round(bytesPerImage * batch / step / 1e9),
    "kept_bytes": keptBytes,
    "peak_bytes": peakBytes,
    "slot_bytes": slotBytes,
    ...(paper && { paper }),
    adapter: device.name,
  };
}

/** A session with `batch` images, or with one where the device is too small for them. */
async function fitting(
  device: Device,
  batch: number,
  optionsOf: (batch: number) => SessionOptions,
): Promise<{ session: Session; batch: number }> {
  try {
    return { session: await Session.create(device, optionsOf(batch)), batch };
  } catch (error) {
    if (!(error instanceof MemoryError) || batch === 1) throw error;
    console.error(`${error.message}; measured with one`);
    return { session: await Session.create(device, optionsOf(1)), batch: 1 };
  }
}

function print(rows: readonly Row[], device: Device): void {
  console.log(`Training steps with Adam on ${device.name}; MB of 10⁶ bytes\n`);
  console.log(table(
    ["model", "pixels", "batch", "ms/step", "images/s", "dispatches", "GB/s"],
    rows.map((r) => [
      r.model,
      String(r.size),
      String(r.batch),
      String(r.ms_per_step),
      String(r.img_per_s),
      String(r.dispatches),
      String(r.gb_per_s),
    ]),
  ));
  console.log("\nMB moved for an image, by the program and on paper\n");
  console.log(table(
    ["model", "with weights", "without", "without, on a GPU", "paper, fused", "paper, eager"],
    rows.map((r) => [
      r.model,
      megabytes(r.bytes_per_image),
      megabytes(r.bytes_per_further_image),
      megabytes(r.gpu_bytes_per_further_image),
      megabytes(r.paper?.fused),
      megabytes(r.paper?.eager),
    ]),
  ));
  console.log(
    "\nMB of slots: kept for the backward pass, for an image; in use at most, for a batch\n",
  );
  console.log(table(
    ["model", "kept", "paper, fused", "paper, eager", "in use", "allocated"],
    rows.map((r) => [
      r.model,
      megabytes(r.kept_bytes / r.batch),
      megabytes(r.paper?.fusedKept),
      megabytes(r.paper?.eagerKept),
      megabytes(r.peak_bytes),
      megabytes(r.slot_bytes),
    ]),
  ));
}

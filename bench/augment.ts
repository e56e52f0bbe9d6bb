/** `bench augment`: what the device's part of each preset costs, there and on one thread. Trains nothing. */

import { defaultResize } from "../data/loader.ts";
import { divide, type Division } from "../data/divide.ts";
import { draw, readPipeline } from "../data/pipeline.ts";
import { packed } from "../data/prepare.ts";
import { type PresetName, PRESETS } from "../data/presets.ts";
import { apply } from "../data/transforms/operations.ts";
import { imageOf } from "../data/view.ts";
import { madeUpExamples, stepSession } from "../cli/steps.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import { compile } from "../engine/compile/mod.ts";
import { type Device, openDevice } from "../engine/gpu/device.ts";
import { Memory } from "../engine/gpu/memory.ts";
import { Runner } from "../engine/gpu/runner.ts";
import { imageInput } from "../engine/graph.ts";
import { Augmentation, deviceAugmentation } from "../train/augmentation.ts";
import { planTraining } from "../train/programs.ts";
import { hasKernel } from "../train/retouches.ts";
import { UNBOUND } from "./planned.ts";
import { table } from "./table.ts";

interface Flags extends CommonFlags {
  readonly size: number;
  readonly batch: number;
  readonly seconds: number;
  readonly power?: "high" | "low";
}

/** What a preset costs. */
interface Row {
  readonly preset: PresetName;
  readonly dispatches: number;
  readonly bytesPerImage: number;
  /** Of a training step of EfficientNet-B0 without it. */
  readonly share: number;
  /** Images a second. */
  readonly thread: number;
  readonly device: number;
}

/** Measures and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "bench augment",
    "Times what the device does of each preset, there and on one thread; batches are mixed on the device only.",
  )
    .option("--size <px>", "height and width of the images", whole(1), 224)
    .option("--batch <n>", "images in a batch", whole(1), 8)
    .option("--seconds <n>", "time for each number", whole(1), 2)
    .option("--power <kind>", "which adapter: high or low", oneOf(["high", "low"]));
  const parsed = parseFlags<Flags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  const device = await openDevice(flags);
  const rows: Row[] = [];
  for (const preset of ["light", "strong", "deepfake"] as const) {
    rows.push(await measured(device, preset, flags));
  }
  device.gpu.destroy();
  if (flags.json) {
    for (const { bytesPerImage, ...row } of rows) {
      console.log(JSON.stringify({ ...row, "bytes_per_image": bytesPerImage }));
    }
    return 0;
  }
  const { size, batch } = flags;
  console.log(`${size} × ${size} pixels, batch ${batch}, ${device.name}; images a second\n`);
  console.log(table(
    ["preset", "dispatches", "moved, MB/image", "of a B0 step", "one thread", "device"],
    rows.map((row) => [
      row.preset,
      String(row.dispatches),
      (row.bytesPerImage / 1e6).toFixed(1),
      `${(100 * row.share).toFixed(1)} %`,
      row.thread.toFixed(0),
      row.device.toFixed(0),
    ]),
  ));
  return 0;
}

/** How images are made up and for how long they are augmented. */
interface RateOptions {
  readonly size: number;
  readonly batch: number;
  readonly seed: number;
  readonly seconds: number;
}

/** Images a second of what a device does of a preset: there and on one thread, and where its steps run. */
export async function augmentationRates(
  device: Device,
  preset: PresetName,
  { size, batch, seed, seconds }: RateOptions,
): Promise<{ readonly division: Division; readonly thread: number; readonly device: number }> {
  const pipeline = readPipeline(PRESETS[preset].pipeline, { size, resize: defaultResize(size) });
  const division = divide(pipeline, hasKernel);
  const square = { width: size, height: size };
  const choices = (step: number) => ({
    drawn: Array.from({ length: batch }, (_, i) => draw(division.device, [step, i], square).drawn),
    mixing: draw(division.batch, [step], square).drawn,
  });
  const bytes = madeUpExamples({ size, batch, seed, model: "", steps: 0 }).images;
  const images = Array.from({ length: batch }, (_, i) => {
    const pixels = bytes.subarray(i * size * size * 4, (i + 1) * size * size * 4);
    return imageOf(pixels, square);
  });
  const thread = await rate(batch, seconds, async (step) => {
    const { drawn } = choices(step);
    for (const [i, image] of images.entries()) packed(await apply(image, drawn[i]!));
  });

  const fed = imageInput("images", [batch, size, size, 3]);
  const augmentation = new Augmentation(fed, division);
  const memory = new Memory(device);
  const program = compile({ outputs: [augmentation.images] }, device.limits);
  const runner = await Runner.create(program, memory);
  const onDevice = await rate(batch, seconds, async (step) => {
    memory.write(fed, bytes);
    for (const [t, values] of augmentation.feeds(choices(step))) memory.write(t, values);
    runner.run();
    await device.gpu.queue.onSubmittedWorkDone();
  });
  runner.destroy();
  memory.destroy();
  return { division, thread, device: onDevice };
}

async function measured(device: Device, preset: PresetName, flags: Flags): Promise<Row> {
  const { size, batch, seed } = flags;
  const { division, ...rates } = await augmentationRates(device, preset, flags);
  const step = stepSession({ model: "efficientnet_b0", size, batch, seed });
  const [plain, augmented] = [{}, { augment: deviceAugmentation(division) }].map((more) =>
    planTraining({ ...step, ...more }, UNBOUND)
  );
  const bytesPerImage = augmented!.bytesPerImage - plain!.bytesPerImage;
  return {
    preset,
    dispatches: augmented!.dispatches - plain!.dispatches,
    bytesPerImage,
    share: bytesPerImage / plain!.bytesPerImage,
    ...rates,
  };
}

/** Images a second of `run`, a batch each time; the first run is not counted. */
async function rate(
  batch: number,
  seconds: number,
  run: (step: number) => Promise<void>,
): Promise<number> {
  await run(0);
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < 1000 * seconds) await run(++done);
  return 1000 * done * batch / (performance.now() - start);
}

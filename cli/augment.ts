/** `augment`: shows what a pipeline does to images, as a sheet of originals and variants. Trains nothing. */

import { defaultResize, MIXING, TRAINING } from "../data/batch_options.ts";
import { openDecoder } from "../data/decode.ts";
import { divide, type Division, type Part } from "../data/divide.ts";
import { encodePng } from "../data/encode.ts";
import type { Image } from "../data/image.ts";
import { mixBatch } from "../data/mixing.ts";
import { draw, type Drawn } from "../data/pipeline.ts";
import type { Sample } from "../data/sample.ts";
import { openImages } from "../data/sources.ts";
import type { Field, Reading } from "../data/transforms/fields.ts";
import { TRANSFORMS } from "../data/transforms/mod.ts";
import { recompress } from "../data/recompress.ts";
import { apply } from "../data/transforms/operations.ts";
import { hasKernel } from "../train/retouches.ts";
import { openPipeline, PRESET_NAMES } from "../train/recipe/augment.ts";
import { captionOf } from "./augment/captions.ts";
import { type Cell, sheetOf } from "./augment/sheet.ts";
import { UsageError } from "./errors.ts";
import { denoFiles as files } from "./files.ts";
import { type CommonFlags, newCommand, parseFlags, requireFlags, whole } from "./flags.ts";
import { terminalReporter } from "./machine.ts";
import { requireWritable } from "./output.ts";

interface AugmentFlags extends CommonFlags {
  readonly in: string;
  readonly out: string;
  readonly recipe: string;
  readonly count: number;
  readonly variants: number;
  readonly size: number;
  readonly resize?: number;
  readonly label: number;
  readonly list?: boolean;
}

const command = () =>
  newCommand(
    "augment",
    "Shows what a pipeline does: originals and variants on one sheet, what was chosen below each.",
  )
    .option("--in <dir>", "a folder of images")
    .option("--out <png>", "the sheet to write")
    .option("--recipe <name>", `${PRESET_NAMES.join(", ")}, or a JSON file`, "reference")
    .option("--count <n>", "images to show", whole(1), 4)
    .option("--variants <n>", "variants of each: those of the first epochs", whole(1), 6)
    .option("--size <pixels>", "side of the square a model would see", whole(1), 224)
    .option(
      "--resize <pixels>",
      "shorter side before the square is cut (default: 256 for size 224, in proportion)",
      whole(1),
    )
    .option("--label <n>", "class of the images, for transforms that depend on it", whole(0), 0)
    .option("--list", "list all transforms with their options and defaults instead");

/** Shows a pipeline as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags<AugmentFlags>(command(), args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  if (flags.list) {
    console.log(listOf(flags));
    return 0;
  }
  requireFlags(flags, { in: "a folder of images", out: "the name of the file to write" });
  await requireWritable(files, flags.out);
  if (!/\.png$/i.test(flags.out)) {
    throw new UsageError(`Cannot write --out "${flags.out}": a name that ends in .png was needed`);
  }
  const report = terminalReporter(flags.json === true);
  const { size, resize = defaultResize(size) } = flags;
  const pipeline = await openPipeline(
    files,
    { flag: "recipe", value: flags.recipe },
    { size, resize },
  );
  const division = divide(pipeline, hasKernel);
  const samples = (await openImages(files, flags.in)).slice(0, flags.count);
  const sheet = await sheetOf(await rowsOf(samples, division, flags));
  await files.writeAtomic(flags.out, new Uint8Array(await encodePng(sheet)));
  for (const text of placesOf(division)) report({ event: "note", text });
  report({
    event: "note",
    text:
      `Wrote ${flags.out}: ${samples.length} images of ${flags.in}, ${flags.variants} variants each`,
  });
  return 0;
}

/** A row for each image: itself, then what each epoch makes of it. */
async function rowsOf(
  samples: readonly Sample[],
  division: Division,
  { variants, size, label, seed }: AugmentFlags,
): Promise<Cell[][]> {
  const decoder = await openDecoder();
  const originals: Image[] = [];
  for (const { name, path } of samples) {
    originals.push(await decoder.decode(await files.read(path), name));
  }
  const rows: Cell[][] = samples.map(({ name }, i) => {
    const { width, height } = originals[i]!;
    return [{ image: originals[i]!, caption: `${name}\n${width}×${height}` }];
  });
  for (let epoch = 0; epoch < variants; epoch++) {
    const column = await Promise.all(originals.map(async (image, index) => {
      const { prefix, workers, device } = division;
      const keys = [TRAINING, seed, epoch, index];
      const subject = { width: image.width, height: image.height, label };
      const { drawn } = draw([...prefix, ...workers, ...device], keys, subject);
      return { image: await apply(image, drawn, recompress), drawn };
    }));
    mixed(column, division.batch, { size, keys: [MIXING, seed, epoch, 0] })
      .forEach((cell, i) => rows[i]!.push(cell));
  }
  return await Promise.all(rows.map(async ([first, ...rest]) => [
    { ...first!, image: await shown(first!.image, size) },
    ...rest,
  ]));
}

/** The images of a column mixed with each other, as the batch of a step would be. */
function mixed(
  column: readonly { readonly image: Image; readonly drawn: readonly Drawn[] }[],
  steps: readonly Part[],
  { size, keys }: { readonly size: number; readonly keys: readonly number[] },
): Cell[] {
  const one = size * size * 3;
  const images = new Uint8Array(column.length * one);
  column.forEach(({ image }, i) => images.set(image.data, i * one));
  const { drawn } = draw(steps, keys, { width: size, height: size });
  const shape = { n: column.length, width: size, height: size, channels: 3 };
  mixBatch({ images, targets: new Float32Array(column.length) }, drawn, shape);
  return column.map((cell, i) => ({
    image: { width: size, height: size, data: images.slice(i * one, (i + 1) * one) },
    caption: captionOf([...cell.drawn, ...drawn]),
  }));
}

/** An original at the height of its variants. */
async function shown({ width, height, data }: Image, size: number): Promise<Image> {
  const wanted = { height: size, width: Math.max(1, Math.round(width * size / height)) };
  const image = { width, height, data };
  return await apply(image, [{ name: "resize", parameters: wanted }]);
}

/** Where each step runs in training and why, a line each. */
function placesOf(division: Division): string[] {
  const places = { prefix: "once", workers: "workers", device: "device", batch: "batch" } as const;
  return Object.entries(places).flatMap(([place, name]) =>
    division[place as keyof typeof places].map(({ step, why }) =>
      `${step.name.padEnd(24)}${name.padEnd(9)}${why}`
    )
  );
}

/** All transforms, their options and defaults. */
function listOf({ size, resize = defaultResize(size) }: AugmentFlags): string {
  const reading: Reading = { size, resize, steps: () => [] };
  const option = ([key, field]: [string, Field<unknown>]) => {
    try {
      return `${key}: ${JSON.stringify(field.read(undefined, key, reading))}`;
    } catch {
      return `${key}: needed`;
    }
  };
  return [...TRANSFORMS.values()].map(({ name, fields }) => {
    const options = Object.entries(fields as Record<string, Field<unknown>>).map(option);
    return [name, ...options.map((text) => `  ${text}`)].join("\n");
  }).join("\n");
}

/** `bench data`: images a second of decoding, of augmentation and of the whole loader, from files and from its caches. */

import process from "node:process";
import type { Cache } from "../data/cache/cache.ts";
import { DiskCache } from "../data/cache/disk.ts";
import { MemoryCache } from "../data/cache/memory.ts";
import { type Batch, defaultResize, Loader } from "../data/loader.ts";
import type { Library } from "../data/native.ts";
import type { Sample } from "../data/sample.ts";
import { addDataFlags, type DataFlags, requireDataAgreement } from "../cli/data_flags.ts";
import { type CommonFlags, given, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import { openData } from "../cli/train_data.ts";
import { openDevice } from "../engine/gpu/device.ts";
import { augmentationRates } from "./augment.ts";
import type { DecodeReply, DecodeTask } from "./decode_worker.ts";
import { table } from "./table.ts";

interface BenchFlags extends CommonFlags, DataFlags {
  readonly size: number;
  readonly resize?: number;
  readonly batch: number;
  readonly limit: number;
  readonly seconds: number;
  readonly repeat: number;
  readonly workers?: number;
  readonly library?: Library;
}

/** What one way reached. */
interface Rate {
  readonly imagesPerSecond: number;
  /** Processor time of all threads for an image, which other programs on a machine change less. */
  readonly microseconds: number;
}

/** The ways of an image that are timed, and what they are called in a table. */
const WAYS = {
  decode: "decode",
  prefix: "prefix",
  files: "files",
  ram: "ram",
  ramCentre: "ram, centre",
  disk: "disk",
} as const;

type Way = keyof typeof WAYS;

/** What was measured with a number of workers. */
type Row = Readonly<Record<Way, Rate>> & { readonly workers: number };

function command() {
  const command = newCommand("bench data", "Times decoding and the whole way to a batch.");
  return addDataFlags(command, {})
    .option("--size <px>", "side of the images in a batch", whole(1), 224)
    .option("--resize <px>", "shorter side before (default: 256 for 224, in proportion)", whole(1))
    .option("--batch <n>", "images in a batch", whole(1), 32)
    .option("--limit <n>", "images that are used, over and over", whole(2), 512)
    .option("--seconds <n>", "time for each number", whole(1), 2)
    .option("--repeat <n>", "measure so often and keep the best", whole(1), 1)
    .option("--workers <n>", "up to so many workers (default: the processors)", whole(1))
    .option("--library <name>", "which decoder", oneOf(["sharp", "jsquash", "imagescript"]));
}

/** Measures and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = command();
  const parsed = parseFlags<BenchFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireDataAgreement(flags, (name) => given(reader, name));
  const { dataset, files, source } = await openData(flags);
  const samples = [...dataset.train, ...dataset.validation].slice(0, flags.limit);
  const images: Uint8Array[] = [];
  for (const { path } of samples) images.push(await files.read(path));
  const bytes = Math.round(images.reduce((sum, { length }) => sum + length, 0) / images.length);
  const short = flags.resize ?? defaultResize(flags.size);
  const { size, batch, seed, seconds, library } = flags;

  const dir = await Deno.makeTempDir({ prefix: "verity-bench-" });
  const rows: Row[] = [];
  try {
    const most = flags.workers ?? navigator.hardwareConcurrency;
    for (let workers = 1; workers <= most; workers++) {
      const task: DecodeTask = { images, library, seconds };
      const loader = (cache: Cache, train = true) =>
        throughLoader(samples, files, flags, { workers, cache, train });
      const ways: Readonly<Record<Way, () => Promise<Rate>>> = {
        decode: () => decoding(workers, task),
        prefix: () => decoding(workers, { ...task, short }),
        files: () => loader(new MemoryCache(0)),
        ram: () => loader(new MemoryCache(2 ** 32)),
        ramCentre: () => loader(new MemoryCache(2 ** 32), false),
        disk: () => loader(new DiskCache(files, { dir, limit: 2 ** 36 })),
      };
      const found: Partial<Record<Way, Rate>> = {};
      for (let i = 0; i < flags.repeat; i++) {
        for (const way of Object.keys(WAYS) as Way[]) {
          found[way] = better(found[way], await ways[way]());
        }
      }
      rows.push({ workers, ...found as Record<Way, Rate> });
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  const augmented = await onDevice({ size, batch: Math.min(batch, samples.length), seed, seconds });
  if (flags.json) {
    const about = { source, images: samples.length, bytes, size, short, library };
    console.log(JSON.stringify({
      ...{ ...about, library: library ?? "best" },
      "img_per_s": rows.map((row) => numbers(row, "imagesPerSecond")),
      "cpu_us_per_image": rows.map((row) => numbers(row, "microseconds")),
      "augment_device": augmented?.adapter ?? null,
      "augment_img_per_s": augmented?.device ?? null,
    }));
    return 0;
  }
  console.log(`${source}: ${samples.length} images, ${bytes} bytes each`);
  console.log(`to ${size} pixels, cut from ${short}; images a second\n`);
  console.log(waysTable(rows, "imagesPerSecond", ["files / decode", "ram / decode"]));
  console.log("\nprocessor time, µs an image\n");
  console.log(waysTable(rows, "microseconds", ["decode / files", "decode / ram"]));
  console.log(
    augmented
      ? `\nstrong augmentation on ${augmented.adapter}: ${
        augmented.device.toFixed(0)
      } images a second`
      : "\nno adapter: augmentation on a device was not timed",
  );
  return 0;
}

/** What the device does of `strong`, alone; undefined where there is none. */
async function onDevice(options: {
  readonly size: number;
  readonly batch: number;
  readonly seed: number;
  readonly seconds: number;
}): Promise<{ readonly adapter: string; readonly device: number } | undefined> {
  let device;
  try {
    device = await openDevice();
  } catch {
    return undefined;
  }
  const rates = await augmentationRates(device, "strong", options);
  device.gpu.destroy();
  return { adapter: device.name, device: rates.device };
}

/** Times `run`, which says how many images it did. */
async function timed(run: () => Promise<number>): Promise<Rate> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const images = await run();
  const { user, system } = process.cpuUsage(used);
  return {
    imagesPerSecond: 1000 * images / (performance.now() - start),
    microseconds: (user + system) / images,
  };
}

/** Images a second of workers that decode and do nothing else. */
async function decoding(count: number, task: DecodeTask): Promise<Rate> {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL("./decode_worker.ts", import.meta.url), { type: "module" }),
  );
  const replies = () =>
    Promise.all(workers.map((worker) =>
      new Promise<DecodeReply>((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<DecodeReply>) => resolve(data);
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
      })
    ));
  try {
    const ready = replies();
    for (const worker of workers) worker.postMessage(task);
    await ready;
    return await timed(async () => {
      const done = replies();
      for (const worker of workers) worker.postMessage("go");
      return (await done).reduce<number>((sum, reply) => sum + (reply === "ready" ? 0 : reply), 0);
    });
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

/** Images a second of a loader after its first epoch, which fills the cache. */
async function throughLoader(
  samples: readonly Sample[],
  files: Parameters<typeof Loader.open>[1],
  { size, resize, batch, seed, seconds, library }: BenchFlags,
  { workers, cache, train }: {
    readonly workers: number;
    readonly cache: Cache;
    readonly train: boolean;
  },
): Promise<Rate> {
  const loader = await Loader.open(samples, files, { workers, cache, ...(library && { library }) });
  const options = {
    ...{ size, batch: Math.min(batch, samples.length), seed, train, reuse: true },
    ...(resize !== undefined && { resize }),
  };
  const epochs = async function* (): AsyncGenerator<Batch, void, undefined> {
    for (let epoch = 1;; epoch++) yield* loader.batches({ ...options, epoch });
  }();
  try {
    // In order, so that no image is left out.
    for await (const _ of loader.batches({ ...options, train: false, epoch: 0 }));
    // Those that are read ahead belong to no time.
    for (let i = 0; i < 4; i++) await epochs.next();
    return await timed(async () => {
      const start = performance.now();
      let done = 0;
      while (performance.now() - start < 1000 * seconds) {
        const { indices } = (await epochs.next()).value!;
        done += indices.reduce((n, index) => n + (index < 0 ? 0 : 1), 0);
      }
      return done;
    });
  } finally {
    await epochs.return(undefined);
    loader.close();
  }
}

/** The better of two measurements, each number by itself. */
function better(a: Rate | undefined, b: Rate): Rate {
  if (!a) return b;
  return {
    imagesPerSecond: Math.max(a.imagesPerSecond, b.imagesPerSecond),
    microseconds: Math.min(a.microseconds, b.microseconds),
  };
}

/** One number of every way, rounded. */
function numbers({ workers, ...rates }: Row, number: keyof Rate): Record<string, number> {
  const rounded = Object.entries(rates).map((
    [way, rate],
  ) => [way, Math.round(10 * rate[number]) / 10]);
  return { workers, ...Object.fromEntries(rounded) };
}

/** One number of every way; then how near to decoding alone files come, and how far beyond it memory is. */
function waysTable(rows: readonly Row[], number: keyof Rate, ratios: readonly string[]): string {
  return table(
    ["workers", ...Object.values(WAYS), ...ratios],
    rows.map((row) => {
      const over = ({ [number]: way }: Rate) =>
        number === "imagesPerSecond" ? way / row.decode[number] : row.decode[number] / way;
      return [
        String(row.workers),
        ...(Object.keys(WAYS) as Way[]).map((way) => row[way][number].toFixed(0)),
        `${(100 * over(row.files)).toFixed(0)} %`,
        `${over(row.ram).toFixed(1)} ×`,
      ];
    }),
  );
}

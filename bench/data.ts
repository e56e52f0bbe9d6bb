/** `bench data`: images a second of decoding alone and of the whole loader, from files and from its caches. */

import type { Cache } from "../data/cache/cache.ts";
import { MemoryCache } from "../data/cache/memory.ts";
import { DiskCache } from "../data/cache/disk.ts";
import { defaultResize, Loader } from "../data/loader.ts";
import type { Library } from "../data/native.ts";
import type { Sample } from "../data/sample.ts";
import { addDataFlags, type DataFlags, requireDataAgreement } from "../cli/data_flags.ts";
import { type CommonFlags, given, newCommand, oneOf, parseFlags, whole } from "../cli/flags.ts";
import { openData } from "../cli/train_data.ts";
import type { DecodeTask } from "./decode_worker.ts";

interface BenchFlags extends CommonFlags, DataFlags {
  readonly size: number;
  readonly resize?: number;
  readonly batch: number;
  readonly limit: number;
  readonly seconds: number;
  readonly workers?: number;
  readonly library?: Library;
}

/** What was measured with a number of workers, in images a second. */
interface Row {
  readonly workers: number;
  /** Decoding alone, in so many workers that do nothing else. */
  readonly decode: number;
  /** Decoding and resizing alone. */
  readonly prefix: number;
  readonly files: number;
  readonly ram: number;
  readonly disk: number;
}

function command() {
  const command = newCommand("bench data", "Times decoding and the whole way to a batch.");
  return addDataFlags(command, {})
    .option("--size <px>", "side of the images in a batch", whole(1), 224)
    .option("--resize <px>", "shorter side before (default: 256 for 224, in proportion)", whole(1))
    .option("--batch <n>", "images in a batch", whole(1), 32)
    .option("--limit <n>", "images that are used, over and over", whole(2), 512)
    .option("--seconds <n>", "time for each number", whole(1), 2)
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
  const bytes = images.reduce((sum, { length }) => sum + length, 0) / images.length;
  const short = flags.resize ?? defaultResize(flags.size);

  const alone = async (workers: number, more: { readonly short?: number }) => {
    const task: DecodeTask = { images, library: flags.library, seconds: flags.seconds, ...more };
    return sum(await Promise.all(Array.from({ length: workers }, () => decodeAlone(task))));
  };
  const whole = (workers: number, cache: Cache) =>
    throughLoader(samples, files, flags, { workers, cache });
  const rows: Row[] = [];
  const most = flags.workers ?? navigator.hardwareConcurrency;
  for (let workers = 1; workers <= most; workers++) {
    const dir = await Deno.makeTempDir({ prefix: "verity-bench-" });
    try {
      rows.push({
        workers,
        decode: await alone(workers, {}),
        prefix: await alone(workers, { short }),
        files: await whole(workers, new MemoryCache(0)),
        ram: await whole(workers, new MemoryCache(2 ** 32)),
        disk: await whole(workers, new DiskCache(files, { dir, limit: 2 ** 36 })),
      });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
    if (!flags.json) {
      if (workers === 1) {
        console.log(`${source}: ${samples.length} images, ${Math.round(bytes)} bytes each`);
        console.log(`to ${flags.size} pixels, cut from ${short}; images a second`);
        console.log("workers  decode  prefix   files  of prefix     ram    disk  ram / decode");
      }
      console.log(line(rows.at(-1)!));
    }
  }
  if (flags.json) {
    const { size, library = "best" } = flags;
    const result = {
      source,
      images: samples.length,
      bytes: Math.round(bytes),
      size,
      short,
      library,
    };
    console.log(JSON.stringify({ ...result, "img_per_s": rows.map(rounded) }));
  }
  return 0;
}

/** Images a second of one worker that only decodes. */
function decodeAlone(task: DecodeTask): Promise<number> {
  const worker = new Worker(new URL("./decode_worker.ts", import.meta.url), { type: "module" });
  return new Promise<number>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}

/** Images a second of a loader after its first epoch, which fills the cache. */
async function throughLoader(
  samples: readonly Sample[],
  files: Parameters<typeof Loader.open>[1],
  { size, resize, batch, seed, seconds, library }: BenchFlags,
  { workers, cache }: { readonly workers: number; readonly cache: Cache },
): Promise<number> {
  const loader = await Loader.open(samples, files, { workers, cache, ...(library && { library }) });
  const options = {
    ...{ size, batch: Math.min(batch, samples.length), seed, train: true, reuse: true },
    ...(resize !== undefined && { resize }),
  };
  try {
    // In order, so that no image is left out.
    for await (const _ of loader.batches({ ...options, train: false, epoch: 0 }));
    let done = 0;
    const start = performance.now();
    const over = () => performance.now() - start >= 1000 * seconds;
    for (let epoch = 1; !over(); epoch++) {
      for await (const { indices } of loader.batches({ ...options, epoch })) {
        done += indices.length;
        if (over()) break;
      }
    }
    return 1000 * done / (performance.now() - start);
  } finally {
    loader.close();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function line({ workers, decode, prefix, files, ram, disk }: Row): string {
  const cells = [
    String(workers).padStart(7),
    ...[decode, prefix, files].map((value) => value.toFixed(0).padStart(7)),
    `${(100 * files / prefix).toFixed(0)} %`.padStart(10),
    ...[ram, disk].map((value) => value.toFixed(0).padStart(7)),
    `${(ram / decode).toFixed(1)} ×`.padStart(13),
  ];
  return cells.join(" ");
}

function rounded(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, Math.round(value * 10) / 10]),
  ) as unknown as Row;
}

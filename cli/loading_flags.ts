/** The flags that say how images are read: workers, cache, and what becomes of files that cannot be used. */

import type { Cache } from "../data/cache/cache.ts";
import { MemoryCache } from "../data/cache/memory.ts";
import { DiskCache } from "../data/cache/disk.ts";
import { DataError } from "../data/errors.ts";
import { type Files, join } from "../data/files.ts";
import { Loader, type LoaderOptions, type LoaderSettings } from "../data/loader.ts";
import type { Sample } from "../data/sample.ts";
import { InvalidArgumentError } from "flags";
import type { Reporter } from "../train/events.ts";
import { type Command, describedBy, factor, oneOf, positive, whole } from "./flags.ts";
import { cacheFolder, imageProgress } from "./machine.ts";

/** How images are read. */
export interface LoadingFlags {
  readonly workers?: number;
  readonly cache: "ram" | "disk" | "none";
  readonly cacheSize?: number;
  readonly cacheDir?: string;
  readonly onBad: "error" | "skip" | "list";
  readonly maxBad?: number;
  readonly decodeTimeout?: number;
}

/** Flags that change none of a run's numbers. */
export const LOADING_FLAGS = [
  "workers",
  "cache",
  "cacheSize",
  "cacheDir",
  "decodeTimeout",
] as const;

/** Share of the images that may be left out when `--max-bad` does not say: more is no accident. */
const MOST_BAD = 0.01;

/** How many bad files are named where there are too many. */
const NAMED = 5;

/** Bytes that a cache may have when `--cache-size` does not say. */
const CACHE_BYTES = { ram: 2 ** 30, disk: 20 * 2 ** 30, none: 0 } as const;

/** Gives a command the flags of {@linkcode LoadingFlags}; `bad` are the answers that it has to bad files. */
export function addLoadingFlags(
  command: Command,
  bad: readonly LoadingFlags["onBad"][] = ["error", "skip", "list"],
): Command {
  const answers = {
    error: "error: stop at the first",
    skip: "skip: leave them out and list them",
    list: "list: name all, then stop",
  };
  const withBad = bad.includes("skip")
    ? command.option(
      "--max-bad <share>",
      "most images that --on-bad skip may leave out, as a share of all (default: 0.01)",
      factor,
    )
    : command;
  return withBad
    .option(
      "--workers <n>",
      "workers that decode images (default: the processors, at most 4)",
      whole(1),
    )
    .option(
      "--cache <place>",
      "where decoded images are kept for later epochs: ram, disk (for later runs too) or none",
      oneOf(["ram", "disk", "none"]),
      "ram",
    )
    .option(
      "--cache-size <bytes>",
      "most of it, such as 2G (default: 1G of ram, 20G of disk)",
      describedBy({ type: ["integer", "string"] }, bytes),
    )
    .option(
      "--decode-timeout <seconds>",
      "how long an image may take to decode before it counts as damaged (default: 60)",
      positive,
    )
    .option("--cache-dir <dir>", "folder of the disk cache (default: in the user's cache folder)")
    .option(
      "--on-bad <answer>",
      `files that cannot be used: ${bad.map((name) => answers[name]).join("; ")}`,
      oneOf(bad),
      "error",
    );
}

/** Reads a number of bytes: `1500000`, `800M`, `2G`. */
function bytes(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([KMGT]?)i?B?$/i.exec(text) ?? [];
  if (digits === undefined) {
    throw new InvalidArgumentError("A number of bytes such as 800M or 2G was needed.");
  }
  return Math.floor(Number(digits) * 1024 ** " KMGT".indexOf(unit.toUpperCase() || " "));
}

/** The cache that the flags ask for. */
export function openCache(
  { cache, cacheSize, cacheDir }: LoadingFlags,
  { files, report }: { readonly files: Files; readonly report: Reporter },
): Cache {
  const limit = cacheSize ?? CACHE_BYTES[cache];
  if (cache !== "disk") return new MemoryCache(cache === "none" ? 0 : limit);
  return new DiskCache(files, {
    dir: cacheDir ?? join(cacheFolder(), "prepared"),
    limit,
    note: (text) => report({ event: "warning", text }),
  });
}

/** How images are read and what is reported about them. */
export interface Reading {
  readonly files: Files;
  readonly settings: LoaderSettings;
  readonly report: Reporter;
  /** Pixels of the square a model sees, and of the shorter side before. */
  readonly size: number;
  readonly resize: number;
  readonly interpolation?: LoaderOptions["interpolation"];
}

/** A sample that was left out and why. */
export interface LeftOut {
  readonly sample: Sample;
  readonly reason: string;
}

/**
 * The samples that cannot be used, which takes reading all of them; none, unread, when the first one met later is
 * an error. Throws DataError after naming each when they are only to be listed, or a few when there are too many.
 */
export async function findBad(
  samples: readonly Sample[],
  { onBad, maxBad = MOST_BAD }: Pick<LoadingFlags, "onBad" | "maxBad">,
  { files, settings, report, size, resize, interpolation }: Reading,
): Promise<LeftOut[]> {
  if (onBad === "error") return [];
  const loader = await Loader.open(samples, files, settings);
  let found: LeftOut[];
  try {
    const { measured } = imageProgress(samples.length, report);
    const checked = () => measured(1);
    found = (await loader.findBad({ size, resize, interpolation, checked }))
      .map(({ index, reason }) => ({ sample: samples[index]!, reason }));
  } finally {
    loader.close();
  }
  if (found.length === 0) {
    report({ event: "note", text: `all ${samples.length} images can be used` });
    return [];
  }
  const share = `${found.length} of ${samples.length} images`;
  if (onBad === "skip" && found.length > maxBad * samples.length) {
    for (const { reason } of found.slice(0, NAMED)) report({ event: "warning", text: reason });
    throw new DataError(
      `Cannot leave out ${share}: at most a share of ${maxBad} was allowed; look at them with ` +
        "--on-bad list, or allow more with --max-bad",
    );
  }
  if (onBad === "skip") {
    report({ event: "warning", text: `${share} cannot be used and are left out` });
    return found;
  }
  for (const { reason } of found) report({ event: "warning", text: reason });
  throw new DataError(
    `Cannot use ${share}, ${
      found[0]!.sample.name
    } the first: they are named above, whole images were needed`,
  );
}

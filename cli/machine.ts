/** The machine a command runs on: its terminal, its cache folder, its device. Decides nothing of a run. */

import { type Device, type DeviceOptions, openDevice } from "../engine/gpu/device.ts";
import type { Reporter } from "../train/events.ts";
import { lineReporter } from "../train/log.ts";
import { measuredTiles } from "./tiles.ts";

/** Writes a run's lines to the terminal or, with `json`, JSON to standard output. */
export function terminalReporter(json: boolean): Reporter {
  const people = json ? Deno.stderr : Deno.stdout;
  return lineReporter({
    json,
    out: writer(Deno.stdout),
    err: writer(Deno.stderr),
    columns: people.isTerminal() ? Deno.consoleSize().columns : undefined,
  });
}

/** Counts images that were measured or read and reports the progress every few seconds. */
export function imageProgress(total: number, report: Reporter): {
  readonly measured: (images: number) => void;
  readonly imagesPerSecond: () => number;
} {
  const start = performance.now();
  let [done, reported] = [0, start];
  const imagesPerSecond = () => 1000 * done / Math.max(1, performance.now() - start);
  const measured = (images: number) => {
    done += images;
    if (performance.now() - reported < 2000) return;
    reported = performance.now();
    const rate = imagesPerSecond();
    report({ event: "progress", done, total, "img_per_s": rate, "eta_s": (total - done) / rate });
  };
  return { measured, imagesPerSecond };
}

/** Where this machine keeps the tiles that it has measured. */
export function tilesPath(): string {
  return `${cacheFolder()}/tiles.json`;
}

/** How to open a device as flags say, with the tiles that were measured for it. */
export async function deviceOptions(
  { power }: { readonly power?: "high" | "low" | undefined },
): Promise<DeviceOptions> {
  return { ...(power && { power }), tiles: await measuredTiles(tilesPath()) };
}

/** Opens the device; warns when it is a processor in disguise. Throws DeviceError without one. */
export async function openReportedDevice(
  power: "high" | "low" | undefined,
  report: Reporter,
): Promise<Device> {
  const device = await openDevice(await deviceOptions({ power }));
  if (device.software) {
    report({
      event: "warning",
      text:
        `the adapter "${device.name}" is software: it computes the same on the processor, slowly`,
    });
  }
  return device;
}

/** Bytes that this machine has free for programs. */
export function freeMemory(): number {
  return Deno.systemMemoryInfo().available;
}

/**
 * Verity's folder for what can be made again: `$XDG_CACHE_HOME/verity`, else `~/.cache/verity`,
 * `~/Library/Caches/verity` on macOS, `%LOCALAPPDATA%/verity` on Windows.
 */
export function cacheFolder(): string {
  const home = Deno.env.get("HOME") ?? ".";
  const own = { darwin: `${home}/Library/Caches`, windows: Deno.env.get("LOCALAPPDATA") };
  const system = own[Deno.build.os as keyof typeof own] ?? `${home}/.cache`;
  return `${Deno.env.get("XDG_CACHE_HOME") || system}/verity`;
}

/**
 * Gives the graphics driver a private folder where the session has none; without it, drivers print
 * errors that mean nothing here.
 */
export function setRuntimeDirectory(): void {
  if (Deno.build.os !== "linux" || Deno.env.get("XDG_RUNTIME_DIR")) return;
  try {
    const path = `${cacheFolder()}/runtime`;
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    Deno.chmodSync(path, 0o700);
    Deno.env.set("XDG_RUNTIME_DIR", path);
  } catch {
    // A home that cannot be written to costs a line of noise, not the run.
  }
}

function writer(stream: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  return (text) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  };
}

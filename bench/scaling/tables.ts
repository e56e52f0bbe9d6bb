/** What the simulator says, as tables in Markdown. Assumes what it is given and draws nothing. */

import { sequence } from "../../data/random.ts";
import { allReduce } from "./all_reduce.ts";
import { dalyInterval, expectedTime, youngInterval } from "./failures.ts";
import { loadingRate, requestsFor } from "./loading.ts";
import { allReduceTime, fitRing, type Network } from "./network.ts";
import { type Estimate, estimateRun, simulateSteps, sumTime, type Workload } from "./run.ts";

/** An all-reduce as the probe writes it, in milliseconds. */
export interface Probed {
  readonly mpi: string;
  readonly ranks: number;
  readonly bytes: number;
  readonly median: number;
  readonly least: number;
}

/** A training step of several ranks, as the probe writes it, in milliseconds. */
export interface MeasuredStep {
  readonly mpi: string;
  readonly ranks: number;
  readonly model: string;
  /** Of what is added up. */
  readonly bytes: number;
  /** Without what follows. */
  readonly step: number;
  /** What it waits for the others. */
  readonly wait: number;
  /** What the all-reduce takes once all are there. */
  readonly sum: number;
  /** What it takes to bring numbers from the device and back. */
  readonly move: number;
}

/** A table: cells of the head, then rows; all but the first column are numbers. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => i === 0 ? "---" : "---:");
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** Bytes with a unit of 1024s. */
function size(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`;
}

/** A number with about three digits. */
function short(value: number): string {
  const digits = value >= 100 || value === 0 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
  return value.toFixed(digits);
}

/** Seconds in the unit that suits them. */
function span(seconds: number): string {
  return seconds >= 5400
    ? `${short(seconds / 3600)} h`
    : seconds >= 90
    ? `${short(seconds / 60)} min`
    : seconds >= 1
    ? `${short(seconds)} s`
    : `${short(1000 * seconds)} ms`;
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** Medians of measured all-reduces, and below them the ring that fits each column best. */
export function measuredTable(probed: readonly Probed[]): string {
  const columns = [...new Set(probed.map(({ mpi, ranks }) => `${mpi}, ${ranks} ranks`))];
  const inColumn = (name: string) =>
    probed.filter(({ mpi, ranks }) => name === `${mpi}, ${ranks} ranks`);
  const sizes = [...new Set(probed.map(({ bytes }) => bytes))];
  const fits = columns.map((name) =>
    fitRing(inColumn(name).map(({ median, ...one }) => ({ ...one, seconds: median / 1000 })))
  );
  return markdown(["bytes", ...columns], [
    ...sizes.map((bytes) => [
      size(bytes),
      ...columns.map((name) =>
        `${short(inColumn(name).find((one) => one.bytes === bytes)!.median)} ms`
      ),
    ]),
    ["latency of the fit", ...fits.map(({ latency }) => `${short(latency * 1e6)} µs`)],
    ["its bandwidth", ...fits.map(({ bandwidth }) => `${short(bandwidth / 1e9)} GB/s`)],
    ["wrong at most by", ...fits.map(({ worst }) => `× ${short(worst)}`)],
  ]);
}

/** What a sum adds to a step. */
export function sumTable(
  load: Workload,
  networks: readonly Network[],
  ranks: readonly number[],
): string {
  const cell = (network: Network, p: number) =>
    (["ring", "tree"] as const).map((algorithm) =>
      span(sumTime(p, network, { ...load, algorithm }))
    )
      .join(" / ");
  return markdown(
    ["ring / tree", ...ranks.map((p) => `${p} ranks`)],
    networks.map((network) => [network.name, ...ranks.map((p) => cell(network, p))]),
  );
}

/** The shortest step at which so many ranks do at least `share` of their number of times the work. */
export function leastStep(
  load: Workload,
  network: Network,
  { ranks, every, share }: {
    readonly ranks: number;
    readonly every: number;
    readonly share: number;
  },
): number {
  // t / (t + sum / every) = share
  return sumTime(ranks, network, load) / every * share / (1 - share);
}

/** Those steps, for sums at every step and more seldom. */
export function payTable(
  load: Workload,
  networks: readonly Network[],
  { ranks, every }: { readonly ranks: readonly number[]; readonly every: readonly number[] },
): string {
  return markdown(
    ["a step of at least", ...ranks.flatMap((p) => every.map((k) => `${p}, every ${k}`))],
    networks.map((network) => [
      network.name,
      ...ranks.flatMap((p) =>
        every.map((k) => span(leastStep(load, network, { ranks: p, every: k, share: 0.8 })))
      ),
    ]),
  );
}

/** A way to use many GPUs. */
export interface Way {
  readonly name: string;
  readonly network: Network;
  readonly every: number;
}

/** Runs over all images, by way and number of GPUs. */
export function estimates(
  load: Workload,
  ways: readonly Way[],
  ranks: readonly number[],
): readonly (readonly Estimate[])[] {
  const paces = new Map<string, number>();
  const pace = (p: number, every: number) => {
    const key = `${p} ${every}`;
    const steps = Math.max(every === Infinity ? 1000 : 10 * every, Math.round(1e5 / p));
    const known = paces.get(key) ?? simulateSteps(p, load, { every, steps });
    paces.set(key, known);
    return known;
  };
  return ways.map(({ network, every }) =>
    ranks.map((p) => estimateRun(load, network, { ranks: p, every, pace: pace(p, every) }))
  );
}

/** Hours and efficiency of each. */
export function runTable(
  ways: readonly Way[],
  ranks: readonly number[],
  found: readonly (readonly Estimate[])[],
): string {
  return markdown(
    ["", ...ranks.map((p) => p === 1 ? "1 GPU" : `${p} GPUs`)],
    ways.map(({ name }, i) => [
      name,
      ...found[i]!.map(({ seconds, efficiency }) => `${span(seconds)}, ${percent(efficiency)}`),
    ]),
  );
}

/** How often to save, and what saves, failures and restarts take of the time. */
export function savingTable(load: Workload, ranks: readonly number[]): string {
  const rows = ranks.map((p) => {
    const faults = { between: load.between / p, save: load.save, restart: load.restart };
    const daly = dalyInterval(faults);
    const share = (interval: number) => 1 - 1e6 / expectedTime(1e6, interval, faults);
    const lost = [daly, 600, 3600].map((interval) => `${(100 * share(interval)).toFixed(2)} %`);
    return [`${p}`, span(faults.between), span(youngInterval(faults)), span(daly), ...lost];
  });
  const head = [
    "GPUs",
    "a failure every",
    "Young",
    "Daly",
    "lost so",
    "every 10 min",
    "every hour",
  ];
  return markdown(head, rows);
}

/** What feeds so many GPUs. */
export function loadingTable(load: Workload, ranks: readonly number[]): string {
  const { storage, batch, step, inFlight } = load;
  const rate = batch / step;
  const rows = ranks.map((p) => [
    `${p}`,
    `${Math.round(rate * p)}`,
    `${short(rate * p * storage.bytes / 1e9)} GB/s`,
    `${requestsFor(rate, storage)}`,
    `${requestsFor(rate * p, storage)}`,
    short(rate / storage.decodes),
    percent(Math.min(1, loadingRate(inFlight, storage) / rate)),
  ]);
  return markdown([
    "GPUs",
    "images/s",
    "from storage",
    "requests in flight, each",
    "all",
    "processors, each",
    `fed with ${inFlight}`,
  ], rows);
}

/** By how much an all-reduce takes longer where the time of each message varies, message by message. */
export function jitterTable(load: Workload, network: Network, ranks: readonly number[]): string {
  const slow = (algorithm: "ring" | "tree", p: number, spread: number) => {
    const random = sequence(11, p);
    // Exponential tails: most messages are as fast as can be, some wait in a queue.
    const jitter = () => 1 + spread * -Math.log(1 - random());
    const exchange = { ...network, bytes: load.bytes };
    const times = Array.from(
      { length: 5 },
      () => Math.max(...allReduce(algorithm, new Float64Array(p), { ...exchange, jitter })),
    );
    return times.reduce((a, b) => a + b) / times.length / allReduceTime(algorithm, p, exchange);
  };
  const spreads = [0.1, 0.5];
  const head = spreads.flatMap((spread) =>
    ["ring", "tree"].map((name) => `${name}, ${percent(spread)} longer in the mean`)
  );
  return markdown(
    ["ranks", ...head],
    ranks.map((p) => [
      `${p}`,
      ...spreads.flatMap((spread) =>
        (["ring", "tree"] as const).map((algorithm) => `× ${short(slow(algorithm, p, spread))}`)
      ),
    ]),
  );
}

/** Steps of several ranks as they were measured. */
export function stepTable(measured: readonly MeasuredStep[]): string {
  return markdown(
    ["", "ranks", "the step", "from the device and back", "waiting for others", "all-reduce"],
    measured.map(({ mpi, ranks, model, bytes, step, move, wait, sum }) => [
      ranks === 1 ? model : `${model}, ${(bytes / 1e6).toFixed(1)} MB, ${mpi}`,
      `${ranks}`,
      ...[step, move, wait, sum].map((ms) => `${short(ms)} ms`),
    ]),
  );
}

/** Tests of the simulator of clusters: without chance it is its closed forms, with chance their expectations. */
import assert from "node:assert/strict";
import { sequence } from "../../data/random.ts";
import { allReduce, stepFactor } from "../../bench/scaling/all_reduce.ts";
import {
  dalyInterval,
  expectedLoss,
  expectedTime,
  simulateRun,
  youngInterval,
} from "../../bench/scaling/failures.ts";
import { loadingRate, requestsFor, simulateLoading } from "../../bench/scaling/loading.ts";
import { allReduceTime, fitRing, NETWORKS } from "../../bench/scaling/network.ts";
import { estimateRun, simulateSteps, sumTime } from "../../bench/scaling/run.ts";
import { scaling, withSections } from "../../bench/scaling.ts";
import { WORKLOAD } from "../../bench/scaling/assumed.ts";

const near = (value: number, wanted: number, share: number, what = "") =>
  assert.ok(Math.abs(value / wanted - 1) <= share, `${what} ${value}, ${wanted} was expected`);

const [network] = NETWORKS as [typeof NETWORKS[0]];
const calm = { ...WORKLOAD, noise: { spread: 0, stalls: 0, stall: 1 } };

Deno.test("rings and trees without noise take the time of their closed forms", () => {
  for (const algorithm of ["ring", "tree"] as const) {
    for (const ranks of [1, 2, 3, 4, 7, 8, 64, 1000, 1024]) {
      const exchange = { ...network, bytes: 16e6 };
      const done = allReduce(algorithm, new Float64Array(ranks), exchange);
      const wanted = allReduceTime(algorithm, ranks, exchange);
      assert.ok(Math.abs(Math.max(...done) - wanted) <= 1e-9 * wanted, `${algorithm} of ${ranks}`);
    }
  }
  // 2 (p − 1) (α + n / p β) and 2 ⌈log₂ p⌉ (α + n / β), by hand.
  const one = { latency: 1, bandwidth: 2, bytes: 16 };
  assert.equal(allReduceTime("ring", 4, one), 2 * 3 * (1 + 16 / 4 / 2));
  assert.equal(allReduceTime("tree", 5, one), 2 * 3 * (1 + 16 / 2));
});

Deno.test("one late rank holds back all others by as much as it is late", () => {
  for (const algorithm of ["ring", "tree"] as const) {
    for (const late of [0, 3, 7]) {
      const begins = new Float64Array(8);
      begins[late] = 5;
      const done = allReduce(algorithm, begins, { ...network, bytes: 16e6 });
      const alone = allReduceTime(algorithm, 8, { ...network, bytes: 16e6 });
      assert.ok(Math.max(...done) <= 5 + alone + 1e-9);
      // Nobody has the sum before the late rank's numbers have gone round.
      assert.ok(Math.min(...done) >= 5, `${algorithm}, rank ${late}`);
    }
  }
});

Deno.test("steps without noise take their work and the sum; waiting for the slowest is its expectation", () => {
  for (const ranks of [1, 4, 32]) {
    near(simulateSteps(ranks, calm, { every: 1, steps: 3 }), calm.step, 1e-12);
    const sum = allReduceTime("ring", ranks, { ...network, bytes: calm.bytes });
    const moved = calm.readBack + 2 * calm.bytes / calm.copies;
    assert.equal(sumTime(ranks, network, calm), ranks === 1 ? 0 : moved + sum);
  }
  // What is added to a step is what messages make of it, one by one.
  const done = allReduce("ring", Float64Array.of(1, 3, 2), { ...network, bytes: calm.bytes });
  near(Math.max(...done), 3 + allReduceTime("ring", 3, { ...network, bytes: calm.bytes }), 1e-12);
  // The slowest of p steps with stalls of probability q stalls with 1 − (1 − q)^p.
  const stalling = { ...calm, noise: { spread: 0, stalls: 0.01, stall: 3 } };
  const slowest = simulateSteps(16, stalling, { every: 1, steps: 20_000 });
  near(slowest, calm.step * (1 + 2 * (1 - 0.99 ** 16)), 0.01);
  // Who waits seldom waits for sums of steps, which differ less.
  const seldom = simulateSteps(16, stalling, { every: 100, steps: 20_000 });
  assert.ok(seldom < slowest && seldom > calm.step * 1.02);
  const random = sequence(1);
  const factors = Array.from(
    { length: 40_000 },
    () => stepFactor(random, { spread: 0.5, stalls: 0, stall: 1 }),
  );
  near(factors.reduce((a, b) => a + b) / factors.length, Math.exp(0.125), 0.02, "e^(σ²/2):");
});

Deno.test("simulated failures cost what Daly's formula says, and his interval is the best", () => {
  const faults = { between: 5000, save: 20, restart: 100 };
  const mean = (interval: number, runs = 40) => {
    const all = Array.from(
      { length: runs },
      (_, i) => simulateRun(sequence(7, i), { work: 500_000, interval, faults }),
    );
    const sum = (of: (one: typeof all[0]) => number) => all.reduce((n, one) => n + of(one), 0);
    return {
      total: sum((one) => one.total) / runs,
      lost: sum((o) => o.lost) / sum((o) => o.failures),
    };
  };
  const best = dalyInterval(faults);
  for (const interval of [best / 4, best, 4 * best]) {
    const { total } = mean(interval);
    near(total, expectedTime(500_000, interval, faults), 0.02, `every ${interval}`);
    assert.ok(expectedTime(500_000, interval, faults) >= expectedTime(500_000, best, faults));
  }
  // Restarts that fail destroy no work; there are few of them.
  near(mean(best).lost, expectedLoss(best, faults), 0.05);
  near(expectedLoss(1, { between: 1e9, save: 0, restart: 0 }), 0.5, 1e-6);
  near(dalyInterval(faults), youngInterval(faults), 0.05);
});

Deno.test("a simulated loader obeys Little's law, and the narrowest part decides", () => {
  for (const [inFlight, latency] of [[1, 0.1], [8, 0.04], [32, 0.2]] as const) {
    const rate = simulateLoading(sequence(3, inFlight), { inFlight, latency, images: 20_000 });
    near(rate, inFlight / latency, 0.03);
    assert.ok(Math.abs(requestsFor(inFlight / latency, { latency }) - inFlight) <= 1);
  }
  const storage = { latency: 0.05, bandwidth: 1e8, bytes: 1e5, decodes: 500, processors: 4 };
  assert.equal(loadingRate(10, storage), 200);
  assert.equal(loadingRate(1000, storage), 1000);
  assert.equal(loadingRate(1000, { ...storage, processors: 1 }), 500);
});

Deno.test("a fit finds the network that measurements were made with", () => {
  const made = [2, 4].map((ranks) =>
    [4096, 65536, 2 ** 20, 2 ** 24].map((bytes) => ({
      ...{ ranks, bytes },
      seconds: allReduceTime("ring", ranks, { bytes, latency: 3e-6, bandwidth: 2e9 }),
    }))
  );
  for (const measured of made) {
    const fit = fitRing(measured);
    near(fit.latency, 3e-6, 1e-9);
    near(fit.bandwidth, 2e9, 1e-9);
    near(fit.worst, 1, 1e-9);
  }
});

Deno.test("more GPUs never cost more time, and the slower network is never the better one", () => {
  for (const every of [1, 100, Infinity]) {
    const modes = [1, 8, 64].map((ranks) => ({
      ...{ ranks, every },
      pace: simulateSteps(ranks, WORKLOAD, { every, steps: 200 }),
    }));
    const [slow, fast] = [NETWORKS[0]!, NETWORKS[2]!].map((network) =>
      modes.map((mode) => estimateRun(WORKLOAD, network, mode))
    );
    for (const runs of [slow!, fast!]) {
      assert.ok(runs[1]!.seconds < runs[0]!.seconds && runs[2]!.seconds < runs[1]!.seconds);
      assert.ok(runs.every(({ efficiency }) => efficiency > 0 && efficiency <= 1.01));
    }
    fast!.forEach(({ seconds }, i) => assert.ok(seconds <= slow![i]!.seconds));
  }
});

Deno.test("docs/scaling.md and its chart are what bench scaling --write makes", () => {
  const docs = new URL("../../docs/", import.meta.url);
  const [page, svg] = ["scaling.md", "scaling.svg"].map((name) =>
    Deno.readTextFileSync(new URL(name, docs))
  ) as [string, string];
  const { sections, chart } = scaling();
  // What formats files fills up tables and breaks lines.
  const plain = (text: string) => text.replaceAll(/\s+|-{3,}/g, "").replaceAll("/>", ">");
  assert.equal(plain(withSections(page, sections)), plain(page));
  assert.equal(plain(chart).replaceAll(";}", "}"), plain(svg).replaceAll(";}", "}"));
  for (const name of Object.keys(sections)) assert.ok(page.includes(`<!-- ${name} -->`), name);
});

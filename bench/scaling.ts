/** `bench scaling`: what many GPUs would do, simulated from what is measured and assumed. Opens no device. */

import { newCommand, parseFlags } from "../cli/flags.ts";
import { WORKLOAD } from "./scaling/assumed.ts";
import { efficiencyChart } from "./scaling/chart.ts";
import measured from "./scaling/measured.json" with { type: "json" };
import { NETWORKS } from "./scaling/network.ts";
import {
  estimates,
  jitterTable,
  loadingTable,
  measuredTable,
  payTable,
  runTable,
  savingTable,
  stepTable,
  sumTable,
  type Way,
} from "./scaling/tables.ts";

interface ScalingFlags {
  readonly write?: true;
}

const RANKS = [1, 4, 16, 64, 256, 1024];
const [slow, medium, fast, fastest] = NETWORKS as typeof NETWORKS & { length: 4 };

const WAYS: readonly Way[] = [
  { name: "every step, 1 Gb/s", network: slow!, every: 1 },
  { name: "every step, 10 Gb/s", network: medium!, every: 1 },
  { name: "every step, 100 Gb/s", network: fast!, every: 1 },
  { name: "every step, 200 Gb/s InfiniBand", network: fastest!, every: 1 },
  { name: "every 100 steps, 1 Gb/s", network: slow!, every: 100 },
  { name: "nothing added up: parts", network: slow!, every: Infinity },
];

/** The sections of the page by their names, and the chart. */
export function scaling(): {
  readonly sections: Readonly<Record<string, string>>;
  readonly chart: string;
} {
  const found = estimates(WORKLOAD, WAYS, RANKS);
  const lines = WAYS.map(({ name, every }, i) => ({
    label: name,
    values: found[i]!.map(({ efficiency }) => efficiency),
    dashed: every !== 1,
  }));
  return {
    sections: {
      measured: measuredTable(measured.allReduce),
      steps: stepTable(measured.steps),
      sums: sumTable(WORKLOAD, NETWORKS, [2, 4, 16, 64, 1024]),
      pays: payTable(WORKLOAD, NETWORKS, { ranks: [2, 16, 256], every: [1, 10, 100] }),
      runs: runTable(WAYS, RANKS, found),
      saving: savingTable(WORKLOAD, RANKS),
      loading: loadingTable(WORKLOAD, RANKS),
      jitter: jitterTable(WORKLOAD, medium!, [4, 16, 64, 256]),
    },
    chart: efficiencyChart(RANKS, lines),
  };
}

/** A page with its sections replaced: what stands between `<!-- name -->` and `<!-- end -->`. */
export function withSections(page: string, sections: Readonly<Record<string, string>>): string {
  return page.replace(
    /<!-- (\w+) -->\n[^]*?<!-- end -->/g,
    (whole, name: string) =>
      sections[name] === undefined
        ? whole
        : `<!-- ${name} -->\n\n${sections[name]}\n\n<!-- end -->`,
  );
}

/** Prints the tables, or writes them to the page, and returns the exit code. */
export function run(args: readonly string[]): number {
  const command = newCommand(
    "bench scaling",
    "What up to 1,024 GPUs and a billion images would take: sums over networks, waiting, failures, " +
      "loading; simulated, no device.",
  ).option("--write", "write tables and chart to docs/scaling.md and docs/scaling.svg");
  const parsed = parseFlags<ScalingFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { sections, chart } = scaling();
  if (!parsed.flags.write) {
    for (const [name, text] of Object.entries(sections)) console.log(`${name}\n\n${text}\n`);
    return 0;
  }
  const docs = new URL("../docs/", import.meta.url);
  const page = new URL("scaling.md", docs);
  Deno.writeTextFileSync(page, withSections(Deno.readTextFileSync(page), sections));
  Deno.writeTextFileSync(new URL("scaling.svg", docs), chart);
  return 0;
}

/** Tests of training as ranks of real launchers: what they compute, and what becomes of them where one fails. */

import assert from "node:assert/strict";
import { hash } from "../../data/random.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { device } from "../device.ts";
import { type Left, leftIn } from "../exact/left.ts";
import { TINY } from "../exact/tiny_run.ts";
import { endOf, type Mpirun, mpiTest, ranRanks, startRanks } from "./mpirun.ts";

const SCRIPT = decodeURIComponent(new URL("../exact/tiny_run.ts", import.meta.url).pathname);

/** Registers a test for each MPI, of training in a folder with images. */
function trainTest(name: string, run: (mpi: Mpirun, dir: string) => Promise<void>): void {
  mpiTest(name, async (mpi) => {
    if (!device) return; // said by every other test of a device
    await using dir = await temporaryFolder(await twoClasses());
    await run(mpi, dir.path);
  });
}

/** What to train with in a folder: rows of log for each step. */
const words = (
  dir: string,
  run: string,
  more = "",
) => [
  SCRIPT,
  ...`--data ${dir}/data ${TINY} --log-every 1 --sync-bn --run ${dir}/${run} ${more}`.trim().split(
    " ",
  ),
];

/** Trains to the end and says what was left. */
async function trained(mpi: Mpirun, ranks: number, line: readonly string[]): Promise<Left> {
  const { code, err } = await ranRanks(mpi, ranks, line, { env: PLAIN });
  assert.equal(code, 0, err);
  const at = line.findIndex((word) => word === "--run" || word === "--resume");
  return await leftIn(line[at + 1]!);
}

/** The network without dropout, whose numbers do not depend on how many ranks there are that norm together. */
const PLAIN = { VERITY_NETWORK: "plain" };

/** Trains in one process. */
async function alone(line: readonly string[]): Promise<Left> {
  const mpi = { name: "MPICH", command: Deno.execPath(), args: ["run", "-A", ...line] } as const;
  const { code, stderr } = await new Deno.Command(mpi.command, {
    args: [...mpi.args],
    env: { ...PLAIN, NO_COLOR: "1", HF_HOME: "/nowhere" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const at = line.findIndex((word) => word === "--run" || word === "--resume");
  return await leftIn(line[at + 1]!);
}

/** Whether the numbers of two tables are nearly the same. */
function assertClose(a: readonly string[], b: readonly string[], most = 1e-5): void {
  assert.equal(a.length, b.length);
  a.forEach((row, i) => {
    const other = b[i]!.split(",");
    row.split(",").forEach((cell, k) => {
      const apart = Math.abs(Number(cell) - Number(other[k]));
      if (cell !== other[k]) assert.ok(apart <= most, `${row} and ${b[i]}`);
    });
  });
}

trainTest(
  "ranks train to the losses of one process, with the same bits each time",
  async (mpi, dir) => {
    const one = await alone(words(dir, "one"));
    const first = await trained(mpi, 2, words(dir, "first"));
    assert.deepEqual(await trained(mpi, 2, words(dir, "second")), first);
    const all = [first];
    if (mpi.name === "Open MPI") all.push(await trained(mpi, 4, words(dir, "four")));
    else {
      const halves = await trained(mpi, 2, words(dir, "halves", "--wire f16"));
      assertClose(halves.metrics, one.metrics, 0.01);
      assert.notDeepEqual(halves.tensors, first.tensors);
    }
    for (const { steps, metrics, names } of all) {
      assert.equal(steps.length, 21);
      assertClose(steps, one.steps);
      assertClose(metrics, one.metrics);
      assert.deepEqual(
        names,
        one.names,
        "rank 0 writes what a process alone does, nobody else anything",
      );
    }
  },
);

trainTest(
  "a rank that is killed ends all of them, and the run resumes to the same weights",
  async (mpi, dir) => {
    const whole = await trained(mpi, 2, words(dir, "whole", "--save-every 1"));
    let killed = "";
    for (let tries = 1; killed === ""; tries++) {
      assert.ok(tries < 8, "no run was killed before it was done");
      const run = `killed${tries}`;
      const child = startRanks(mpi, 2, words(dir, run, "--save-every 1"), PLAIN);
      const end = endOf(child, { seconds: 400 });
      const saved = `${dir}/${run}/last.safetensors`;
      await until(() => exists(saved), "a first save");
      await new Promise((resolve) => setTimeout(resolve, hash(7, Deno.pid, tries) % 300));
      const pid = await rankIn(run, tries % 2);
      if (pid !== undefined) {
        Deno.kill(pid, "SIGKILL");
        let late = false;
        const timer = setTimeout(() => late = true, 10_000);
        const { code } = await end;
        clearTimeout(timer);
        assert.notEqual(code, 0);
        assert.ok(!late, "the others had ten seconds");
        await until(
          async () => await rankIn(run, 0) === undefined && await rankIn(run, 1) === undefined,
          "the end",
        );
        const { metrics } = await leftSoFar(`${dir}/${run}`);
        if (metrics < 5) killed = run; // else it was done
      } else await end;
    }
    await copy(`${dir}/${killed}`, `${dir}/alone`);
    const resume = (run: string) => [SCRIPT, "--resume", `${dir}/${run}`, "--save-every", "1"];
    assert.deepEqual(await trained(mpi, 2, resume(killed)), whole);
    // One process sees the same images in the same order.
    const { steps, metrics } = await alone(resume("alone"));
    assertClose(steps, whole.steps);
    assertClose(metrics, whole.metrics);
  },
);

trainTest("a rank that cannot train says so with its number, and all end", async (mpi, dir) => {
  const other = [":", "-n", "1", Deno.execPath(), "run", "-A", ...words(dir, "odd")];
  const line = [...words(dir, "odd"), ...other, "--lr", "0.02"];
  const { code, err } = await ranRanks(mpi, 1, line, { env: PLAIN });
  assert.equal(code, 2, err);
  assert.match(err, /rank 1: Cannot train with rank 0: "lr" is 0.02 here, 0.01 was needed/);
  const uneven = [...words(dir, "uneven"), "--batch", "5"];
  const said = (await ranRanks(mpi, 2, uneven, { env: PLAIN })).err;
  assert.equal(said.match(/rank \d: Cannot share --batch 5 among 2 ranks/g)?.length, 1, said);
});

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + 300_000; performance.now() < end;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what} did not come in 300 s`);
}

/** The process of a rank that trains in a folder of that name. */
async function rankIn(run: string, rank: number): Promise<number | undefined> {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = async (what: string) =>
      (await Deno.readTextFile(`/proc/${name}/${what}`).catch(() => "")).split("\0");
    if (!(await read("cmdline")).some((word) => word.endsWith(`/${run}`))) continue;
    const env = await read("environ");
    if (env.includes(`PMI_RANK=${rank}`) || env.includes(`OMPI_COMM_WORLD_RANK=${rank}`)) {
      return Number(name);
    }
  }
  return undefined;
}

async function leftSoFar(path: string): Promise<{ readonly metrics: number }> {
  const text = await Deno.readTextFile(`${path}/metrics.csv`).catch(() => "");
  return { metrics: text.trim().split("\n").length };
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for (const { name } of Deno.readDirSync(from)) {
    await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

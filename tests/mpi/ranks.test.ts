/** Tests of ranks: in one process, and as processes of real launchers. */

import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";
import { launchedBy } from "../../cli/mpi/launcher.ts";
import { openRanks } from "../../cli/mpi/ranks.ts";
import { gatherNumbers, localRanks } from "../../train/ranks.ts";
import { allReduceAsHalves } from "../../train/wire.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { mpich, mpiTest, ranRanks } from "./mpirun.ts";

const TALK = decodeURIComponent(new URL("talk.ts", import.meta.url).pathname);

Deno.test("ranks in one process add up, hand out and gather", async () => {
  await Promise.all(
    localRanks(3).map(async (ranks) => {
      const numbers = Float32Array.of(ranks.rank, 1);
      await ranks.allReduce(numbers);
      assert.deepEqual([...numbers], [3, 3]);
      assert.deepEqual([...await ranks.broadcast(Uint8Array.of(7 + ranks.rank))], [7]);
      const all = await gatherNumbers(ranks, new Array(ranks.rank).fill(ranks.rank));
      assert.deepEqual(all.map((one) => [...one]), [[], [1], [2, 2]]);
    }),
  );
});

Deno.test("sums that travel as halves keep small numbers, and what is not finite", async () => {
  const own = (rank: number) => Float32Array.of(1e-9, -3e-9, 2e-12, rank, 6e5, 7e5, 0, 1e-3, 0.3);
  for (const size of [1, 2, 3]) {
    const sums = await Promise.all(
      localRanks(size).map(async (ranks) => {
        const numbers = own(ranks.rank);
        await allReduceAsHalves(ranks, numbers);
        return numbers;
      }),
    );
    assert.ok(sums.every((one) => one.join() === sums[0]!.join()));
  }
  const [small] = await Promise.all(
    localRanks(3).map(async (ranks) => {
      const numbers = new Float32Array(9).fill(1e-9 * (ranks.rank + 1));
      await allReduceAsHalves(ranks, numbers);
      return numbers;
    }),
  );
  for (const x of small!) assert.ok(Math.abs(x / 6e-9 - 1) < 2 ** -9, `${x}`);
  const [bad] = await Promise.all(
    localRanks(2).map(async (ranks) => {
      const numbers = Float32Array.of(1, ranks.rank === 0 ? NaN : 2, 3, Infinity);
      await allReduceAsHalves(ranks, numbers);
      return numbers;
    }),
  );
  assert.deepEqual([bad![0], bad![1], bad![2], bad![3]], [2, NaN, 6, Infinity]);
});

Deno.test("ranks that make different calls are told so, and those that wait for one that fails", async () => {
  const [a, b] = localRanks(2) as [
    ReturnType<typeof localRanks>[0],
    ReturnType<typeof localRanks>[0],
  ];
  const wrong = await Promise.allSettled([a.barrier(), b.broadcast(new Uint8Array())]);
  assert.match(`${(wrong[0] as PromiseRejectedResult).reason}`, /barrier: rank 1 called broadcast/);
  const uneven = [a.allReduce(new Float32Array(2)), b.allReduce(new Float32Array(3))];
  const [first] = await Promise.allSettled(uneven);
  assert.match(
    `${(first as PromiseRejectedResult).reason}`,
    /add up 2 numbers: another rank has 3/,
  );
  const waiting = a.barrier();
  assert.throws(() => b.abort("no more"), /no more/);
  await assert.rejects(waiting, /no more/);
});

Deno.test("the environment says who launched, and a script in a job is alone", () => {
  const by = (env: Record<string, string>) => launchedBy((name) => env[name]);
  assert.equal(by({}), undefined);
  assert.equal(by({ SLURM_NTASKS: "4", SLURM_PROCID: "0" }), undefined);
  assert.equal(by({ OMPI_COMM_WORLD_SIZE: "1" }), undefined);
  const open = by({ OMPI_COMM_WORLD_SIZE: "2", PMIX_RANK: "0" });
  assert.deepEqual([open?.size, open?.libraries[0]], [2, "libmpi.so.40"]);
  assert.equal(by({ PMI_SIZE: "3", PMI_RANK: "0" })?.libraries[0], "libmpich.so.12");
  const srun = by({ SLURM_STEP_NUM_TASKS: "4", PMIX_RANK: "1" });
  assert.deepEqual([srun?.launcher, srun?.libraries[0]], ["srun", "libmpi.so.40"]);
  assert.deepEqual(by({ PMI_SIZE: "3", VERITY_MPI: "/opt/libmpi.so" })?.libraries, [
    "/opt/libmpi.so",
  ]);
});

Deno.test("a library that is missing is named, and a process alone needs none", async () => {
  const env: Record<string, string> = { PMI_SIZE: "2", VERITY_MPI: "/nowhere/libmpi.so" };
  assert.throws(
    () => openRanks((name) => env[name]),
    (error) =>
      error instanceof UsageError &&
      /2 processes of mpirun of MPICH: none of \/nowhere/.test(error.message),
  );
  const alone = openRanks(() => undefined);
  assert.deepEqual([alone.rank, alone.size], [0, 1]);
  await alone.barrier();
  await alone.close();
});

mpiTest("processes add up to the same bits, hand out, gather and wait", async (mpi) => {
  for (const size of [2, 4]) {
    const [first, second] = [await ranRanks(mpi, size, [TALK]), await ranRanks(mpi, size, [TALK])];
    assert.equal(first.code, 0, first.err);
    const told = [first, second].map(({ out }) =>
      out.trim().split("\n").map((line) => JSON.parse(line)).sort((a, b) => a.rank - b.rank)
    );
    for (const name of ["large", "halves"]) {
      const bits = new Set(told.flat().map((one) => one[name]));
      assert.equal(bits.size, 1, `${name}: the sum is the same on all ranks, in both runs`);
    }
    const sum = size * (size - 1) / 2;
    for (const [rank, one] of told[0]!.entries()) {
      assert.equal(one.rank, rank);
      assert.equal(one.size, size);
      assert.match(one.library, new RegExp(`^${mpi.name}`));
      assert.deepEqual(one.small, [sum + size, 10 * sum]);
      assert.deepEqual(one.part, [rank, rank, sum, sum, rank, rank, rank, rank]);
      assert.equal(one.said, "from rank 0");
      const filled = Array.from(
        { length: size },
        (_, from) => new Array(rank + 1).fill(10 * from + rank),
      );
      assert.deepEqual(one.handed, filled);
      assert.ok(one.apart < 2 ** -9, `halves are off by ${one.apart} of the largest`);
      const expected = Array.from(
        { length: size },
        (_, r) => Array.from({ length: r }, (_, i) => 10 * r + i),
      );
      assert.deepEqual(one.gathered, expected);
      assert.deepEqual(one.both, [size, 2 * size]);
    }
    assert.ok(told[0]!.slice(1).every(({ heard }) => heard > 3), "timers go on while ranks wait");
  }
});

const COMPILES = mpich !== undefined &&
  await new Deno.Command("cc", { args: ["--version"] }).output().then(() => true, () => false);
Deno.test({
  name: `a library of MPI 5's standard ABI is joined by its pointers${
    COMPILES ? "" : " (skipped: MPICH or a C compiler is missing)"
  }`,
  ignore: !COMPILES,
  async fn() {
    await using folder = await temporaryFolder();
    const library = `${folder.path}/libmpi_abi.so`;
    const source = TALK.replace("talk.ts", "standard_abi.c");
    const args = ["-std=gnu11", "-w", "-shared", "-fPIC", "-o", library, source, "-ldl"];
    const made = await new Deno.Command("cc", { args }).output();
    assert.ok(made.success, new TextDecoder().decode(made.stderr));
    const env = { VERITY_MPI: library };
    const [own, through] = [
      await ranRanks(mpich!, 2, [TALK]),
      await ranRanks(mpich!, 2, [TALK], { env }),
    ].map(({ out }) => out.trim().split("\n").map((line) => JSON.parse(line)));
    const answers = (all: typeof own) =>
      all!.map(({ library: _, heard: __, ...answer }) => answer).sort((a, b) => a.rank - b.rank);
    assert.deepEqual(answers(through), answers(own));
    assert.ok(through!.every((one) => one.library === `standard ABI, ${library}`));
  },
});

mpiTest("a rank that gives up ends all of them with its words", async (mpi) => {
  const { code, err } = await ranRanks(mpi, 2, [TALK, "abort"], { seconds: 60 });
  assert.notEqual(code, 0);
  assert.match(err, /rank 1: no more/);
});

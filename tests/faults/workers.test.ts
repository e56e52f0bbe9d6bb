/** Workers for images that throw, end or hang over a file: another takes their place, and only that file is refused. */

import { strict as assert } from "node:assert";
import { DataError } from "../../data/errors.ts";
import type { Finished, Work } from "../../data/prepare.ts";
import { Pool } from "../../data/pool.ts";
import { verity } from "../cli/command.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";

/** A pool of workers with moods, and how many were started. */
async function moody(count: number, silence?: number) {
  let started = 0;
  const start = () => {
    const url = new URL(`./moody_worker.ts?number=${started++}`, import.meta.url);
    return new Worker(url, { type: "module" });
  };
  const pool = await Pool.open(count, { start, silence, library: "jsquash" });
  return { pool, started: () => started };
}

const FILE = (await pictures(["a.png"]))["a.png"]!;

/** What becomes of each file of `names`: its pixels, or what was said. */
async function outcomes(pool: Pool, names: readonly string[]): Promise<(string | number)[]> {
  const settled = await Promise.allSettled(names.map((name) => {
    const work: Work = { name, steps: [], keys: [], known: {} };
    const read = () => Promise.resolve(new Uint8Array(FILE));
    // Every other one into memory that is shared, as batches are.
    const into = new Uint8Array(new SharedArrayBuffer(20 * 16 * 4));
    return pool.finish(read, work, into).then((done: Finished) =>
      done && into.reduce((a, b) => a + b)
    );
  }));
  return settled.map((one) => {
    if (one.status === "fulfilled") return one.value;
    assert.ok(one.reason instanceof DataError, String(one.reason));
    return one.reason.message;
  });
}

Deno.test(
  "a worker that crashes or ends is replaced; the image that two broke down over is named",
  { timeout: 400_000 },
  async () => {
    const { pool, started } = await moody(2, 2);
    try {
      const names = Array.from({ length: 60 }, (_, i) => `${i}.png`);
      const [sum] = await outcomes(pool, ["good.png"]);
      assert.equal(typeof sum, "number");
      names.splice(50, 0, "throw.png");
      names.splice(30, 0, "once.png");
      names.splice(20, 0, "end.png");
      const found = await outcomes(pool, names);
      const bad = names.flatMap((name, i) => found[i] === sum ? [] : [`${name}: ${found[i]}`]);
      assert.equal(bad.length, 2, bad.join("\n"));
      assert.match(
        bad[0]!,
        /^end\.png: Cannot read end\.png: of two .* the last one was silent for 2 s, an image/,
      );
      assert.match(
        bad[1]!,
        /^throw\.png: Cannot read throw\.png: of two workers that had it the last one ended \(.*crashed\), an/,
      );
      assert.ok(started() >= 4 && started() <= 7, `${started()} workers`);
      assert.deepEqual(await outcomes(pool, ["good.png"]), [sum], "the pool still works");
    } finally {
      pool.close();
    }
  },
);

Deno.test("a worker that hangs is given up", async () => {
  // In a process of its own: Deno leaves the thread of an endless loop running.
  const program = `
    import { Pool } from "./data/pool.ts";
    const url = new URL("./tests/faults/moody_worker.ts", "file://" + Deno.cwd() + "/");
    const start = () => new Worker(url, { type: "module" });
    const pool = await Pool.open(1, { start, silence: 1, library: "jsquash" });
    const work = { name: "hang.png", steps: [], keys: [], known: {} };
    const error = await pool.prepare(() => Promise.resolve(new Uint8Array(9)), work).catch((e) => e);
    console.log(error.message);
    Deno.exit(0);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    cwd: new URL("../..", import.meta.url),
    signal: AbortSignal.timeout(400_000),
  }).output();
  assert.equal(
    new TextDecoder().decode(stdout),
    "Cannot read hang.png: of two workers that had it the last one was silent for 1 s, " +
      "an image that can be decoded was needed\n",
  );
});

Deno.test("where no other worker starts, that is said", { timeout: 400_000 }, async () => {
  let started = 0;
  const broken = "data:application/javascript,throw new Error('no memory for a thread')";
  const pool = await Pool.open(1, {
    start: () =>
      new Worker(started++ === 0 ? new URL("./moody_worker.ts", import.meta.url) : broken, {
        type: "module",
      }),
    library: "jsquash",
  });
  const work: Work = { name: "throw.png", steps: [], keys: [], known: {} };
  await assert.rejects(
    pool.prepare(() => Promise.resolve(new Uint8Array(9)), work),
    /Cannot read throw\.png: a worker for images ended .*, and no other one starts \(Cannot start a worker .*no memory/,
  );
});

Deno.test("--decode-timeout names the images that take longer", async () => {
  const names = ["a/0.png", "a/1.png", "b/0.png", "b/1.png"];
  const files = Object.entries(await pictures(names)).map((
    [name, bytes],
  ) => [`data/${name}`, bytes]);
  await using folder = await temporaryFolder(Object.fromEntries(files));
  const flags =
    "train --model resnet18 --data data --workers 1 --on-bad list --decode-timeout 1e-6";
  const { code, err } = await verity(flags.split(" "), { cwd: folder.path });
  assert.equal(code, 3, err);
  assert.match(err, /Warning: Cannot read b\/1\.png: of two workers .* silent for 0\.000001 s/);
  assert.match(err, /Cannot use 4 of 4 images/);
});

/** Prediction in parts by the real commands: the bytes of one process, and what is refused, found again and lost. */
import assert from "node:assert/strict";
import { run as merge } from "../../cli/merge.ts";
import { run as predict } from "../../cli/predict.ts";
import { type AskedShard, shardOf } from "../../cli/shard_flags.ts";
import { encodePng } from "../../data/encode.ts";
import { noise, temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { tree, verity } from "./command.ts";
import { writeUntrained } from "./untrained.ts";

/** Images of different sizes in a folder, a sample that names most of them in another order, a checkpoint. */
async function folderOf(count: number) {
  const names = Array.from({ length: count }, (_, i) => `${(i * 7) % count}.png`);
  const images = await Promise.all(
    names.map(async (name, i) =>
      [`images/${name}`, await encodePng(noise(40 + i, 36, i))] as const
    ),
  );
  const folder = await temporaryFolder({
    ...Object.fromEntries(images),
    "sample.csv": `fake?,id\n0,${names.slice(2).join("\n0,")}\n`,
  });
  await writeUntrained(`${folder.path}/a.safetensors`, "mobilenetv3_small_100");
  return folder;
}

deviceTest("seven parts merge to the bytes that one process writes", async () => {
  await using folder = await folderOf(25);
  const at = (name: string) => `${folder.path}/${name}`;
  const how = [at("a.safetensors"), "--images", at("images"), "--sample", at("sample.csv")]
    .concat("--name-column id --batch 4 --workers 1 --average ranks --tta 2 --seed 3".split(" "));
  const part = async (i: number, ...more: string[]) =>
    await predict([...how, "--out", at("parts"), "--shard", `${i}/7`, ...more]);
  assert.equal(await predict([...how, "--out", at("whole.csv")]), 0);
  for (const two of [[3, 0], [6, 5], [1, 2]]) {
    assert.deepEqual(await Promise.all(two.map((i) => part(i))), [0, 0]);
  }

  const lost = await verity(["merge", at("lost.csv"), at("parts")]);
  assert.equal(lost.code, 3, lost.err);
  assert.match(lost.err, /part 4 of 7 \(images 14 to 16 of 23\) is missing/);
  assert.ok(!(await tree(folder.path)).includes("lost.csv"));

  assert.equal(await part(4), 0);
  assert.equal(await merge([at("merged.csv"), at("parts"), "--explain", "2"]), 0);
  assert.deepEqual(await Deno.readFile(at("merged.csv")), await Deno.readFile(at("whole.csv")));

  const file = at("parts/part-00004-of-00007.safetensors");
  const { mtime } = await Deno.stat(file);
  assert.equal(await part(4), 0);
  assert.deepEqual((await Deno.stat(file)).mtime, mtime, "a finished part is left as it is");
  await assert.rejects(
    part(4, "--batch", "2"),
    /it is there already and of other options \(batch\)/,
  );
  await assert.rejects(
    predict([...how, "--out", at("parts"), "--shard", "0/3"]),
    /it has part-00000-of-00007\.safetensors, of a division into another number of parts than 3/,
  );
});

deviceTest(
  "Slurm's scripts predict; a part stops at a bad image of its own and minds no other's",
  async () => {
    await using folder = await folderOf(4);
    await Deno.writeTextFile(`${folder.path}/images/3.png`, "<html>");
    const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);
    const script = async (name: string, task?: number) => {
      const { code, stderr } = await new Deno.Command(`${root}deploy/slurm/${name}.sh`, {
        cwd: folder.path,
        env: {
          ...{ VERITY: root, CHECKPOINT: "a.safetensors", IMAGES: "images", COUNT: "2" },
          ...(task !== undefined && { SLURM_ARRAY_TASK_ID: `${task}` }),
        },
      }).output();
      return { code, err: new TextDecoder().decode(stderr) };
    };
    const [good, bad] = await Promise.all([script("predict", 0), script("predict", 1)]);
    assert.equal(good.code, 0, good.err);
    assert.equal(bad.code, 3, bad.err);
    assert.match(bad.err, /Cannot read 3\.png: it is a page/);
    assert.deepEqual(await tree(`${folder.path}/parts`), ["part-00000-of-00002.safetensors"]);
    const merged = await script("merge");
    assert.equal(merged.code, 3);
    assert.match(merged.err, /part 1 of 2 \(images 3 to 4 of 4\) is missing/);
  },
);

Deno.test("--shard is read from the environment of Kubernetes and of Slurm", () => {
  const shard = (asked: AskedShard, env: Record<string, string>) =>
    shardOf(asked, (name) => env[name]);
  const [both, known] = [{ index: "env", count: "env" }, { index: "env", count: 7 }] as const;
  const slurm = {
    SLURM_ARRAY_TASK_ID: "14",
    SLURM_ARRAY_TASK_MIN: "10",
    SLURM_ARRAY_TASK_STEP: "2",
    SLURM_ARRAY_TASK_COUNT: "5",
  };
  assert.deepEqual(shard(both, slurm), { index: 2, count: 5 });
  // An array of one task that was lost: its number is meant.
  const again = {
    SLURM_ARRAY_TASK_ID: "3",
    SLURM_ARRAY_TASK_MIN: "3",
    SLURM_ARRAY_TASK_COUNT: "1",
  };
  assert.deepEqual(shard(known, again), { index: 3, count: 7 });
  assert.deepEqual(shard(known, { JOB_COMPLETION_INDEX: "6" }), { index: 6, count: 7 });
  const pod = { JOB_COMPLETION_INDEX: "0", SHARD_COUNT: "4" };
  assert.deepEqual(shard(both, pod), { index: 0, count: 4 });
  assert.throws(() => shard(known, { JOB_COMPLETION_INDEX: "7" }), /says part 7 of 7/);
  assert.throws(
    () => shard(known, {}),
    /neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set/,
  );
  assert.throws(() => shard(both, { JOB_COMPLETION_INDEX: "-1" }), /SHARD_COUNT/);
  assert.throws(() => shard(both, { ...slurm, SLURM_ARRAY_TASK_ID: "13" }), /a multiple/);
});

Deno.test("predict and merge refuse parts that cannot be, with exit code 2", async () => {
  const rows: [args: string, reason: RegExp][] = [
    ["predict a --images . --out p --shard 7/7", /A part i from 0 and their number n above it/],
    ["predict a --images . --out p --shard 1", /as 3\/7, env\/7 or env, was needed/],
    ["predict a --images . --out p --shard 0/2 --explain", /merge --explain was needed/],
    ["predict a --images . --out p.csv --again", /--again alone/],
    ["merge out.csv", /parts or a folder of them, were needed/],
    ["merge out.txt parts", /a name that ends in \.csv/],
    ["merge out.csv nowhere", /"nowhere": it does not exist/],
  ];
  await Promise.all(rows.map(async ([args, reason]) => {
    const { code, err } = await verity(args.split(" "));
    assert.equal(code, 2, err);
    assert.match(err, reason);
  }));
});

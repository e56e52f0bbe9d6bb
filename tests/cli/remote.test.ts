/** Training and prediction by the real commands on shards of a real S3 server, or of one that answers to ranges. */
import assert from "node:assert/strict";
import { run as predict } from "../../cli/predict.ts";
import { madeOf, tarOf } from "../data/archive_files.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";
import { rangeServer } from "../data/range_server.ts";
import { device, deviceTest } from "../device.ts";
import { hasPackage, PYTHON } from "../python.ts";
import { tree, verity } from "./command.ts";
import { writeUntrained } from "./untrained.ts";

/** Four shards of four images, and a checkpoint. */
async function folderOfShards() {
  const names = Array.from({ length: 16 }, (_, i) => `${i}.png`);
  const images = await pictures(names);
  const files: Record<string, Uint8Array> = {};
  for (let k = 0; k < 4; k++) {
    const rows = names.slice(4 * k, 4 * k + 4).flatMap((name, i) => [
      [name, images[name]!] as const,
      [name.replace("png", "cls"), `${i % 2}`] as const,
    ]);
    files[`set/00${k}.tar`] = tarOf(madeOf(Object.fromEntries(rows)));
  }
  const folder = await temporaryFolder(files);
  await writeUntrained(`${folder.path}/a.safetensors`, "mobilenetv3_small_100");
  return { files, folder };
}

interface Bucket extends AsyncDisposable {
  readonly bucket: string;
  readonly signed: readonly string[];
}

/** An S3 server with the files of a folder. */
async function s3(folder: string): Promise<Bucket> {
  const script = decodeURIComponent(new URL("../data/s3.py", import.meta.url).pathname);
  const command = new Deno.Command(PYTHON, {
    args: [script, folder],
    env: { PYTHONDONTWRITEBYTECODE: "1", AWS_EC2_METADATA_DISABLED: "true" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  });
  const process = command.spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!/^\{.*\n/m.test(said)) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`The S3 server ended: ${said}`);
    said += value;
  }
  return {
    ...JSON.parse(/^\{.*$/m.exec(said)![0]),
    async [Symbol.asyncDispose]() {
      await process.stdin.close();
      await lines.cancel();
      await process.status;
    },
  };
}

const SERVED = await hasPackage("moto.server") && await hasPackage("boto3");

Deno.test({
  name:
    `training reads shards of S3 by signed addresses, which nothing repeats, prediction with keys${
      SERVED ? "" : " (skipped: Python has no moto)"
    }${device ? "" : " (skipped: no adapter)"}`,
  ignore: !SERVED || !device,
  async fn() {
    const { folder } = await folderOfShards();
    await using _ = folder;
    const at = (name: string) => `${folder.path}/${name}`;
    await using server = await s3(at("set"));
    await Deno.writeTextFile(at("shards.txt"), server.signed.join("\n"));
    const flags =
      "train --model mobilenetv3_small_100 --size 32 --batch 4 --epochs 1 --workers 1 " +
      "--data shards.txt --run run --cache disk --cache-dir cache";
    const trained = await verity(flags.split(" "), { cwd: folder.path });
    assert.equal(trained.code, 0, trained.err);
    assert.match(trained.out, /WebDataset layout in shards\.txt: 4 shards|data +shards\.txt/);

    const how = ["predict", "a.safetensors", "--workers", "1", "--out"];
    const there = [...how, "there.csv", "--images", `${server.bucket}/{000..003}.tar`];
    const unsigned = await verity(there, { cwd: folder.path });
    assert.equal(unsigned.code, 8, unsigned.err);
    assert.match(unsigned.err, /answered 403, an address with a signature/);
    const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    const env = { ...keys, VERITY_DATA_S3_REGION: "us-east-1" };
    const signed = await verity(there, { cwd: folder.path, env });
    assert.equal(signed.code, 0, signed.err);
    assert.equal(
      (await verity([...how, "here.csv", "--images", "set"], { cwd: folder.path })).code,
      0,
    );
    const here = await Deno.readTextFile(at("here.csv"));
    assert.match(here, /^img_name,y_pred\n000\.tar\/0\.png,0\.\d+\n/);
    assert.equal(await Deno.readTextFile(at("there.csv")), here);

    const secret = new URL(server.signed[0]!).searchParams.get("X-Amz-Signature")!;
    const written = [trained.out, trained.err];
    for (const name of (await tree(folder.path)).filter((path) => /^(run|cache)\//.test(path))) {
      if ((await Deno.stat(at(name))).isFile) written.push(await Deno.readTextFile(at(name)));
    }
    assert.ok(written.length > 10);
    assert.deepEqual(written.filter((text) => text.includes(secret)), []);
  },
});

deviceTest("the disk cache spares a server, and a changed object is prepared anew", async () => {
  const { files, folder } = await folderOfShards();
  await using _ = folder;
  await using server = rangeServer(files);
  const at = (name: string) => `${folder.path}/${name}`;
  const flags = [at("a.safetensors"), "--images", `${server.origin}/set/000.tar?token=secret`]
    .concat(["--workers", "1", "--cache", "disk", "--cache-dir", at("cache")]);
  const image = () => server.asked.filter(({ range }) => !range!.startsWith("bytes=0-")).length;
  const scores = async (name: string) => {
    server.asked.length = 0;
    assert.equal(await predict([...flags, "--out", at(name)]), 0);
    assert.ok(server.asked.every(({ query }) => query === "?token=secret"));
    return await Deno.readTextFile(at(name));
  };
  const first = await scores("1.csv");
  assert.equal(await scores("2.csv"), first);
  assert.equal(image(), 0);
  // Other pixels in an archive of the same size: only its ETag tells.
  const shard = server.objects["set/000.tar"]!;
  const other = server.objects["set/001.tar"]!;
  assert.equal(other.length, shard.length);
  server.objects["set/000.tar"] = other;
  assert.match(await scores("3.csv"), /^img_name,y_pred\n4\.png/);
});

Deno.test("a server that fails ends a command with 3, and what was named elsewhere is not asked", async () => {
  await using server = rangeServer({});
  await using folder = await temporaryFolder({ "other.txt": "no address" });
  const data = (place: string, env = {}) =>
    verity(["data", "--data", place], { cwd: folder.path, env });
  const origin = server.origin;
  const rows: [place: string, code: number, reason: RegExp, env?: Record<string, string>][] = [
    [`${origin}/{0..1}.tar?sig=hidden`, 3, /Cannot read .*\/[01]\.tar: there is no such object/],
    [`${origin}/dir`, 3, /dir: it does not exist/],
    ["http://me:hidden@h/a.tar", 3, /a name or a password stands in it/],
    ["other.txt", 3, /"no address": it is no address/],
    ["http://example.test/a.tar", 2, /it is asked in clear/, { VERITY_DATA_TOKEN: "hidden" }],
    [`${origin}/a.tar`, 2, /a line of it is no header/, { VERITY_DATA_HEADERS: "hidden" }],
    [`${origin}/a.tar`, 2, /AWS_ACCESS_KEY_ID and/, { VERITY_DATA_S3_REGION: "hidden" }],
  ];
  await Promise.all(rows.map(async ([place, code, reason, env]) => {
    const ended = await data(place, env);
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.err, reason);
    assert.ok(!ended.err.includes("hidden"), ended.err);
  }));
});

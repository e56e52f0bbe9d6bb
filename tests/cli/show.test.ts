/** The commands that show runs, as processes: what they print, write and refuse. No device is opened. */
import assert from "node:assert/strict";
import { temporaryFolder } from "../data/fixtures.ts";
import { madeRun } from "../report/made_run.ts";
import { verity } from "./command.ts";

const CLI = decodeURIComponent(new URL("../../cli.ts", import.meta.url).pathname);

Deno.test("serve listens on loopback, answers about its run alone, and ends with an interrupt", async () => {
  await using dir = await temporaryFolder();
  const path = await madeRun(dir.path);
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CLI, "serve", path, "--port", "0", "--json"],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await reader.read();
    const { event, url } = JSON.parse(value);
    assert.equal(event, "serve");
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await (await fetch(url)).text();
    assert.match(page, /data-live="on"/);
    assert.match(page, /<img src="data:image\/jpeg;base64,/);
    const metrics = await (await fetch(`${url}metrics.csv`)).text();
    assert.equal(metrics, await Deno.readTextFile(`${path}/metrics.csv`));
    const outside = await fetch(`${url}..%2fimages%2f0.png`);
    await outside.body?.cancel();
    assert.equal(outside.status, 404);
    // Fetch sets the host itself: a name that resolves here is sent by hand.
    const connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(url).port),
    });
    const request = "GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    const answer = await new Response(connection.readable).text();
    assert.match(answer, /^HTTP\/1\.1 403 /);
    assert.doesNotMatch(answer, /data-chart/);
  } finally {
    server.kill("SIGINT");
    await reader.cancel();
  }
  assert.equal((await server.status).code, 0);
});

Deno.test("compare prints a table, or JSON alone; report writes its files", async () => {
  await using dir = await temporaryFolder();
  const runs = [await madeRun(dir.path), await madeRun(dir.path, { learningRate: 0.5, epochs: 1 })];
  const table = await verity(["compare", ...runs]);
  assert.deepEqual([table.code, table.err], [0, ""]);
  assert.match(table.out, /^run .* lr\n.*0\.001\n.*0\.5\n\* best of these runs\n$/);
  const json = await verity(["compare", ...runs, "--json"]);
  const lines = json.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ settings }) => settings.lr), [1e-3, 0.5]);
  const written = await verity(["report", runs[0]!, "--no-cam"]);
  assert.deepEqual([written.code, written.out], [0, `Wrote ${runs[0]}/report.html\n`]);
  assert.match(await Deno.readTextFile(`${runs[0]}/MODEL_CARD.md`), /^---\nlibrary_name: timm/);
});

Deno.test("commands that show runs refuse what is none", async () => {
  await using dir = await temporaryFolder({ "empty/": "" });
  const run = await madeRun(dir.path, { epochs: 1 });
  for (
    const [args, code, message] of [
      [["report"], 2, /missing required argument 'run'/],
      [["report", `${dir.path}/empty`], 7, /Cannot report on ".*empty": it has no config\.json/],
      [["serve", `${dir.path}/nothing`], 7, /no config\.json/],
      [["serve", run, "--port", "99999"], 2, /port/],
      [["compare", run], 2, /Cannot compare 1 run: two run folders or more were needed/],
      [["compare", run, run, "--out", dir.path], 2, /it is a folder/],
    ] as const
  ) {
    const ended = await verity(args);
    assert.equal(ended.code, code, `${args}: ${ended.err}`);
    assert.match(ended.err, message);
    assert.equal(ended.out, "");
  }
});

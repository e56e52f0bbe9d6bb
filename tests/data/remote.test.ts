/** Tests of data on servers: what is named, what is asked for, and what becomes of everything a server does wrong. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { writeIndexes } from "../../cli/tar_index.ts";
import { INDEX_ENDING, parseIndex } from "../../data/archives/tar_index.ts";
import { withArchives } from "../../data/archives/mount.ts";
import { UnreachableError } from "../../data/errors.ts";
import type { Files } from "../../data/files.ts";
import { Lanes } from "../../data/remote/lanes.ts";
import { withRemote } from "../../data/remote/mount.ts";
import { RemoteObject } from "../../data/remote/object.ts";
import type { Asker } from "../../data/remote/request.ts";
import { byName, expandBraces, readAddress } from "../../data/remote/shard_list.ts";
import { openDataset, openImages } from "../../data/sources.ts";
import { madeOf, tarOf } from "./archive_files.ts";
import { noise, pictures, temporaryFolder } from "./fixtures.ts";
import { message } from "./folders.ts";
import { type Fault, partOf, rangeServer } from "./range_server.ts";

/** An asker that notes how long it would have waited. */
function asker(more: Partial<Asker> = {}): Asker & { readonly waits: number[] } {
  const waits: number[] = [];
  return { fetch, wait: (ms) => (waits.push(ms), Promise.resolve()), waits, ...more };
}

/** What an error says that is no image's fault. */
async function unreachable(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(() => undefined, (error) => error);
  assert.ok(error instanceof UnreachableError, String(error));
  return error.message;
}

const bytes = new Uint8Array(noise(300, 300, 1).data);
const object = (origin: string, by: Asker, name = "a.bin") =>
  new RemoteObject(readAddress(`${origin}/${name}`), by, new Lanes(4));

/** Rows of shards `000.tar`…: images with their classes. */
async function shards(count: number, each = 3): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const names = Array.from({ length: count * each }, (_, i) => `${i}.png`);
  const images = await pictures(names);
  return Object.fromEntries(Array.from({ length: count }, (_, k) => {
    const files = names.slice(k * each, (k + 1) * each).flatMap((name, i) => [
      [name, images[name]!] as const,
      [
        name.replace("png", i % 2 === 0 ? "cls" : "json"),
        i % 2 === 0 ? "1" : '{"label": 0}',
      ] as const,
    ]);
    return [`set/${String(k).padStart(3, "0")}.tar`, tarOf(madeOf(Object.fromEntries(files)))];
  }));
}

/** A view of the shards of a server, as its braces name them. */
function mounted(
  origin: string,
  text: string,
  by: Asker = asker(),
): { files: Files; path: string } {
  const path = `${origin}/${text}`;
  const named = byName(expandBraces(path).map((one) => readAddress(one)), path);
  const places = { objects: [], folders: new Map([[path, named]]) };
  return { files: withArchives(withRemote(denoFiles, places, by)), path };
}

Deno.test("an object is read by parts, and goes on where a server failed, stalled or cut it", async () => {
  await using server = rangeServer({ "a.bin": bytes, "empty.bin": new Uint8Array() });
  const cut = (after: number): Fault => async (request) => {
    const whole = await partOf(request, server.objects["a.bin"]!);
    const part = new Uint8Array(await whole.arrayBuffer());
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    void writer.write(part.slice(0, after)).then(() => writer.abort("cut")).catch(() => {});
    return new Response(readable, { status: 206, headers: whole.headers });
  };
  const short: Fault = async (request) => {
    const whole = await partOf(request, server.objects["a.bin"]!);
    const part = new Uint8Array(await whole.arrayBuffer());
    const headers = new Headers(whole.headers);
    headers.delete("Content-Length");
    return new Response(part.slice(0, 1000), { status: 206, headers });
  };
  const silent: Fault = () =>
    new Promise((done) => setTimeout(() => done(new Response(null, { status: 500 })), 400));
  const by = asker({ silence: 200 });
  const one = object(server.origin, by);
  assert.equal((await one.version())?.size, bytes.length);
  const status = (code: number, headers = {}): Fault => () =>
    new Response("no", { status: code, headers });
  server.faults.push(status(500), status(429, { "Retry-After": "7" }), short, cut(5000), silent);
  server.faults.push(status(503, { "Retry-After": "86400" }));
  const [offset, length] = [70_000, 100_000];
  const read = await one.read({ offset, length });
  assert.deepEqual(read, bytes.slice(offset, offset + length));
  assert.equal(by.waits.length, 6);
  assert.deepEqual([by.waits[1], by.waits[5]], [7000, 300_000]);
  assert.ok(by.waits[0]! >= 250 && by.waits[0]! <= 500);
  // It went on behind the bytes that it had.
  const begins = server.asked.slice(1).map(({ range }) => Number(/\d+/.exec(range!)![0]));
  assert.deepEqual(begins.slice(0, 4), [offset, offset, offset, offset + 1000]);
  assert.ok(begins[4]! >= offset + 1000 && begins.at(-1)! < offset + length);
  assert.equal((await object(server.origin, by, "empty.bin").version())?.size, 0);
  assert.equal(await object(server.origin, by, "none.bin").version(), undefined);
  await assert.rejects(one.read({ offset: bytes.length - 5, length: 6 }), /it ends at byte 270000/);
});

Deno.test("a server that does not come back, refuses, ignores ranges or changes the object is named", async () => {
  await using server = rangeServer({ "a.bin": bytes });
  const by = asker();
  server.faults.push(...Array<Fault>(6).fill(() => new Response("busy", { status: 503 })));
  const error = await object(server.origin, by).read({ offset: 0, length: 9 }).catch((e) => e);
  assert.ok(error instanceof UnreachableError, error.message);
  assert.match(error.message, /a\.bin: 127\.0\.0\.1:\d+ answered 503, 6 times in a row/);
  assert.deepEqual(by.waits.map((ms) => Math.max(0, Math.ceil(Math.log2(ms / 500)))), [
    0,
    1,
    2,
    3,
    4,
  ]);

  const refused = async (fault: Fault, reason: RegExp) => {
    const one = object(server.origin, by);
    await one.version();
    server.faults.push(fault);
    const text = await unreachable(one.read({ offset: 100_000, length: 9 }));
    assert.match(text, reason);
  };
  await refused(
    () => new Response(null, { status: 403 }),
    /answered 403, an address with a signature/,
  );
  await refused((request) => partOf(request, bytes.slice(1)), /it has changed since it was opened/);
  await refused(
    () => new Response("x", { status: 206, headers: { "Content-Range": "bytes 0-0/270000" } }),
    /has changed/,
  );
  await refused(
    async (request) => {
      const { headers } = await partOf(request, bytes);
      headers.set("Content-Range", "bytes 5-13/270000");
      return new Response("123456789", { status: 206, headers });
    },
    /does not answer to ranges/,
  );
  await refused(
    () => new Response(null, { status: 302, headers: { Location: "ftp://h/a" } }),
    /to an address that is not safe/,
  );
  // A server may give all of what is not longer than the part that was asked for.
  const few = bytes.slice(0, 60);
  server.faults.push(() => new Response(few, { headers: { "Content-Length": "60" } }));
  assert.deepEqual(await object(server.origin, by).read({ offset: 0, length: 60 }), few);
  server.faults.push(() => new Response(bytes));
  assert.match(await unreachable(object(server.origin, by).version()), /does not answer to ranges/);
  server.faults.push(...Array<Fault>(6).fill(() => Response.redirect(`${server.origin}/a.bin`)));
  assert.match(await unreachable(object(server.origin, by).version()), /redirects without end/);
  // If-Range is honoured by this server: the whole object comes back, and is not taken for the part.
  const one = object(server.origin, by);
  await one.version();
  server.objects["a.bin"] = bytes.slice().fill(7, 0, 9);
  assert.match(await unreachable(one.read({ offset: 100_000, length: 9 })), /has changed/);
});

Deno.test("secret headers go to the server that was named alone", async () => {
  await using other = rangeServer({ "a.bin": bytes });
  await using server = rangeServer({});
  server.faults.push(() => Response.redirect(`${other.origin}/a.bin`, 302));
  const by = asker({ headers: () => ({ Authorization: "Bearer secret" }) });
  const one = object(server.origin, by);
  assert.equal((await one.version())?.size, bytes.length);
  assert.equal(server.asked[0]!.authorization, "Bearer secret");
  assert.equal(other.asked[0]!.authorization, null);
});

Deno.test("shards on a server are the data set that they are in a folder", async () => {
  const files = await shards(4);
  await using server = rangeServer(files);
  await using folder = await temporaryFolder(files);
  const local = await openDataset(denoFilesWithArchives(), { data: `${folder.path}/set` });
  const remote = mounted(server.origin, "set/{000..003}.tar");
  const found = await openDataset(remote.files, { data: remote.path });
  const rows = ({ name, label }: { name: string; label: number }) => [name, label];
  assert.deepEqual(found.train.map(rows), local.train.map(rows));
  assert.deepEqual(found.validation.map(rows), local.validation.map(rows));
  // Each shard was asked for once, with an index beside it that is not there: labels came with the headers.
  const asked = server.asked.map(({ path }) => path).sort();
  assert.deepEqual(asked, Object.keys(files).flatMap((path) => [path, path + INDEX_ENDING]).sort());
  for (const sample of found.train) {
    const twin = local.train.find(({ name }) => name === sample.name)!;
    const read = await remote.files.read(sample.path);
    assert.deepEqual(read, await denoFilesWithArchives().read(twin.path));
    assert.match(
      await remote.files.realPath(sample.path),
      /^http:\/\/127.*\/set\/00\d\.tar\/\d+\.png$/,
    );
  }
  const images = await openImages(remote.files, remote.path);
  assert.deepEqual(images.slice(2, 4).map(({ name }) => name), ["000.tar/2.png", "001.tar/3.png"]);
  const named = await openImages(remote.files, remote.path, ["7.png", "000.tar/1.png"]);
  assert.match(named[0]!.path, /002\.tar\/7\.png$/);
  assert.match(await message(openImages(remote.files, remote.path, ["99.png"])), /no shard has it/);
  const gone = mounted(server.origin, "set/{002..004}.tar");
  assert.match(await message(openDataset(gone.files, { data: gone.path })), /004\.tar/);
});

Deno.test("a large archive is listed by its headers, or by an index beside it in one request", async () => {
  const large = Object.fromEntries([0, 1, 2, 3].flatMap((i) => [
    [`${i}.jpg`, new Uint8Array(3 * 2 ** 20).fill(i)],
    [`${i}.cls`, new TextEncoder().encode(`${i % 2}`)],
  ]));
  const tar = tarOf(madeOf(large));
  await using server = rangeServer({ "set/000.tar": tar });
  const listed = async () => {
    const { files, path } = mounted(server.origin, "set/{000..000}.tar");
    server.asked.length = 0;
    const { train, validation } = await openDataset(files, { data: path });
    const sample = [...train, ...validation].find(({ name }) => name === "000.tar/2.jpg")!;
    assert.equal(sample.label, 0);
    const requests = server.asked.map(({ range }) =>
      range!.replace("bytes=", "").split("-").map(Number)
    );
    const read = requests.reduce((sum, [from, to]) => sum + to! - from! + 1, 0);
    assert.equal((await files.read(sample.path))[5], 2);
    return { requests: requests.length, read };
  };
  const plain = await listed();
  assert.ok(plain.read < tar.length / 10 && plain.requests <= 8, JSON.stringify(plain));
  await using folder = await temporaryFolder({ "set/000.tar": tar });
  const [written] = await writeIndexes(denoFiles, [`${folder.path}/set`]);
  const index = await Deno.readTextFile(written!);
  assert.equal(parseIndex(index, { where: "i", size: tar.length }).length, 8);
  server.objects["set/000.tar.index"] = await Deno.readFile(written!);
  assert.equal((await listed()).requests, 2);
  for (
    const [text, reason] of [
      ["<html>", /it is no JSON Lines/],
      ["[]", /it is another file/],
      [index.replace(/\d+\]/, "12]"), /of an archive of 12 bytes/],
      [`${index}["x",0,99999999]`, /names no file of it/],
      [`${index}["x",0,3,"AA=="]`, /the bytes of x are not 3/],
    ] as const
  ) {
    assert.throws(() => parseIndex(text, { where: "i", size: tar.length }), reason);
  }
});

function denoFilesWithArchives(): Files {
  return withArchives(denoFiles);
}

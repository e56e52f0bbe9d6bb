/** Writes to `$DISK`, a small disk, until it is full and takes no changes, and prints what it met. A script. */

import { denoFiles as files } from "../../cli/files.ts";
import { hubCache } from "../../cli/hub_cache.ts";
import { DiskCache } from "../../data/cache/disk.ts";
import { requireRoom } from "../../data/storage.ts";
import { RunFolder } from "../../train/run_folder.ts";
import { RunRecord } from "../../train/run_record.ts";

const disk = Deno.env.get("DISK")!;
const met: Record<string, unknown> = {};

/** Notes what `action` threw, and every name on the disk afterwards. */
async function note(name: string, action: () => Promise<unknown>): Promise<void> {
  const error = await action().then(() => undefined, (error: Error) => error);
  const names = (await files.list(disk)).map(({ name }) => name);
  met[name] = { error: error && `${error.name}: ${error.message}`, names };
}

const last = `${disk}/last.safetensors`;
await files.writeAtomic(last, new Uint8Array(20_000).fill(1));
await note("replace", () => files.writeAtomic(last, new Uint8Array(60_000)));
const kept = await files.read(last);
met.kept = kept.length === 20_000 && kept.every((byte) => byte === 1);
await note("room", () => requireRoom(files, `${disk}/runs/new`, { bytes: 2e6, what: "two files" }));
await note("enough", () => requireRoom(files, `${disk}/runs/new`, { bytes: 20_000, what: "" }));
const long = { text: "x".repeat(60_000), bytes: new Uint8Array(60_000) };
await note("create", () => RunFolder.create(files, `${disk}/run`, { text: long.text }));

const record = await RunRecord.open(files, disk);
record.report({ event: "note", text: long.text });
await note("log", () => record.flush());
await files.remove(`${disk}/train.log`);

const hub = hubCache(`${disk}/hub`);
const version = { commit: "0".repeat(40), etag: "1".repeat(64) };
const content = await hub.open({ repository: "a/b", revision: "main", name: "model" }, version);
await note("download", () => content.append(long.bytes));
await content[Symbol.asyncDispose]();
await files.remove(`${disk}/hub`);

const said: string[] = [];
const cache = (dir: string) =>
  new DiskCache(files, { dir, limit: 1e6, note: (text) => said.push(text) });
const image = { width: 200, height: 100, data: new Uint8Array(60_000) };
const full = cache(`${disk}/cache`);
await full.put({ prefix: "p", path: last }, image);
await full.flush();

await new Deno.Command("mount", { args: ["-o", "remount,ro", disk] }).output();
await note("read-only", () => files.writeAtomic(last, new Uint8Array(5)));
const closed = cache(`${disk}/other`);
await closed.put({ prefix: "p", path: last }, image);
await closed.flush();
met.cache = [await closed.get({ prefix: "p", path: last }), closed.open, full.open];
console.log(JSON.stringify({ ...met, said }));

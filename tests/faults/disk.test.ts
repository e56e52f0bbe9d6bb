/** Disks that are full, take no changes or lose a folder: what is there stays, and the fault is said. */

import { strict as assert } from "node:assert";
import { denoFiles as files } from "../../cli/files.ts";
import { failureOf } from "../../cli/errors.ts";
import { StorageError } from "../../data/storage.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { RunFolder } from "../../train/run_folder.ts";
import { RunRecord } from "../../train/run_record.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { device } from "../device.ts";
import { onSmallDisk, smallDiskTest } from "./small_disk.ts";

smallDiskTest(
  "a full disk keeps what it had, no half file, and is named with its room",
  async () => {
    const ran = await onSmallDisk("64k", '"$DENO" run -A tests/faults/refusals.ts');
    assert.equal(ran!.code, 0, ran!.err);
    const met = JSON.parse(ran!.out);
    const full =
      /^StorageError: Cannot write ".*": its disk is full \(\d+ KiB free\), room.* was needed$/;
    assert.match(met.replace.error, full);
    assert.deepEqual(met.replace.names, ["last.safetensors"]);
    assert.equal(met.kept, true);
    assert.match(met.room.error, /two files take 2 MiB, its disk has 4\d KiB free; make room/);
    assert.equal(met.enough.error, undefined);
    assert.match(met.create.error, full);
    assert.deepEqual(
      met.create.names,
      ["last.safetensors"],
      "a run that cannot begin leaves nothing",
    );
    assert.match(met.log.error, full);
    assert.match(met.download.error, full);
    assert.match(met["read-only"].error, /^StorageError: .*: its disk takes no changes, one that/);
    assert.deepEqual(met.cache, [null, false, false]);
    assert.match(
      met.said[0],
      /cache\/\w+ takes no more images \(.* its disk is full .*\): further/,
    );
    assert.match(met.said[1], /other\/\w+ takes no more images \(.* takes no changes.*\): further/);
    assert.equal(met.said.length, 2);
  },
);

if (device) {
  smallDiskTest("a run whose disk fills up ends with 7 and keeps its last checkpoint", async () => {
    await using folder = await temporaryFolder(await twoClasses());
    // Two checkpoints of 24 MB fit, beside the best weights and a third that is being written they do not.
    const flags =
      "--model mobilenetv3_small_100 --size 32 --batch 8 --workers 1 --lr 1e-3 --epochs 4";
    const train = `"$DENO" run -A cli.ts train --data "$DATA" ${flags} --run "$DISK/run"`;
    const after =
      'code=$?; ls "$DISK/run" >&2; cp "$DISK/run/last.safetensors" "$DATA"; exit $code';
    const ran = await onSmallDisk("52m", `${train}; ${after}`, { DATA: `${folder.path}/data` });
    assert.equal(ran!.code, 7, ran!.err);
    assert.match(ran!.err, /verity train: Cannot write ".*last.safetensors": its disk is full \(/);
    assert.doesNotMatch(ran!.err, /\.part$/m);
    const { epoch } = await readCheckpoint(files, `${folder.path}/data/last.safetensors`);
    assert.ok(epoch >= 1);
  });
}

Deno.test("files in the way, and a folder that is gone, are said in words", async () => {
  await using folder = await temporaryFolder({ "file": "x", "folder/inside": "x" });
  const { path } = folder;
  const wrote = (to: string) => files.writeAtomic(`${path}/${to}`, new Uint8Array(1));
  const rows: [action: () => Promise<unknown>, text: RegExp][] = [
    [() => wrote("folder"), /folder": a folder is where a file was needed/],
    [() => wrote("file/x"), /file\/x": a file is where a folder was needed/],
    [() => wrote("gone/x"), /gone\/x": its folder is not there any more/],
    [() => files.makeDirectory(`${path}/file/x`), /a file is where a folder was needed/],
    [() => files.makeDirectory(`${path}/file`), /a file is where a folder was needed/],
    [() => files.appendText(`${path}/gone/x`, "x"), /its folder is not there any more/],
    [() => files.append("/dev/full", new Uint8Array(1)), /full": its disk is full \(/],
  ];
  for (const [action, text] of rows) {
    await assert.rejects(action, (error) => {
      assert.ok(error instanceof StorageError);
      assert.match(error.message, text);
      assert.equal(failureOf(error).code, 7);
      return true;
    });
  }
  assert.deepEqual((await files.list(path)).map(({ name }) => name), ["file", "folder"]);
});

Deno.test("a run folder that is deleted under its run ends the run with the first fault", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/run`;
  const run = await RunFolder.create(files, path, {});
  const record = await RunRecord.open(files, path);
  await files.remove(path);
  record.report({ event: "note", text: "first" });
  record.report({ event: "note", text: "second" });
  await assert.rejects(record.flush(), /train\.log": its folder is not there any more/);
  await run.discardUnfinished();
  await assert.rejects(run.write("metrics.csv", ""), StorageError);
  assert.equal(await files.kind(path), "none");
});

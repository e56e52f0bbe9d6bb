/** `--batch auto`: what it comes to on devices of several kinds, what is said and saved of it. Opens no device. */

import assert from "node:assert/strict";
import { type Means, openWithBatch, withBatch } from "../../cli/batch.ts";
import { readBytes } from "../../cli/batch_flags.ts";
import { UsageError } from "../../cli/errors.ts";
import { type Job, prepareJob } from "../../cli/job.ts";
import { resumeFlags } from "../../cli/resume_flags.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";
import { MemoryError } from "../../engine/compile/program.ts";
import type { Device } from "../../engine/gpu/device.ts";
import type { Checkpoint } from "../../train/checkpoint.ts";
import type { RunEvent } from "../../train/events.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";

const TRAIN = "--model mobilenetv3_small_100 --size 64 --workers 1 --augment none --batch auto";

const MIB = 2 ** 20;

/** A device that is only known, with buffers of at most `maxBuffer` bytes. */
function known(maxBuffer: number, software = false): Device {
  return { software, name: "made up", limits: { maxBuffer } } as Device;
}

const enough: Means["allocate"] = () => Promise.resolve(true);

/** A job of 400 images, and what it says. */
async function job(folder: string, more = ""): Promise<{ job: Job; said: string[] }> {
  const args = `--data ${folder}/data --validation 0.2 ${TRAIN} ${more}`.trim().split(/ +/);
  const parsed = readTrainFlags(args);
  assert.ok("flags" in parsed);
  const said: string[] = [];
  const report = (event: RunEvent) => void (event.event === "note" && said.push(event.text));
  return { job: await prepareJob(parsed.flags, args, report), said };
}

Deno.test("--batch auto fills what is known of a device, and is saved as a number", async () => {
  const names = Array.from({ length: 500 }, (_, i) => `data/${i % 2}/${i}.png`);
  await using folder = await temporaryFolder(await pictures(names, { width: 32, height: 32 }));
  const free = () => 2 ** 28;
  const on = async (device: Device, more = "", means: Partial<Means> = {}) => {
    const { job: prepared, said } = await job(folder.path, more);
    const settled = await withBatch(device, prepared, { free, allocate: enough, ...means });
    assert.equal(settled.flags.batch, settled.recipe.batch);
    return { batch: settled.flags.batch, text: said.at(-1)!, job: settled };
  };
  const gpu = await on(known(48 * MIB));
  assert.ok(gpu.batch >= 8 && gpu.batch % 8 === 0, String(gpu.batch));
  assert.match(gpu.text, /^Batch \d+ \(auto\): .* MiB of the 48 MiB that this device allows/);
  const more = await on(known(48 * MIB), "--memory 51M");
  assert.ok(more.batch > gpu.batch, `${more.batch} after ${gpu.batch}`);
  assert.match(more.text, /of the 51 MiB that --memory allows$/);
  const software = await on(known(2 ** 31, true), "", { free: () => 96 * MIB });
  assert.equal(software.batch, gpu.batch);
  assert.match(software.text, /of the 48 MiB that are half of what this machine has free/);
  const full = await on(known(48 * MIB), "", {
    allocate: (bytes) => Promise.resolve(bytes < 40 * MIB),
  });
  assert.ok(full.batch < gpu.batch, `${full.batch} after ${gpu.batch}`);
  assert.match(full.text, /the device did not have the 48 MiB/);
  const rich = await on(known(2 ** 40));
  assert.equal(rich.batch, 40);
  assert.match(rich.text, /more would leave an epoch fewer than 10 steps$/);
  assert.equal((await on(known(2 ** 40), "--accumulate 2")).batch, 20);
  await assert.rejects(on(known(2 ** 20)), MemoryError);

  // A device that has it when it is asked, and not when the buffers are made.
  const { job: auto, said } = await job(folder.path);
  const tried: number[] = [];
  const open = ({ flags: { batch } }: Job) => {
    tried.push(batch);
    if (batch > 10) throw new MemoryError("none left");
    return Promise.resolve(`opened with ${batch}`);
  };
  const means = { free, allocate: enough };
  const { opened, job: smaller } = await openWithBatch(known(48 * MIB), auto, { open, means });
  assert.equal(tried[0], gpu.batch);
  assert.deepEqual(tried, tried.toSorted((a, b) => b - a));
  const last = tried.at(-1)!;
  assert.ok(last <= 10 && tried.length > 1, String(tried));
  assert.deepEqual([opened, smaller.flags.batch], [`opened with ${last}`, last]);
  assert.match(said.at(-1)!, /the device did not have the 48 MiB/);
  const never = () => Promise.reject(new MemoryError("none"));
  await assert.rejects(openWithBatch(known(48 * MIB), auto, { open: never, means }), MemoryError);
  const own = { ...auto, flags: { ...auto.flags, batch: 16 } };
  await assert.rejects(
    openWithBatch(known(48 * MIB), own, { open: never, means }),
    /^MemoryError: none$/,
  );

  // A run goes on with its batch, on whatever device.
  const checkpoint = {
    model: "mobilenetv3_small_100",
    configuration: gpu.job.recipe,
  } as unknown as Checkpoint;
  const resumed = (args: string) =>
    resumeFlags(checkpoint, { path: "last.safetensors", args: args.split(" ") }).batch;
  assert.equal(resumed("--resume runs/a"), gpu.batch);
  assert.equal(resumed("--resume runs/a --batch auto"), gpu.batch);
  assert.throws(() => resumed(`--resume runs/a --batch ${gpu.batch + 1}`), UsageError);
});

Deno.test("--memory is read in the units people write, and only where it limits something", () => {
  for (
    const [text, bytes] of [
      ["4G", 2 ** 32],
      ["512M", 2 ** 29],
      ["1.5GiB", 1.5 * 2 ** 30],
      ["800 kb", 800 * 1024],
      ["1000", 1000],
    ] as const
  ) assert.equal(readBytes(text), bytes);
  for (const text of ["", "G", "-1G", "0", "4T", "much"]) assert.throws(() => readBytes(text));
  assert.throws(
    () => readTrainFlags(["--batch", "8", "--memory", "4G"]),
    /^UsageError: Cannot use --memory with a --batch of its own size/,
  );
  assert.throws(() => readTrainFlags(["--batch", "0"]), /auto or a whole number from 1/);
});

/** Devices that are lost at random moments of training: one error, in words, and the last checkpoint stays whole. */

import { strict as assert } from "node:assert";
import { failureOf } from "../../cli/errors.ts";
import { denoFiles as files } from "../../cli/files.ts";
import { prepareJob } from "../../cli/job.ts";
import { trainJob } from "../../cli/train.ts";
import { readTrainFlags } from "../../cli/train_flags.ts";
import { DeviceError, openDevice } from "../../engine/gpu/device.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { Session } from "../../train/session.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { blocks, classes, shape } from "../train/blocks.ts";

// What the machine has downloaded is no part of these tests.
Deno.env.set("HF_HOME", "/nowhere");

const [batch, size] = shape;
const examples = {
  images: Uint8Array.from({ length: batch * size * size * 4 }, (_, i) => i * 37 % 251),
  labels: Int32Array.of(0, 1, 2, 0),
};

/** A whole number from 0 to below `end`. */
function random(end: number): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % end;
}

deviceTest("a device that is lost at any moment of a session is a DeviceError", async () => {
  const moments: string[] = [];
  for (let round = 0; round < 6; round++) {
    const device = await openDevice();
    const session = await Session.create(device, {
      ...{ model: blocks, classes, size, batch, seed: 1, train: true },
      optimizer: { name: "sgd", momentum: 0.9 },
    });
    const actions: [name: string, action: () => unknown][] = [
      ["step", () => session.step(examples, { learningRate: 0.01 })],
      ["metrics", () => session.metrics()],
      ["evaluate", () => session.evaluate(examples)],
      ["read weights", () => session.readWeights()],
      ["read optimizer", () => session.readOptimizer()],
    ];
    // Sometimes while the device is at work, sometimes while it is idle.
    const last = random(40);
    moments.push(`${last}`);
    const pending: unknown[] = [];
    for (let i = 0; i < last; i++) {
      const [name, action] = actions[random(actions.length)]!;
      moments[round] += ` ${name}`;
      const started = action();
      pending.push(started);
      if (random(2)) await started;
    }
    device.gpu.destroy();
    // What was under way may end either way; what comes later may not.
    for (const one of await Promise.allSettled(pending)) {
      if (one.status === "fulfilled") continue;
      assert.ok(one.reason instanceof DeviceError, `${moments[round]}: ${one.reason}`);
    }
    for (const [name, action] of actions.slice(1)) {
      await assert.rejects(async () => await action(), (error) => {
        assert.ok(error instanceof DeviceError, `${name} after ${moments[round]}: ${error}`);
        assert.equal(failureOf(error).code, 4);
        return true;
      });
    }
    assert.throws(actions[0]![1], DeviceError);
    session.destroy();
  }
});

deviceTest("a device that is lost while a session is made is a DeviceError", async () => {
  for (const time of [0, 10, 40]) {
    const device = await openDevice();
    const made = Session.create(device, {
      ...{ model: blocks, classes, size, batch, seed: 1, train: true },
      optimizer: { name: "adam" },
    });
    const lost = new Promise((resolve) => setTimeout(resolve, time)).then(() =>
      device.gpu.destroy()
    );
    const [one] = await Promise.allSettled([made, lost]);
    const session = one.status === "fulfilled" ? one.value : undefined;
    await assert.rejects(async () => session ? await session.metrics() : await made, (error) => {
      assert.ok(error instanceof DeviceError, `after ${time} ms: ${error}`);
      return true;
    });
    session?.destroy();
  }
});

deviceTest("a device that is lost while an evaluation is compiled is a DeviceError", async () => {
  for (const turns of [0, 5, 50]) {
    const device = await openDevice();
    const session = await Session.create(device, {
      ...{ model: blocks, classes, size, batch, seed: 1, train: true },
      optimizer: { name: "sgd" },
    });
    const evaluated = session.evaluate(examples);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    device.gpu.destroy();
    await assert.rejects(evaluated, (error) => {
      assert.ok(error instanceof DeviceError, `after ${turns} turns: ${error}`);
      return true;
    });
    session.destroy();
  }
});

deviceTest("a run whose device is lost ends with 4 and keeps its last checkpoint", async () => {
  await using folder = await temporaryFolder(await twoClasses());
  const [data, run] = [`${folder.path}/data`, `${folder.path}/run`];
  const { requestDevice } = GPUAdapter.prototype;
  let device: GPUDevice | undefined;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    return device = await requestDevice.call(this, descriptor);
  };
  const step = 1 + random(4);
  const args =
    `--model mobilenetv3_small_100 --size 32 --batch 4 --workers 1 --epochs 4 --run ${run} ` +
    `--data ${data} --validation 0.25 --log-every 1`;
  try {
    const parsed = readTrainFlags(args.split(" "));
    assert.ok("flags" in parsed);
    const job = await prepareJob(parsed.flags, args.split(" "), (event) => {
      if (event.event === "step" && event.epoch === 2 && event.step === step) device!.destroy();
    });
    await assert.rejects(trainJob(job), (error) => {
      assert.ok(error instanceof DeviceError, `at step ${step}: ${error}`);
      const { code, message } = failureOf(error);
      assert.equal(code, 4);
      assert.match(message, /^Cannot compute: the device was lost/);
      return true;
    });
  } finally {
    Object.assign(GPUAdapter.prototype, { requestDevice });
  }
  assert.equal((await readCheckpoint(files, `${run}/last.safetensors`)).epoch, 1);
  const left = (await files.list(run)).map(({ name }) => name);
  assert.deepEqual(left.filter((name) => name.endsWith(".part")), []);
});

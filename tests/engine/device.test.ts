/** Devices: opened elsewhere, or broken. What goes wrong on one is thrown where numbers are run or read. */

import { strict as assert } from "node:assert";
import { compile } from "../../engine/compile/mod.ts";
import { MemoryError, type Program } from "../../engine/compile/program.ts";
import { adoptDevice, type Device, DeviceError, openDevice } from "../../engine/gpu/device.ts";
import { canAllocate, Memory } from "../../engine/gpu/memory.ts";
import { Runner } from "../../engine/gpu/runner.ts";
import { input } from "../../engine/graph.ts";
import { add } from "../../engine/ops/pointwise.ts";
import { deviceTest } from "../device.ts";

const x = input("x", [4]);
const y = add(x, x);
const program = compile({ outputs: [y] });

/** Runs `test` on a device of its own, which may be broken. */
async function breakable(test: (device: Device) => Promise<void>): Promise<void> {
  const device = await openDevice();
  try {
    await test(device);
  } finally {
    device.gpu.destroy();
  }
}

deviceTest(
  "a device that something else opened computes, within the limits that it was opened with",
  async ({ name, software }) => {
    const adapter = await navigator.gpu.requestAdapter();
    const gpu = await adapter!.requestDevice();
    try {
      const adopted = await adoptDevice(gpu);
      assert.deepEqual([adopted.name, adopted.software], [name, software]);
      assert.equal(adopted.limits.maxBinding, 2 ** 27, "WebGPU's default");
      const memory = new Memory(adopted);
      const runner = await Runner.create(program, memory);
      memory.write(x, [1, 2, 3, 4]);
      runner.run();
      assert.deepEqual([...await runner.read(y)], [2, 4, 6, 8]);
    } finally {
      gpu.destroy();
    }
  },
);

deviceTest(
  "a lost device is a DeviceError, in read() and in run()",
  () =>
    breakable(async (device) => {
      const runner = await Runner.create(program, new Memory(device));
      runner.run();
      device.gpu.destroy();
      await assert.rejects(runner.read(y), (error) => {
        assert.ok(error instanceof DeviceError);
        assert.match(error.message, /^Cannot compute: the device was lost/);
        return true;
      });
      assert.throws(() => runner.run(), DeviceError);
    }),
);

deviceTest(
  "work that the device refuses is an error, once, not a wrong number",
  () =>
    breakable(async (device) => {
      const dispatches = program.dispatches.map((d) => ({ ...d, grid: [70000, 1, 1] as const }));
      const broken: Program = { ...program, dispatches };
      const memory = new Memory(device);
      const runner = await Runner.create(broken, memory);
      runner.run();
      await assert.rejects(runner.read(y), /^Error: Cannot compute: the device refused/);
      memory.write(x, [1, 2, 3, 4]);
      const whole = await Runner.create(program, memory);
      whole.run();
      assert.deepEqual([...await whole.read(y)], [2, 4, 6, 8]);
    }),
);

deviceTest(
  "a buffer that the device has no memory for is a MemoryError",
  () =>
    breakable(async (device) => {
      const runner = await Runner.create(program, new Memory(device));
      const event = new GPUUncapturedErrorEvent("uncapturederror", {
        error: new GPUOutOfMemoryError("none left"),
      });
      device.gpu.dispatchEvent(event);
      assert.throws(() => runner.run(), MemoryError);
    }),
);

deviceTest(
  "bytes that a device has are allocated and freed, in buffers that it allows",
  async (device) => {
    let [made, freed] = [0, 0];
    const { createBuffer } = GPUDevice.prototype;
    const { destroy } = GPUBuffer.prototype;
    GPUDevice.prototype.createBuffer = function (descriptor) {
      made++;
      return createBuffer.call(this, descriptor);
    };
    GPUBuffer.prototype.destroy = function () {
      freed++;
      destroy.call(this);
    };
    try {
      assert.equal(await canAllocate(device, 1001), true);
      const { maxBufferSize } = device.gpu.limits;
      assert.equal(await canAllocate(device, maxBufferSize + 16), true);
    } finally {
      GPUDevice.prototype.createBuffer = createBuffer;
      GPUBuffer.prototype.destroy = destroy;
    }
    assert.deepEqual([made, freed], [3, 3]);
    device.check();
  },
);

deviceTest(
  "a program that cannot be built leaves neither buffers nor error scopes",
  () =>
    breakable(async (device) => {
      const dispatches = program.dispatches.map((d) => ({ ...d, wgsl: "fn main() { nonsense }" }));
      const memory = new Memory(device);
      const destroy = GPUBuffer.prototype.destroy;
      let destroyed = 0;
      GPUBuffer.prototype.destroy = function () {
        destroyed++;
        destroy.call(this);
      };
      try {
        await assert.rejects(Runner.create({ ...program, dispatches }, memory), SyntaxError);
      } finally {
        GPUBuffer.prototype.destroy = destroy;
      }
      assert.equal(destroyed, program.buffers.filter((b) => !b.holds).length);
      await assert.rejects(device.gpu.popErrorScope(), "no scope is left to pop");
    }),
);

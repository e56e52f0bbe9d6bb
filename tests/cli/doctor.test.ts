/** Tests of the doctor: what it calls healthy and what not, and the command it knows for each. */
import assert from "node:assert/strict";
import { correctness, speed } from "../../cli/doctor/computing.ts";
import { exitCodeOf, type Finding, findingLines } from "../../cli/doctor/finding.ts";
import {
  abilities,
  adapter,
  decoder,
  disk,
  mendAdapter,
  runtime,
} from "../../cli/doctor/machine.ts";
import { denoFiles } from "../../cli/files.ts";
import { type Decoder, openDecoder } from "../../data/decode.ts";
import { type Device, DeviceError } from "../../engine/gpu/device.ts";
import { evaluate } from "../../engine/gpu/evaluate.ts";
import { checkStep } from "../../train/self_check.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { verity } from "./command.ts";

/** A Linux machine where these paths are there. */
function linux(paths: readonly string[], env: Record<string, string> = {}) {
  return {
    os: "linux",
    exists: (path: string) => paths.includes(path),
    env: (name: string) => env[name],
  };
}

Deno.test("doctor knows which command may give a machine an adapter", () => {
  const nvidia = "/dev/nvidia0";
  const cases: readonly [around: Parameters<typeof mendAdapter>[0], command: RegExp][] = [
    [linux([]), /apt-get install libvulkan1 mesa-vulkan-drivers/],
    [linux(["/usr/lib64/libvulkan.so.1"]), /apt-get install mesa-vulkan-drivers/],
    [linux(["/dev/dri"]), /apt-get install libvulkan1 mesa-vulkan-drivers/],
    [linux([nvidia, "/.dockerenv"]), /NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility/],
    [linux([nvidia, "/.dockerenv"], { "NVIDIA_DRIVER_CAPABILITIES": "all" }), /libegl1/],
    [linux([nvidia]), /libegl1/],
    [{ ...linux([]), os: "windows" }, /vendor's driver/],
  ];
  for (const [around, command] of cases) assert.match(mendAdapter(around), command);
});

Deno.test("doctor calls a missing adapter and an old Deno problems, and ends with 4", async () => {
  const none = () => Promise.reject(new DeviceError("Cannot open a device: no adapter"));
  const { finding, device } = await adapter(none, linux([]));
  assert.equal(device, undefined);
  assert.deepEqual([finding.state, finding.text], ["problem", "Cannot open a device: no adapter"]);
  assert.deepEqual(["2.8.3", "1.46.0", "2.9.6", "2.10.0", "3.0.0"].map((v) => runtime(v).state), [
    ...["problem", "problem", "ok", "ok", "ok"],
  ]);
  const fine: Finding = { name: "a", state: "warning", text: "slow", mend: "hurry" };
  assert.deepEqual([exitCodeOf([fine]), exitCodeOf([fine, finding]), exitCodeOf([])], [0, 4, 0]);
  assert.deepEqual(findingLines([fine]).map((line) => line.trim()), [
    "! a           slow",
    "→ hurry",
  ]);
  await assert.rejects(
    adapter(() => Promise.reject(new TypeError("a fault")), linux([])),
    TypeError,
  );
});

Deno.test("doctor decodes a picture, and tells a slow library from a wrong one", async () => {
  const real = await openDecoder();
  const other = (changed: Partial<Decoder>) => () => Promise.resolve({ ...real, ...changed });
  assert.equal((await decoder(other({ library: "jsquash" }))).state, "warning");
  const wrong = async (bytes: Uint8Array, name: string) => {
    const image = await real.decode(bytes, name);
    return { ...image, data: image.data.map((x, i) => i === 5 ? x ^ 1 : x) };
  };
  assert.equal((await decoder(other({ library: "sharp", decode: wrong }))).state, "problem");
  assert.equal((await decoder(() => Promise.reject(new Error("gone")))).state, "problem");
  assert.notEqual((await decoder()).state, "problem");
});

Deno.test("doctor writes to a folder and leaves nothing there", async () => {
  await using folder = await temporaryFolder({ file: "x", "room/": "" });
  const at = (path: string, free: number) =>
    disk(
      denoFiles,
      { name: "disk", path: `${folder.path}/${path}`, mend: "elsewhere" },
      () => Promise.resolve(free),
    );
  const [roomy, full, blocked] = [
    await at("room", 2 ** 36),
    await at("room", 2 ** 20),
    await at("file/a", 2 ** 36),
  ];
  assert.deepEqual([roomy, full, blocked].map(({ state }) => state), ["ok", "warning", "problem"]);
  assert.match(roomy.text, /64\.0 GiB free/);
  assert.deepEqual(await denoFiles.list(`${folder.path}/room`), []);
});

deviceTest(
  "doctor compares a training step with float64 and finds one number that is off",
  async (device) => {
    const { loss, gradient } = await checkStep(device);
    assert.ok(loss > 0 && loss < 1e-5, `${loss}`);
    assert.ok(gradient > 0 && gradient < 1e-5, `${gradient}`);
    assert.equal((await correctness(device)).state, "ok");
    const off: typeof evaluate = async (...args) => {
      const [loss, gradient] = await evaluate(...args);
      const largest = gradient!.reduce(
        (a, x, i) => Math.abs(x) > Math.abs(gradient![a]!) ? i : a,
        0,
      );
      return [loss!, gradient!.map((x, i) => i === largest ? 1.001 * x : x)];
    };
    const wrong = await correctness(device, (device) => checkStep(device, off));
    assert.equal(wrong.state, "problem");
    assert.match(wrong.text, /it computes wrongly/);
    const failing = await correctness(device, () => Promise.reject(new Error("lost")));
    assert.deepEqual([failing.state, failing.text], ["problem", "a training step fails: lost"]);
    assert.match((await speed(device, 0.05)).text, /^[1-9][\d.]* GFLOP\/s|^0\.\d+ GFLOP\/s/);
  },
);

deviceTest("doctor says what a device can do, and warns of small limits", (device) => {
  const limited: Device = { ...device, limits: { ...device.limits, maxBinding: 2 ** 27 } };
  const states = (found: Finding[]) =>
    Object.fromEntries(found.map(({ name, state }) => [name, state]));
  assert.equal(states(abilities(limited, undefined)).limits, "warning");
  const ample: Device = { ...device, limits: { ...device.limits, maxBinding: 2 ** 30 } };
  assert.deepEqual(states(abilities(ample, "570.1")), {
    driver: "ok",
    limits: "ok",
    features: "ok",
  });
  return Promise.resolve();
});

deviceTest("verity doctor ends with 0 here, and with 4 where drivers are hidden", async () => {
  const findings = (out: string): Finding[] =>
    out.trimEnd().split("\n").map((line) => JSON.parse(line));
  const here = await verity(["doctor", "--json"]);
  assert.equal(here.code, 0, here.out + here.err);
  const names = findings(here.out).map(({ name }) => name);
  assert.deepEqual(names, [
    ...[
      "runtime",
      "adapter",
      "driver",
      "limits",
      "features",
      "correctness",
      "speed",
      "decoder",
      "cache",
      "runs",
    ],
  ]);
  if (Deno.build.os !== "linux") return;
  const hidden = {
    "VK_ICD_FILENAMES": "/nowhere",
    "VK_DRIVER_FILES": "/nowhere",
    "DENO_WEBGPU_BACKEND": "vulkan",
  };
  const without = await verity(["doctor", "--json"], { env: hidden });
  assert.equal(without.code, 4, without.out);
  const found = findings(without.out).find(({ name }) => name === "adapter");
  assert.equal(found?.state, "problem");
  assert.match(found?.mend ?? "", /install|docker/);
});

/** `--pretrained`: the environment it reads, the files it asks for, and a run that begins with them. */
import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";
import { hubEnvironment } from "../../cli/downloaded.ts";
import { pretrainedFile } from "../../cli/pretrained.ts";
import { weightShapes } from "../../models/compare.ts";
import { HubError } from "../../models/hub.ts";
import { formatSafetensors, fromFloats } from "../../models/safetensors.ts";
import { pictures, temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { loopback } from "../models/loopback.ts";
import { verity } from "./command.ts";

const environment = (values: Record<string, string>) =>
  hubEnvironment((name) => ({ "HOME": "/home/a", ...values })[name]);

Deno.test("hubEnvironment() has the hub's own defaults", () => {
  assert.deepEqual(environment({}), {
    endpoint: "https://huggingface.co",
    folder: "/home/a/.cache/huggingface/hub",
    offline: false,
  });
});

Deno.test("hubEnvironment() reads the variables of the hub's tools", async () => {
  await using home = await temporaryFolder({ "token": " hf_file\n" });
  const { path } = home;
  const folder = (values: Record<string, string>) => environment(values).folder;
  const token = (values: Record<string, string>) => environment(values).token;
  assert.equal(folder({ "XDG_CACHE_HOME": "/x" }), "/x/huggingface/hub");
  assert.equal(folder({ "XDG_CACHE_HOME": "/x", "HF_HOME": "~/hf" }), "/home/a/hf/hub");
  assert.equal(folder({ "HF_HOME": "$BASE/hf", "BASE": "/b" }), "/b/hf/hub");
  assert.equal(folder({ "HF_HOME": "/h", "HF_HUB_CACHE": "/c" }), "/c");
  assert.equal(token({ "HF_HOME": path }), "hf_file");
  assert.equal(token({ "HF_HOME": path, "HF_TOKEN": "\nhf_given\r" }), "hf_given");
  assert.equal(token({ "HF_TOKEN_PATH": `${path}/token` }), "hf_file");
  assert.equal(token({ "HF_TOKEN": "" }), undefined);
  for (const yes of ["1", "on", "YES", "True"]) {
    assert.equal(environment({ "HF_HUB_OFFLINE": yes }).offline, true);
  }
  assert.equal(environment({ "HF_HUB_OFFLINE": "0" }).offline, false);
  assert.throws(() => environment({ "HF_ENDPOINT": "huggingface.co" }), UsageError);
});

Deno.test("pretrainedFile() takes pytorch_model.bin only where there are no safetensors", async () => {
  await using folder = await temporaryFolder();
  const bin = Uint8Array.of(1, 2, 3);
  const old = "timm/resnet18.old/pytorch_model.bin";
  await using hub = await loopback({
    [old]: bin,
    "timm/resnet18.new/model.safetensors": Uint8Array.of(4),
    "timm/resnet18.new/pytorch_model.bin": bin,
  });
  const where = { endpoint: hub.endpoint, folder: folder.path, offline: false };
  const file = (tag: string) =>
    pretrainedFile("resnet18", tag, { report: () => {}, environment: where });
  assert.deepEqual(await Deno.readFile(await file("old")), bin);
  assert.match(await file("new"), /model\.safetensors$/);
  const asked = hub.asked.map(({ method, path }) => `${method} ${path.replace(/^.*\//, "")}`);
  assert.deepEqual(asked, [
    "HEAD model.safetensors",
    "HEAD pytorch_model.bin",
    "GET pytorch_model.bin",
    "HEAD model.safetensors",
    "GET model.safetensors",
  ]);
  await assert.rejects(file("none"), (error) => {
    assert(error instanceof HubError);
    assert.match(error.message, /resnet18\.none.*no such file; --weights FILE.*HF_ENDPOINT/);
    return true;
  });
});

deviceTest(
  "train --pretrained begins with the weights of the hub",
  async () => {
    await using folder = await temporaryFolder();
    for (const name of ["a", "b"]) {
      await Deno.mkdir(`${folder.path}/data/${name}`, { recursive: true });
      const images = await pictures(["0.png", "1.png", "2.png", "3.png"], {
        width: 40,
        height: 40,
      });
      for (const [file, bytes] of Object.entries(images)) {
        await Deno.writeFile(`${folder.path}/data/${name}/${file}`, bytes);
      }
    }
    const weights = new Map(
      [...weightShapes("mobilenetv3_small_100", 1000)].map(([name, shape]) => {
        const values = new Float32Array(shape.reduce((n, d) => n * d, 1));
        return [
          name,
          fromFloats(shape, values.fill(/running_var|bn\d\.weight/.test(name) ? 1 : 0.01)),
        ];
      }),
    );
    const bytes = formatSafetensors(weights, { format: "pt" });
    await using hub = await loopback({
      "timm/mobilenetv3_small_100.lamb_in1k/model.safetensors": bytes,
    });
    const { code, out, err } = await verity(
      [
        ...["train", "--data", "data", "--model", "mobilenetv3_small_100", "--size", "32"],
        ...["--batch", "4"],
        ...["--epochs", "1", "--workers", "1", "--run", "run", "--json", "--pretrained"],
      ],
      { cwd: folder.path, env: { "HF_ENDPOINT": hub.endpoint, "HF_HOME": "home" } },
    );
    assert.equal(code, 0, err);
    const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    const notes = events.filter(({ event }) => event === "note").map(({ text }) => text).join("\n");
    assert.match(notes, /Receiving timm\/mobilenetv3_small_100\.lamb_in1k\/model\.safetensors/);
    assert.match(
      notes,
      /Begins with the weights of home\/hub\/.*; drawn anew, .*: classifier\.weight/,
    );
    const { pretrained, resize } = JSON.parse(
      await Deno.readTextFile(`${folder.path}/run/config.json`),
    );
    assert.deepEqual([pretrained, resize], ["lamb_in1k", Math.floor(32 / 0.875)]);
  },
);

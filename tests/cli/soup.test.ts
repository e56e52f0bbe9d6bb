/** The real `soup` on models that learned nothing: a checkpoint that is the mean, and never worse than the best. */
import assert from "node:assert/strict";
import { denoFiles } from "../../cli/files.ts";
import { encodePng } from "../../data/encode.ts";
import { toFloats } from "../../models/safetensors.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { noise, temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { verity } from "./command.ts";
import { writeUntrained } from "./untrained.ts";

deviceTest(
  "soup averages runs as long as it gets no worse, and eval takes the result",
  async () => {
    const files: Record<string, string | Uint8Array> = { "a/": "", "b/": "" };
    for (let i = 0; i < 8; i++) files[`data/${i % 2}/${i}.png`] = await encodePng(noise(36, 36, i));
    await using folder = await temporaryFolder(files);
    const model = "mobilenetv3_small_100";
    await writeUntrained(`${folder.path}/a/best.safetensors`, model, { seed: 1 });
    await writeUntrained(`${folder.path}/b/best.safetensors`, model, { seed: 2 });
    await writeUntrained(`${folder.path}/large.safetensors`, model, { size: 64 });
    const run = async (args: string) => {
      const ended = await verity(args.split(" "), { cwd: folder.path });
      assert.equal(ended.code, 0, ended.err);
      return JSON.parse(ended.out.trimEnd().split("\n").at(-1)!);
    };
    const read = (name: string) => readCheckpoint(denoFiles, `${folder.path}/${name}`);

    const greedy = await run("soup a b --data data --part all --json");
    const [first, second] = greedy.tasted;
    assert.deepEqual([greedy.out, greedy.tasted.length], ["soup.safetensors", 2]);
    assert.ok(first.auc >= second.auc && first.kept);
    assert.equal(second.kept, second.soup_auc >= first.auc);
    assert.equal(greedy.auc, Math.max(first.auc, second.soup_auc));
    const measured = await run("eval soup.safetensors --data data --part all --json");
    assert.equal(measured.auc, greedy.auc);

    const uniform = await run(
      "soup a b --data data --part all --uniform --out all.safetensors --json",
    );
    assert.equal(uniform.auc, second.soup_auc);
    const [a, b, all] = await Promise.all(
      ["a/best", "b/best", "all"].map((name) => read(`${name}.safetensors`)),
    );
    for (const name of ["classifier.weight", "conv_stem.weight", "bn1.running_var"]) {
      const [x, y, mean] = [a, b, all].map((one) => toFloats(one!.weights.get(name)!));
      assert.ok(mean!.every((v, i) => v === Math.fround((x![i]! + y![i]!) / 2)), name);
    }
    assert.deepEqual(all!.configuration.soup, [first.name, second.name]);

    const refused = async (args: string, code: number, message: RegExp) => {
      const ended = await verity(args.split(" "), { cwd: folder.path });
      assert.equal(ended.code, code, ended.err);
      assert.match(ended.err, message);
    };
    await Promise.all([
      refused("soup a large.safetensors --data data --out s", 7, /at 64 pixels.*at 32 pixels/),
      refused("soup a --data data --out s", 2, /Cannot average one checkpoint/),
      refused("soup a b --data data", 2, /soup\.safetensors": it is there already/),
      refused("soup a b --out s", 2, /either --data, or --labels with --images, was needed/),
    ]);
  },
);

/** Tests of what people get wrong: the exit code, the name in the message, and that nothing is written. */
import assert from "node:assert/strict";
import { device } from "../device.ts";
import { type CommandOptions, tree, verity } from "./command.ts";
import { folderOfMistakes } from "./mistakes.ts";

/** One mistake. */
interface Row {
  readonly mistake: string;
  readonly args: string;
  readonly code: number;
  /** What the message must name. */
  readonly names: readonly string[];
  /** Whether the mistake shows only on a device. */
  readonly device?: true;
  readonly env?: Record<string, string>;
}

const TRAIN =
  "train --run run --model mobilenetv3_small_100 --size 32 --batch 4 --epochs 1 --workers 1";
const PREDICT = "predict --checkpoint small.safetensors --images good/a --out out.csv";

const ROWS: readonly Row[] = [
  { mistake: "no such folder", args: `${TRAIN} --data nowhere`, code: 3, names: ["nowhere"] },
  { mistake: "an empty folder", args: `${TRAIN} --data empty`, code: 3, names: ["empty"] },
  {
    mistake: "a label naming a missing file",
    args: `${TRAIN} --labels missing.csv --images good/a`,
    code: 3,
    names: ["gone.jpg", "missing.csv"],
  },
  {
    mistake: "words and numbers as labels",
    args: `${TRAIN} --labels words.csv --images good/a`,
    code: 3,
    names: ["2.png", "words.csv"],
  },
  {
    mistake: "a column that is not there",
    args: `${TRAIN} --labels twice.csv --images good/a --label-column class`,
    code: 3,
    names: ["class", "twice.csv"],
  },
  {
    mistake: "a pattern that is none",
    args: `${TRAIN} --data good --group-pattern (`,
    code: 2,
    names: ["--group-pattern", "("],
  },
  {
    mistake: "a fold that is none",
    args: `${TRAIN} --data good --folds 2 --fold 2`,
    code: 2,
    names: ["--fold 2", "0 to 1"],
  },
  {
    mistake: "a weight of nothing",
    args: `${TRAIN} --data good --data three:0`,
    code: 2,
    names: ["three:0", "above 0"],
  },
  {
    mistake: "an archive that is none",
    args: `${TRAIN} --data page.zip`,
    code: 3,
    names: ["page.zip"],
  },
  {
    mistake: "a label file that is none",
    args: `${TRAIN} --labels good/a/0.png --images good/a`,
    code: 3,
    names: ["good/a/0.png"],
  },
  {
    mistake: "a class with one image",
    args: `${TRAIN} --data lonely`,
    code: 3,
    names: ["lonely", "b"],
  },
  {
    mistake: "a name twice",
    args: `${TRAIN} --labels twice.csv --images good/a`,
    code: 3,
    names: ["0.png", "twice.csv"],
  },
  {
    mistake: "a path that leaves the folder",
    args: `${TRAIN} --labels leaving.csv --images good/a`,
    code: 3,
    names: ["../b/4.png", "leaving.csv"],
  },
  {
    mistake: "an absolute path in a sample",
    args: `${PREDICT} --sample absolute.csv`,
    code: 3,
    names: ["/etc/passwd"],
  },
  {
    mistake: "a link that leaves the folder",
    args: `${PREDICT} --images linked --sample link.csv`,
    code: 3,
    names: ["link.png"],
  },
  {
    mistake: "a sample naming a missing image",
    args: `${PREDICT} --sample missing.csv`,
    code: 3,
    names: ["gone.jpg"],
  },
  {
    mistake: "a sample with a name twice",
    args: `${PREDICT} --sample twice.csv`,
    code: 3,
    names: ["0.png", "twice.csv"],
  },
  { mistake: "no images to predict", args: `${PREDICT} --images empty`, code: 3, names: ["empty"] },
  {
    mistake: "a run folder that is in use",
    args: `${TRAIN} --data good --run good`,
    code: 2,
    names: ["good", "not empty"],
  },
  {
    mistake: "an output in no folder",
    args: `${PREDICT} --out nowhere/out.csv`,
    code: 2,
    names: ["--out", "nowhere"],
  },
  {
    mistake: "an output that is a folder",
    args: `${PREDICT} --out good`,
    code: 2,
    names: ["good"],
  },
  {
    mistake: "no output named",
    args: "predict --images a --checkpoint b",
    code: 2,
    names: ["--out"],
  },
  {
    mistake: "no checkpoint",
    args: `${PREDICT} --checkpoint gone.safetensors`,
    code: 7,
    names: ["gone.safetensors"],
  },
  {
    mistake: "a checkpoint that is an image",
    args: `${PREDICT} --checkpoint good/a/0.png`,
    code: 7,
    names: ["good/a/0.png"],
  },
  {
    mistake: "a checkpoint cut short",
    args: `${PREDICT} --checkpoint cut.safetensors`,
    code: 7,
    names: ["cut.safetensors"],
  },
  {
    mistake: "a checkpoint of another model",
    args: `${PREDICT} --model efficientnet_b0`,
    code: 7,
    names: ["small.safetensors", "mobilenetv3_small_100", "efficientnet_b0"],
  },
  {
    mistake: "a checkpoint of other classes",
    args: "eval --checkpoint small.safetensors --data three",
    code: 7,
    names: ["small.safetensors", "a, b, c"],
  },
  {
    mistake: "a run that never finished an epoch",
    args: "train --resume empty",
    code: 7,
    names: ["empty", "last.safetensors"],
  },
  {
    mistake: "a run of another model",
    args: "train --resume stopped --model efficientnet_b0",
    code: 7,
    names: ["stopped/last.safetensors", "mobilenetv3_small_100", "efficientnet_b0"],
  },
  {
    mistake: "another learning rate for a run",
    args: "train --resume stopped --lr 0.25",
    code: 2,
    names: ["--lr", "0.25", "0.005"],
  },
  {
    mistake: "other data for a run",
    args: "train --resume stopped --data three",
    code: 3,
    names: ["stopped", "three"],
  },
  {
    mistake: "no adapter",
    args: `${TRAIN} --data good`,
    code: 4,
    names: ["adapter", "mesa-vulkan-drivers"],
    env: { "DENO_WEBGPU_BACKEND": "dx12" },
  },
  {
    mistake: "a file that is not an image",
    args: `${TRAIN} --data page`,
    code: 3,
    names: ["page.jpg"],
    device: true,
  },
  {
    mistake: "a truncated image",
    args: `${TRAIN} --data half`,
    code: 3,
    names: ["half.jpg"],
    device: true,
  },
  {
    mistake: "a size too large for the device",
    args: `${TRAIN} --data good --size 40000`,
    code: 5,
    names: ["--size"],
    device: true,
  },
  {
    mistake: "a batch too large for the device",
    args: `${TRAIN} --data good --batch 10000000`,
    code: 5,
    names: ["--batch"],
    device: true,
  },
  {
    mistake: "a batch larger than the data",
    args: `${TRAIN} --data good --batch 9`,
    code: 2,
    names: ["--batch"],
    device: true,
  },
  {
    mistake: "a learning rate that diverges",
    args: `${TRAIN} --data good --lr 1e30`,
    code: 6,
    names: ["epoch 1", "step", "--lr"],
    device: true,
  },
  {
    mistake: "initial weights of another model",
    args: `${TRAIN} --data good --weights other.safetensors`,
    code: 7,
    names: ["other.safetensors", "mobilenetv3_small_100", "efficientnet_b0"],
  },
  {
    mistake: "a checkpoint that lacks the model's weights",
    args: PREDICT,
    code: 7,
    names: ["small.safetensors"],
    device: true,
  },
];

const folder = await folderOfMistakes();
globalThis.addEventListener("unload", () => Deno.removeSync(folder.path, { recursive: true }));

for (const row of ROWS) {
  const ignore = row.device === true && device === undefined;
  Deno.test({
    name: `verity names ${row.mistake} and ends with ${row.code}` +
      (ignore ? " (skipped: no adapter)" : ""),
    ignore,
    fn: async () => {
      const before = await tree(folder.path);
      const options: CommandOptions = { cwd: folder.path, ...(row.env && { env: row.env }) };
      const { code, err } = await verity(row.args.split(" "), options);
      const sentences = err.split("\n").filter((line) =>
        line !== "" && !line.startsWith("Warning:")
      );
      assert.equal(code, row.code, err);
      assert.equal(sentences.length, 1, err);
      for (const name of row.names) assert.ok(sentences[0]?.includes(name), err);
      assert.deepEqual(await tree(folder.path), before);
    },
  });
}

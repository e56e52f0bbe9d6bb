/** Targets that runs leave: parts of predictions, beginnings of checkpoints, the text files of a run's folder. */
import { DataError } from "../../data/errors.ts";
import { readRun } from "../../report/run.ts";
import { CheckpointError } from "../../train/checkpoint.ts";
import { readCheckpointState } from "../../train/checkpoint_state.ts";
import { formatPart, parsePart } from "../../train/part.ts";
import { oneFolder } from "./one_folder.ts";
import { require, type Target } from "./verdict.ts";
import { whole, WORDS } from "./weights.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const PART = await formatPart({
  shard: { index: 1, count: 3 },
  plan: {
    ...{ images: 6, ids: "00", checkpoints: ["00"], classes: ["real", "fake"] },
    ...{ average: "probabilities", options: { tta: ["identity"] } },
  },
  ...{ names: ["a.jpg", "b.jpg"], device: "a device" },
  predictions: [{
    probabilities: Float64Array.of(0.25, 0.75, 1, 0),
    logits: Float64Array.of(-1, 1, 9, -9),
    scatter: new Float64Array(4),
    ...{ classes: 2, labels: new Int32Array(2).fill(-1), views: 1 },
  }],
});

/** Parts: anything but what was written is refused, or says the same. */
const part: Target = {
  name: "part",
  seeds: [PART],
  words: [...WORDS, '"index":', '"count":0', '"images":1e15', '"verity_part":"1"', '"views":[]'],
  refuses: [DataError],
  says: "part-1",
  async read(bytes) {
    const read = await parsePart(bytes, "part-1");
    const again = await formatPart(read);
    require(textOf(again) === textOf(PART), "a changed part is taken for whole");
  },
};

/** Beginnings of checkpoints, whose digest is not looked at. */
const beginning: Target = {
  name: "checkpoint-header",
  seeds: [whole],
  words: [...WORDS, '"checkpoint":"{}"', '"classes":null', '\\"epoch\\":', '\\"best\\":[]'],
  refuses: [CheckpointError],
  says: "last.safetensors",
  async read(bytes) {
    const files = oneFolder(new Map([["last.safetensors", bytes]]));
    const { classes, epoch, step } = await readCheckpointState(files, "last.safetensors");
    require(classes.every((name) => typeof name === "string"), "a class has no name");
    require(Number.isSafeInteger(epoch) && Number.isSafeInteger(step), `step ${step} of ${epoch}`);
  },
};

/** What separates the files of a folder in an input. */
const NEXT = "\x1e\n";

const FILES: Readonly<Record<string, string>> = {
  "config.json": '{"model":"resnet18","seed":1,"size":32}',
  "env.json": '{"device":"a device","deno":"2.9.6"}',
  "data.json": '{"source":"a folder","classes":[{"name":"real","train":3,"validation":2},' +
    '{"name":"fake","train":3,"validation":2}],"notes":["a note"],"left_out":0}',
  "metrics.csv":
    "epoch,train_loss,loss,accuracy,auc,best\n1,0.7,0.6,0.5,0.5,1\n2,0.6,0.5,0.75,0.8,1\n",
  "steps.csv": "epoch,step,loss,accuracy,lr,img_per_s,waiting\n1,1,0.7,0.5,0.01,8,0\n",
  "validation.csv": "img_name,path,label,logit_0,logit_1\na.jpg,d/a.jpg,0,1,-1\n" +
    "b.jpg,d/b.jpg,1,-1,1\nc.jpg,d/c.jpg,1,0.5,0.25\n",
};

/** The folder of a run, as `report`, `serve` and `compare` read those of others. */
const run: Target = {
  name: "run",
  seeds: [utf8(Object.values(FILES).join(NEXT))],
  words: [
    ...WORDS,
    ...["null", "[]", ",", "\n", "NaN", "1e999", '"seed":"x"', '"classes":{}', "label", "logit_"],
    ...[",".repeat(5000), "__proto__", "2,", "-1,", "0.5,", "9007199254740993", '"'],
  ],
  refuses: [CheckpointError, DataError],
  says: "run/",
  async read(bytes) {
    const parts = textOf(bytes).split(NEXT);
    const named = Object.keys(FILES).flatMap((name, i) => {
      const text = parts[i];
      return text === undefined ? [] : [[`run/${name}`, utf8(text)] as const];
    });
    const { epochs, steps, validation } = await readRun(oneFolder(new Map(named)), "run");
    for (const row of epochs) {
      require(Object.values(row).every((n) => typeof n === "number"), "an epoch has a text");
    }
    for (const { step } of steps) require(typeof step === "number", "a step is a text");
    if (!validation) return;
    const { labels, logits, classes } = validation;
    require(logits.length === labels.length * classes, `${logits.length} logits`);
  },
};

/** Targets of this file. */
export const runTargets: readonly Target[] = [part, beginning, run];

/** A run folder as training leaves one, without training and without weights: for tests of what reads it. Asserts nothing. */
import { denoFiles } from "../../cli/files.ts";
import { encodePng } from "../../data/encode.ts";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import type { Outputs } from "../../train/evaluate.ts";
import type { EpochEvent, StepEvent } from "../../train/events.ts";
import { scoresOf } from "../../train/metrics.ts";
import { RunFolder } from "../../train/run_folder.ts";
import { RunRecord } from "../../train/run_record.ts";
import { uniform } from "../../data/random.ts";
import { smooth } from "../data/fixtures.ts";

/** A name that would do harm where it is taken for HTML. */
export const HOSTILE = '<img src=x onerror="document.title=`owned`">';

/** What a made run is like. */
export interface MadeRun {
  /** Default 2, the second of which has a hostile name. */
  readonly classes?: number;
  /** Default 3. */
  readonly epochs?: number;
  /** Default 1e-3. */
  readonly learningRate?: number;
}

/** Outputs of 40 images that get better by the epoch, and are wrong here and there. */
export function madeOutputs(classes: number, epoch: number): Outputs {
  const n = 40;
  const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
  const logits = Float32Array.from({ length: n * classes }, (_, j) => {
    const [i, k] = [Math.floor(j / classes), j % classes];
    return 4 * uniform(j, 5) + (labels[i] === k ? epoch / 2 : 0);
  });
  return { logits, labels, classes };
}

function stepEvent(epoch: number, step: number, lr: number): StepEvent {
  return {
    event: "step",
    ...{ epoch, epochs: 3, step, steps: 4, loss: 1 / (4 * epoch + step), accuracy: 0.5, lr },
    ...{ "img_per_s": 8 + step, waiting: 0, "eta_s": 1 },
  };
}

/** Writes the folder `run` and the pictures of its validation into `dir`; returns the folder. */
export async function madeRun(
  dir: string,
  { classes = 2, epochs = 3, learningRate = 1e-3 }: MadeRun = {},
): Promise<string> {
  const run = `${dir}/run-${classes}-${learningRate}`;
  const names = Array.from({ length: classes }, (_, k) => k === 1 ? HOSTILE : `class ${k}`);
  const configuration = {
    model: "resnet18",
    size: 32,
    resize: 36,
    batch: 4,
    lr: learningRate,
    seed: 1,
  };
  const folder = await RunFolder.create(denoFiles, run, configuration, {
    "env.json": { verity: "0.1.0", adapter: { name: HOSTILE } },
    "data.json": {
      source: HOSTILE,
      classes: names.map((name, k) => ({ name, train: k === 0 ? 80 : 20, validation: 20 })),
      ...{ notes: [HOSTILE], "left_out": 2, fingerprint: "0" },
    },
  });
  const record = await RunRecord.open(denoFiles, run);
  const samples = Array.from({ length: 40 }, (_, i) => {
    const name = `${i} </script>${i % 3 === 0 ? HOSTILE : ""}.png`.replaceAll("/", "∕");
    return { name, path: `${dir}/images/${i}.png`, label: i % classes };
  });
  await Deno.mkdir(`${dir}/images`, { recursive: true });
  for (let i = 0; i < 40; i++) {
    await Deno.writeFile(`${dir}/images/${i}.png`, await encodePng(smooth(40, 36, i)));
  }
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const step of [2, 4]) record.report(stepEvent(epoch, step, learningRate));
    const outputs = madeOutputs(classes, epoch);
    const scores = scoresOf(outputs);
    const event: EpochEvent = {
      event: "epoch",
      ...{ epoch, epochs, step: 4 * epoch, lr: learningRate },
      ...{ "train_loss": 1 / epoch, "train_accuracy": 0.5 + epoch / 10 },
      ...scores,
      ...{ best: true, "img_per_s": 8, waiting: 0, seconds: 1 },
    };
    const { accuracy, auc, loss } = scores;
    await folder.save(event, {
      ...{ model: "resnet18", classes: names, size: 32, resize: 36, epoch, step: 4 * epoch },
      ...{ preprocessing: IMAGENET_BILINEAR, seed: 1, best: { epoch, accuracy, auc, loss } },
      ...{ configuration, weights: new Map() },
    });
    await record.keepOutputs(samples, outputs);
  }
  await record.flush();
  return run;
}

/** What a run ends with: its report, its scores in full, commands that use what was trained. Trains nothing. */

import { join } from "../data/files.ts";
import { isAddress, plainAddress } from "../data/remote/shard_list.ts";
import type { Device } from "../engine/gpu/device.ts";
import { shell } from "../report/model_card.ts";
import { readRun } from "../report/run.ts";
import type { EndEvent, Score } from "../train/events.ts";
import type { FitResult } from "../train/fit.ts";
import { placesOf, placeText } from "./data_flags.ts";
import { denoFiles as files } from "./files.ts";
import type { Job } from "./job.ts";
import type { Recorder } from "./record.ts";
import { writeReport } from "./report.ts";
import type { TrainFlags } from "./train_flags.ts";

/** Writes the report where one is wanted, and gives the last event of a run whose files are written. */
export async function endOf(
  { path, flags }: Job,
  { best, imagesPerSecond }: FitResult & { readonly best: Score },
  { device, record }: { readonly device: Device; readonly record: Recorder },
): Promise<EndEvent> {
  const run = await readRun(files, path);
  if (flags.report) {
    const images = await writeReport(files, run, { device, report: record.report });
    record.keepPictures(images, run.best?.step ?? 0);
  }
  return {
    event: "end",
    best,
    ...(run.sheet && { validation: run.sheet }),
    run: path,
    ...(flags.report && { report: join(path, "report.html") }),
    "img_per_s": imagesPerSecond,
    next: nextCommands(path, flags),
  };
}

/** A place as it may be shown: what a server is asked with besides may be secret. */
function plainPlace(place: string): string {
  return isAddress(place) ? plainAddress(place) : place;
}

/** Commands for the run in a folder, which can be pasted but for `DIR`. */
function nextCommands(path: string, flags: TrainFlags): string[] {
  const best = shell(`${path}/best.safetensors`);
  const data = placesOf(flags.data)
    .map(({ path, ...rest }) => ` --data ${shell(placeText({ path: plainPlace(path), ...rest }))}`)
    .join("");
  const labelled = flags.labels && flags.images
    ? ` --labels ${shell(plainPlace(flags.labels))} --images ${shell(plainPlace(flags.images))}`
    : "";
  return [
    ...data || labelled ? [`deno task eval --checkpoint ${best}${data}${labelled}`] : [],
    `deno task predict --checkpoint ${best} --images DIR --out submission.csv`,
    `deno task export --checkpoint ${best} --format onnx --out ${shell(`${path}/model.onnx`)}`,
    `deno task serve ${shell(path)}`,
  ];
}

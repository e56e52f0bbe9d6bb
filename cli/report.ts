/** `report`: a run folder as a page, and its model card. Trains nothing. */

import { type Files, join } from "../data/files.ts";
import { DataError } from "../data/errors.ts";
import { MemoryError } from "../engine/compile/program.ts";
import { type Device, DeviceError } from "../engine/gpu/device.ts";
import { formatModelCard } from "../report/model_card.ts";
import { formatReport } from "../report/report.ts";
import { readRun, type RunData } from "../report/run.ts";
import { CheckpointError } from "../train/checkpoint.ts";
import type { Reporter } from "../train/events.ts";
import { UsageError } from "./errors.ts";
import { denoFiles } from "./files.ts";
import { type CommonFlags, newCommand, parseFlags } from "./flags.ts";
import { openReportedDevice, terminalReporter } from "./machine.ts";
import { picturesOf, type WrongImage, wrongImages } from "../report/wrong_images.ts";

interface ReportFlags extends CommonFlags {
  readonly cam: boolean;
}

/** Writes `report.html` and `MODEL_CARD.md` of the run that is named and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const command = newCommand(
    "report",
    "Writes report.html and MODEL_CARD.md of a run anew: curves, scores, the most wrong images and where " +
      "the model looked.",
  )
    .argument("<run>", "the run folder")
    .option("--no-cam", "leave out where the model looked, which opens the device");
  const parsed = parseFlags<ReportFlags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const report = terminalReporter(parsed.flags.json === true);
  const path = runArgument(command.args[0]);
  const data = await readRun(denoFiles, path);
  const device = parsed.flags.cam && data.validation ? await deviceOrNote(report) : undefined;
  try {
    await writeReport(denoFiles, data, { device, report });
  } finally {
    device?.gpu.destroy();
  }
  if (parsed.flags.json) {
    console.log(JSON.stringify({ event: "report", out: join(path, "report.html") }));
  } else console.log(`Wrote ${join(path, "report.html")}`);
  return 0;
}

/** A run folder as it was named. Throws UsageError for an empty name. */
export function runArgument(path: string | undefined): string {
  const trimmed = path?.replace(/(?<=.)\/+$/, "");
  if (!trimmed) throw new UsageError("Cannot report: no run was given, a run folder was needed");
  return trimmed;
}

/** The device for Grad-CAM; without one, a report lacks that and says so. */
async function deviceOrNote(report: Reporter): Promise<Device | undefined> {
  try {
    return await openReportedDevice(undefined, report);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    report({ event: "warning", text: `no Grad-CAM in the report: ${error.message}` });
    return undefined;
  }
}

/** What keeps pictures from being made, and is no fault of the program. */
const EXPECTED = [DataError, CheckpointError, MemoryError, DeviceError];

/**
 * Writes both files; returns the images that the page shows. Images that cannot be read any more are said and
 * left out.
 */
export async function writeReport(
  files: Files,
  run: RunData,
  { device, report }: { readonly device?: Device | undefined; readonly report: Reporter },
): Promise<readonly WrongImage[]> {
  let images: readonly WrongImage[] = [];
  try {
    images = await wrongImages(files, run, { device });
  } catch (error) {
    if (!(error instanceof Error) || !EXPECTED.some((type) => error instanceof type)) throw error;
    report({ event: "warning", text: `no pictures in the report: ${error.message}` });
  }
  const page = await formatReport(run, { pictures: await picturesOf(images) });
  const write = (name: string, text: string) =>
    files.writeAtomic(join(run.path, name), new TextEncoder().encode(text));
  await write("report.html", page);
  await write("MODEL_CARD.md", formatModelCard(run));
  return images;
}

/** `data`: what a data set is like and what is wrong with it, before any training. Changes no file of it. */

import { encodeJpeg } from "../data/encode.ts";
import { directoryName } from "../data/files.ts";
import { reportPage, shownImages } from "../data/report/page.ts";
import { type DataReport, reportOf } from "../data/report/report.ts";
import { type Scanned, Scanner } from "../data/report/scan.ts";
import { reportData, reportLines } from "../data/report/text.ts";
import { startDecoder } from "./decoder.ts";
import { addDataFlags, type DataFlags, placesOf, requireDataAgreement } from "./data_flags.ts";
import { UsageError } from "./errors.ts";
import { denoFiles } from "./files.ts";
import { type CommonFlags, given, newCommand, parseFlags, whole } from "./flags.ts";
import { imageProgress, terminalReporter } from "./machine.ts";
import { writeIndexes } from "./tar_index.ts";
import { openData } from "./train_data.ts";

interface ExamineFlags extends CommonFlags, DataFlags {
  readonly html?: string;
  readonly index?: true;
  readonly workers?: number;
}

/** Pixels of the shorter side of a thumbnail, and its quality. */
const THUMBNAIL = 96;
const QUALITY = 80;

function command() {
  const command = newCommand(
    "data",
    "Examines a data set: counts, sizes, files that cannot be used, images that are there twice or on both " +
      "sides of the split, and what tells the classes apart without looking at the pictures.",
  );
  return addDataFlags(command, { validation: 0.2 })
    .option("--html <file>", "write a page with pictures too")
    .option(
      "--index",
      "examine nothing: write beside each .tar what lies in it (.tar.index), so that whoever reads " +
        "it from a server need not look for it",
    )
    .option("--workers <n>", "workers that decode images", whole(1));
}

/** Examines as the flags say and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const reader = command();
  const parsed = parseFlags<ExamineFlags>(reader, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireDataAgreement(flags, (name) => given(reader, name));
  if (flags.data === undefined && flags.labels === undefined) {
    throw new UsageError("Cannot examine: either --data, or --labels with --images, was needed");
  }
  if (flags.index) {
    const places = placesOf(flags.data).map(({ path }) => path);
    for (const path of await writeIndexes(denoFiles, places)) console.log(path);
    return 0;
  }
  if (flags.html !== undefined && await denoFiles.kind(directoryName(flags.html)) !== "directory") {
    throw new UsageError(
      `Cannot write --html "${flags.html}": there is no folder "${directoryName(flags.html)}", ` +
        "one was needed",
    );
  }
  const { dataset, files, source } = await openData(flags);
  const scanner = await Scanner.open(files, {
    ...(flags.workers && { workers: flags.workers }),
    start: startDecoder,
  });
  try {
    const samples = (["train", "validation"] as const).flatMap((part) =>
      dataset[part].map((sample) => ({ sample, part }))
    );
    const report = terminalReporter(flags.json === true);
    const progress = imageProgress(samples.length, report);
    const images = await scanner.scan(samples, () => progress.measured(1));
    const found = reportOf(dataset, images, source);
    if (flags.json) console.log(JSON.stringify(reportData(found)));
    else console.log(reportLines(found).join("\n"));
    if (flags.html !== undefined) {
      const page = reportPage(found, await thumbnails(found, scanner));
      await denoFiles.writeAtomic(flags.html, new TextEncoder().encode(page));
      report({ event: "note", text: `page with pictures: ${flags.html}` });
    }
  } finally {
    scanner.close();
  }
  return 0;
}

/** Small pictures of the images that the page shows, as addresses that hold them. */
async function thumbnails(report: DataReport, scanner: Scanner): Promise<Map<Scanned, string>> {
  const found = new Map<Scanned, string>();
  for (const image of shownImages(report)) {
    const jpeg = await encodeJpeg(await scanner.small(image.sample, THUMBNAIL), QUALITY);
    found.set(image, `data:image/jpeg;base64,${jpeg.toBase64()}`);
  }
  return found;
}

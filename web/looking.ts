/** What came of runs: numbers, mistakes, predictions, files to take away. Trains nothing. */
/// <reference lib="dom" />

import { exportOnnx, rankingsOf, type Reporter, softmax } from "../mod.ts";
import {
  baseName,
  type Checkpoint,
  CheckpointError,
  checkpointWeights,
  describe,
  directoryName,
  doubtsOf,
  encodeJpeg,
  evaluationSession,
  type Files,
  formatReport,
  formatTable,
  isArchiveName,
  isImageName,
  join,
  Loader,
  type LoaderSettings,
  openFolder,
  picturesOf,
  predict,
  readCheckpoint,
  readRun,
  readSample,
  type RunData,
  submissionOf,
  trainedBatch,
  wrongImages,
} from "../run.ts";
import { blobFiles } from "./blob_files.ts";
import { tabDevice } from "./device.ts";
import type {
  Curve,
  Download,
  DownloadKind,
  Mistake,
  Predict,
  Predicted,
  Results,
} from "./messages.ts";
import { badSamples, placeSource, type TabData } from "./sources.ts";

/** Images that a prediction is least sure of, at most. */
const DOUBTS = 10;

/** What validation gave at the best epoch of a run. */
export async function resultsOf(files: Files, path: string): Promise<Results> {
  const run = await readRun(files, path);
  const { validation, sheet, best } = run;
  if (!validation || !sheet) {
    throw new CheckpointError(
      `Cannot show the results of ${run.name}: it has no finished epoch, one was needed`,
    );
  }
  const probabilities = softmax(validation.logits, validation.classes);
  const names = sheet.classes.length === 2 ? [sheet.classes[1]!] : sheet.classes;
  return {
    run: run.name,
    epoch: best?.epoch ?? 0,
    sheet,
    roc: rankingsOf(probabilities, validation.labels, validation.classes)
      .map((ranking, i) => ({ name: names[i]!, ...curveOf(ranking) })),
    epochs: run.epochs,
    steps: run.steps,
  };
}

function curveOf(
  { truePositives, falsePositives, positives, negatives }: ReturnType<typeof rankingsOf>[number],
): Curve {
  return {
    x: Float64Array.of(0, ...falsePositives.map((n) => n / negatives)),
    y: Float64Array.of(0, ...truePositives.map((n) => n / positives)),
  };
}

/** The worst mistakes of a run whose images are open. Empty where they are not those of its validation. */
export async function mistakesOf(
  files: Files,
  path: string,
  { data, count = 12 }: { readonly data: TabData | undefined; readonly count?: number | undefined },
): Promise<readonly Mistake[]> {
  const run = await readRun(files, path);
  const images = await wrongOf(files, run, { data, count });
  if (images.length === 0 || !run.validation) return [];
  const { labels, logits, classes } = run.validation;
  const names = run.sheet!.classes;
  const probabilities = softmax(logits, classes);
  return await Promise.all(images.map(async ({ row, name, image, overlay }) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    const taken = own.indexOf(Math.max(...own));
    return {
      name,
      ...{ label: names[labels[row]!]!, taken: names[taken]!, probability: own[taken]! },
      image: await jpeg(image),
      heat: await jpeg(overlay ?? image),
    };
  }));
}

async function jpeg(image: Parameters<typeof encodeJpeg>[0]): Promise<Blob> {
  return new Blob([new Uint8Array(await encodeJpeg(image, 85))], { type: "image/jpeg" });
}

/** The wrong images of a run, read from what is open now: its paths may be others than those it had. */
async function wrongOf(
  files: Files,
  run: RunData,
  { data, count }: { readonly data: TabData | undefined; readonly count?: number },
) {
  if (!run.validation || !data) return [];
  const open = new Map(data.dataset.validation.map((sample) => [sample.name, sample]));
  const samples = run.validation.samples.map((sample) => ({
    ...sample,
    path: open.get(sample.name)?.path ?? sample.path,
  }));
  const moved = { ...run, validation: { ...run.validation, samples } };
  const { cache: _, ...settings } = data.settings;
  const device = await tabDevice();
  return await wrongImages(files, moved, { device, count, images: data.files, settings });
}

/** Predicts images that a person gave. Throws CheckpointError and DataError. */
export async function predictIn(
  { source, sample: table }: Predict,
  { checkpoint, path, settings, report }: {
    readonly checkpoint: Checkpoint;
    readonly path: string;
    readonly settings: LoaderSettings;
    readonly report: Reporter;
  },
): Promise<Predicted> {
  const { files } = await placeSource(source);
  const sample = table &&
    await readSample(blobFiles(new Map([["sample.csv", table]])), "sample.csv");
  const found = await imagesBelow(files);
  const root = commonFolder(found);
  const names = found.map((path) => path.slice(root === "" ? 0 : root.length + 1));
  const all = await openFolder(files, root, sample?.names ?? names);
  const bad = await badSamples(all, files, { settings });
  const left = new Set(bad.map(({ sample }) => sample));
  const samples = all.filter((one) => !left.has(one));
  const { classes, size, resize, preprocessing: { interpolation }, seed } = checkpoint;
  const device = await tabDevice();
  const batch = Math.min(trainedBatch(checkpoint), Math.max(1, samples.length));
  const session = await evaluationSession(device, checkpoint, { path, batch });
  const { cache: _, ...plain } = settings;
  const loader = await Loader.open(samples, files, plain);
  let done = 0;
  const start = performance.now();
  try {
    const images = { loader, count: samples.length };
    const answer = await predict(session, images, {
      ...{ batch, size, resize, interpolation, seed },
      measured(count) {
        done += count;
        const rate = 1000 * done / (performance.now() - start);
        const total = samples.length;
        report({
          event: "progress",
          done,
          total,
          "img_per_s": rate,
          "eta_s": (total - done) / rate,
        });
      },
    });
    const kept = samples.map(({ name }) => name);
    const { probabilities } = answer;
    const submission = submissionOf(kept, probabilities, { classNames: classes, sample });
    return {
      classes,
      rows: kept.map((name, i) => {
        const own = [...probabilities.subarray(i * classes.length, (i + 1) * classes.length)];
        return { name, taken: classes[own.indexOf(Math.max(...own))]!, probabilities: own };
      }),
      leftOut: bad.map(({ sample: { name }, reason }) => ({ name, reason })),
      doubts: doubtsOf(kept, { ...answer, spread: new Float64Array(probabilities.length) }, {
        ...{ classNames: classes, count: DOUBTS },
      }),
      submission: new Blob([new Uint8Array(await formatTable(submission, "csv"))], {
        type: "text/csv",
      }),
    };
  } finally {
    loader.close();
    session.destroy();
  }
}

/** Names of all images below a folder, in the order of their paths. */
async function imagesBelow(files: Files, below = ""): Promise<string[]> {
  const names: string[] = [];
  for (const { name, kind } of await files.list(below)) {
    if (name.startsWith(".")) continue;
    const path = below === "" ? name : join(below, name);
    // An archive is a folder that a path goes on in.
    const inner = kind === "directory" || isArchiveName(name);
    if (inner) names.push(...await imagesBelow(files, path));
    else if (isImageName(name)) names.push(path);
  }
  return names;
}

/** The deepest folder that holds all paths. */
function commonFolder(paths: readonly string[]): string {
  const [first = ""] = paths;
  let folder = first;
  do folder = folder.includes("/") ? directoryName(folder) : ""; while (
    folder !== "" && !paths.every((path) => path.startsWith(`${folder}/`))
  );
  return folder;
}

/** What files of a run are called when they are taken away, and what they are. */
const DOWNLOADS: Readonly<Record<DownloadKind, readonly [name: string, type: string]>> = {
  best: ["best.safetensors", "application/octet-stream"],
  last: ["last.safetensors", "application/octet-stream"],
  onnx: ["model.onnx", "application/octet-stream"],
  report: ["report.html", "text/html"],
  metrics: ["metrics.csv", "text/csv"],
};

/** A file of a run, made where it is not there. Throws CheckpointError where there is no finished epoch. */
export async function downloadOf(
  files: Files,
  path: string,
  { what, data }: { readonly what: DownloadKind; readonly data: TabData | undefined },
): Promise<Download> {
  const [name, type] = DOWNLOADS[what];
  const called = `${baseName(path)}-${name}`;
  const blob = (bytes: Uint8Array | string) =>
    new Blob([typeof bytes === "string" ? bytes : new Uint8Array(bytes)], { type });
  if (what === "report") {
    const run = await readRun(files, path);
    const pictures = await picturesOf(await wrongOf(files, run, { data }));
    return { name: called, blob: blob(await formatReport(run, { pictures })) };
  }
  if (what === "onnx") {
    const best = join(path, "best.safetensors");
    const checkpoint = await readCheckpoint(files, best);
    const { classes } = checkpoint;
    const bytes = exportOnnx(checkpointWeights(checkpoint, best), {
      ...checkpoint,
      classes: classes.length,
      metadata: {
        ...describe(checkpoint),
        input: "RGB in [0, 1]; mean and std are applied inside",
      },
    });
    return { name: called, blob: blob(bytes) };
  }
  return { name: called, blob: blob(await files.read(join(path, name))) };
}

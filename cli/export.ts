/** `export`: a checkpoint as a file that other programs read. Needs no device. */

import { describe } from "../export/description.ts";
import { halve, type Rounding } from "../export/half.ts";
import { exportOnnx } from "../export/onnx.ts";
import { formatSafetensors, type Weight } from "../models/safetensors.ts";
import { type Checkpoint, CheckpointError } from "../train/checkpoint.ts";
import type { ExportEvent } from "../train/events.ts";
import { checkpointWeights } from "../train/checkpoint_weights.ts";
import { denoFiles as files } from "./files.ts";
import { type CommonFlags, newCommand, oneOf, parseFlags, requireFlags } from "./flags.ts";
import { terminalReporter } from "./machine.ts";
import { requireNew, requireWritable } from "./output.ts";
import { openCheckpoint } from "../train/run/sessions.ts";

interface ExportFlags extends CommonFlags {
  readonly checkpoint: string;
  readonly format: ExportEvent["format"];
  readonly out?: string;
  readonly precision: ExportEvent["precision"];
  readonly force?: boolean;
}

/** What the name of an exported file ends with where none is given. */
const ENDINGS = { safetensors: "timm.safetensors", onnx: "onnx" } as const;

const command = () =>
  newCommand("export", "Writes a checkpoint as a file that timm or ONNX Runtime reads.")
    .option("--checkpoint <file>", "best.safetensors or last.safetensors of a run")
    .option(
      "--format <name>",
      "safetensors (timm's names and layouts) or onnx",
      oneOf(Object.keys(ENDINGS)),
    )
    .option("--out <file>", "the file to write (default: beside the checkpoint)")
    .option(
      "--precision <type>",
      "of the weights: f32, or f16 for half the size",
      oneOf(["f32", "f16"]),
      "f32",
    )
    .option("--force", "replace a file that is there already");

/** Exports as the flags say and returns the exit code. The file appears whole or not at all. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags<ExportFlags>(command(), args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { flags } = parsed;
  requireFlags(flags, { checkpoint: "a checkpoint file", format: "safetensors or onnx" });
  const { checkpoint: path, format, precision, force = false } = flags;
  const out = flags.out ?? defaultOut(path, flags);
  await requireWritable(files, out);
  const checkpoint = await openCheckpoint(files, path);
  await requireNew(files, out, { source: path, force });

  const weights = checkpointWeights(checkpoint, path);
  const halved = precision === "f16" ? inHalfPrecision(weights, path) : undefined;
  const bytes = formatted(checkpoint, halved?.weights ?? weights, format);
  await files.writeAtomic(out, bytes);
  terminalReporter(flags.json === true)({
    event: "export",
    out,
    format,
    precision,
    model: checkpoint.model,
    bytes: bytes.length,
    ...(halved && { rounding: halved.rounding }),
  });
  return 0;
}

/** `runs/a/best.safetensors` → `runs/a/best.f16.onnx`. */
function defaultOut(path: string, { format, precision }: ExportFlags): string {
  const stem = path.replace(/\.safetensors$/, "");
  return `${stem}.${precision === "f16" ? "f16." : ""}${ENDINGS[format]}`;
}

function formatted(
  checkpoint: Checkpoint,
  weights: ReadonlyMap<string, Weight>,
  format: ExportEvent["format"],
): Uint8Array {
  const metadata = describe(checkpoint);
  if (format === "safetensors") return formatSafetensors(weights, { format: "pt", ...metadata });
  return exportOnnx(weights, {
    ...checkpoint,
    classes: checkpoint.classes.length,
    metadata: { ...metadata, input: "RGB in [0, 1]; mean and std are applied inside" },
  });
}

function inHalfPrecision(
  weights: ReadonlyMap<string, Weight>,
  path: string,
): { readonly weights: Map<string, Weight>; readonly rounding: Rounding } {
  try {
    return halve(weights);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CheckpointError(
      `Cannot export the checkpoint "${path}" with --precision f16: ${error.message}`,
    );
  }
}

/** Checks exported weights against timm itself: the same names, the same logits. Needs Python; no test runs it. */

import { UsageError } from "../../cli/errors.ts";
import { denoFiles } from "../../cli/files.ts";
import { newCommand, oneOf, parseFlags } from "../../cli/flags.ts";
import { setRuntimeDirectory } from "../../cli/machine.ts";
import { type Device, openDevice } from "../../engine/gpu/device.ts";
import { modelNames } from "../../models/mod.ts";
import { formatSafetensors, fromFloats, type Weight } from "../../models/safetensors.ts";
import { readCheckpoint } from "../../train/checkpoint.ts";
import { checkpointWeights } from "../../train/checkpoint_weights.ts";
import { Session } from "../../train/session.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { fixedWeights } from "../export/fixed.ts";

interface Flags {
  readonly python: string;
  readonly model?: string;
  readonly checkpoint?: string;
}

/** A model with weights, as it is checked. */
interface Subject {
  readonly model: string;
  readonly classes: number;
  /** Side of the images, in pixels. */
  readonly size: number;
  readonly weights: ReadonlyMap<string, Weight>;
}

/** Largest difference of logits, as a share of the largest of them: both compute in 32 bits. */
const LIMIT = 1e-4;

const BATCH = 2;

async function main(args: readonly string[]): Promise<number> {
  const command = newCommand("check:timm", "Compares exported weights with timm's own models.")
    .option("--python <file>", "an interpreter that has timm", "python3")
    .option("--model <name>", "only this model (default: all)", oneOf(modelNames))
    .option("--checkpoint <file>", "a run's checkpoint in place of made-up weights");
  const parsed = parseFlags<Flags>(command, args);
  if ("help" in parsed) {
    console.log(parsed.help);
    return 0;
  }
  const { python, model, checkpoint } = parsed.flags;
  const versions = await runPython(python, []).catch((error) => {
    throw new UsageError(
      `Cannot check against timm: ${error.message}; ` +
        `"${python} -m pip install timm" or --python with an interpreter that has it was needed`,
    );
  });
  const device = await openDevice();
  console.log(`${versions.trim()}; verity on ${device.name}`);
  console.log(row("model", "tensors", "largest logit", "difference", "of it"));
  let passed = true;
  for await (const subject of subjects(model, checkpoint)) {
    passed = await check(device, subject, python) && passed;
  }
  device.gpu.destroy();
  return passed ? 0 : 1;
}

async function* subjects(model?: string, checkpoint?: string): AsyncGenerator<Subject> {
  if (checkpoint !== undefined) {
    const stored = await readCheckpoint(denoFiles, checkpoint);
    const weights = checkpointWeights(stored, checkpoint);
    yield { ...stored, classes: stored.classes.length, weights };
    return;
  }
  for (const name of model === undefined ? modelNames : [model]) {
    yield { model: name, classes: 5, size: 64, weights: fixedWeights(name, 5) };
  }
}

/** Prints the row of one model; true where timm took the weights and gave the same logits. */
async function check(device: Device, subject: Subject, python: string): Promise<boolean> {
  const { model, classes, size, weights } = subject;
  const images = Float32Array.from(
    { length: BATCH * size * size * 3 },
    (_, i) => 2 * Math.sin(i * i),
  );
  const session = await Session.create(device, {
    ...{ model, classes, size, batch: BATCH, seed: 0, train: false, images: "numbers" },
    optimizer: { name: "sgd" },
  });
  session.writeWeights(weights);
  const logits = await session.evaluate({ images });
  session.destroy();

  const batch = new Map([
    ["images", fromFloats([BATCH, 3, size, size], channelsFirst(images, size))],
    ["logits", fromFloats([BATCH, classes], logits)],
  ]);
  await using folder = await temporaryFolder({
    "weights.safetensors": formatSafetensors(weights, { format: "pt" }),
    "batch.safetensors": formatSafetensors(batch),
  });
  const paths = ["weights", "batch"].map((name) => `${folder.path}/${name}.safetensors`);
  let found: { tensors: number; largest: number; difference: number };
  try {
    found = JSON.parse(await runPython(python, [model, ...paths]));
  } catch (error) {
    console.log(`${model}: ${(error as Error).message}  FAIL`);
    return false;
  }
  const { tensors, largest, difference } = found;
  const share = difference / largest;
  const cells = [tensors, largest.toPrecision(4), difference.toExponential(1)];
  const verdict = share <= LIMIT ? "ok" : "FAIL";
  console.log(`${row(model, ...cells, share.toExponential(1))}  ${verdict}`);
  return share <= LIMIT;
}

function row(model: string, ...cells: (string | number)[]): string {
  return model.padEnd(24) + cells.map((cell) => String(cell).padStart(15)).join("");
}

/** What check.py prints. Rejects with its last line on standard error. */
async function runPython(python: string, args: readonly string[]): Promise<string> {
  const script = decodeURIComponent(new URL("./check.py", import.meta.url).pathname);
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [script, ...args] })
    .output();
  const text = new TextDecoder();
  if (success) return text.decode(stdout);
  throw new Error(text.decode(stderr).trim().split("\n").at(-1));
}

/** [n, size, size, 3] as [n, 3, size, size]. */
function channelsFirst(numbers: Float32Array, size: number): Float32Array {
  const pixels = size * size;
  return numbers.map((_, i) => {
    const [image, channel] = [Math.floor(i / (3 * pixels)), Math.floor(i / pixels) % 3];
    return numbers[(image * pixels + i % pixels) * 3 + channel]!;
  });
}

setRuntimeDirectory();
try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}

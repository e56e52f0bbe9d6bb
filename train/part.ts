/** One of several parts of a prediction, each made by a process of its own, as a file and back. Predicts nothing. */

import { DataError } from "../data/errors.ts";
import { type Shard, stretchOf } from "../data/stretch.ts";
import {
  dataStart,
  formatSafetensors,
  parseSafetensors,
  type SafetensorsFile,
  type Weight,
} from "../models/safetensors.ts";
import { type Average, AVERAGES, type Prediction } from "./predict.ts";
import type { SubmissionOptions } from "./submission.ts";

export { type Shard, stretchOf };

/** What all parts of one prediction have in common. */
export interface PartPlan {
  /** How many images all parts have together. */
  readonly images: number;
  /** SHA-256 of the names of all images, in their order. */
  readonly ids: string;
  /** SHA-256 of each checkpoint's file, in the order of their answers. */
  readonly checkpoints: readonly string[];
  /** Names of the classes; the position is the label. */
  readonly classes: readonly string[];
  readonly average: Average;
  /** All else that changes numbers, by what it is called. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What the columns of the submission are called, where a sample says so. */
  readonly sample?: NonNullable<SubmissionOptions["sample"]>;
}

/** A part: which, and what each checkpoint makes of its images. */
export interface Part {
  readonly shard: Shard;
  readonly plan: PartPlan;
  /** Of its images, in their order. */
  readonly names: readonly string[];
  /** What computed it, "" where it has no image; the last bits of another device's numbers may differ. */
  readonly device: string;
  /** One for each checkpoint. */
  readonly predictions: readonly Prediction[];
}

/** Version of the layout. */
const VERSION = "1";

/** What a part is called in the folder of all: `part-00003-of-00007.safetensors`. */
export function partName({ index, count }: Shard): string {
  const digits = (n: number) => String(n).padStart(5, "0");
  return `part-${digits(index)}-of-${digits(count)}.safetensors`;
}

/** Whether a file is named as parts are. */
export function isPartName(name: string): boolean {
  return /^part-\d{5,}-of-\d{5,}\.safetensors$/.test(name);
}

/** The answers of a checkpoint about no image: those of a part where there are more parts than images. */
export function noAnswers(classes: number, views: number): Prediction {
  const none = new Float64Array();
  const labels = new Int32Array();
  return { probabilities: none, logits: none, scatter: none, classes, labels, views };
}

/** SHA-256 of names in their order, in hexadecimal. */
export async function idsOf(names: readonly string[]): Promise<string> {
  return await digest(new TextEncoder().encode(JSON.stringify(names)));
}

/** The bytes of a part's file. */
export async function formatPart(part: Part): Promise<Uint8Array> {
  const { predictions, names, ...head } = part;
  const tensors = new Map<string, Weight>();
  const text = new TextEncoder().encode(JSON.stringify(names));
  tensors.set("names", { dtype: "U8", shape: [text.length], data: text });
  predictions.forEach(({ probabilities, logits, scatter, classes }, i) => {
    const rows = { probabilities, logits, scatter };
    for (const [name, values] of Object.entries(rows)) {
      const data = new Uint8Array(Float64Array.from(values).buffer);
      tensors.set(`${i}.${name}`, {
        dtype: "F64",
        shape: [values.length / classes, classes],
        data,
      });
    }
  });
  const described = JSON.stringify({ ...head, views: predictions.map(({ views }) => views) });
  const plain = formatSafetensors(tensors);
  return formatSafetensors(tensors, {
    verity_part: VERSION,
    part: described,
    sha256: await sumOf(described, plain.subarray(dataStart(plain))),
  });
}

/** Reads a part, every byte of which is checked. Throws {@linkcode DataError}, which names the file by `where`. */
export async function parsePart(bytes: Uint8Array<ArrayBuffer>, where: string): Promise<Part> {
  const refuse = (is: string): never => {
    throw new DataError(`Cannot use ${where}: ${is}, a part of a prediction was needed`);
  };
  let file: SafetensorsFile;
  try {
    file = parseSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse(
      `it is none, or a truncated one (${error.message.replace("Cannot read safetensors: ", "")})`,
    );
  }
  const { verity_part: version, part: text = "", sha256 } = file.metadata;
  if (version !== VERSION) {
    return refuse(version === undefined ? "it is another file" : `it is of version ${version}`);
  }
  if (sha256 !== await sumOf(text, bytes.subarray(dataStart(bytes)))) {
    return refuse("it is damaged, its content is not that of its SHA-256");
  }
  const part = partOf(JSON.parse(text), file);
  return part ?? refuse("its description lacks a part");
}

/** What a file holds, undefined where something is missing or of another size. */
function partOf(
  head: Omit<Part, "names" | "predictions"> & { readonly views: readonly number[] },
  { tensors }: SafetensorsFile,
): Part | undefined {
  const { shard, plan, device, views } = head;
  const sound = isShard(shard) && Array.isArray(plan?.classes) && Array.isArray(views) &&
    AVERAGES.includes(plan.average) && Number.isSafeInteger(plan.images);
  const stored = tensors.get("names");
  if (!sound || !stored) return undefined;
  const names: readonly string[] = JSON.parse(new TextDecoder().decode(stored.data));
  const { first, end } = stretchOf(shard, plan.images);
  if (names.length !== end - first) return undefined;
  const classes = plan.classes.length;
  const predictions = views.map((count, i): Prediction | undefined => {
    const rows = ["probabilities", "logits", "scatter"].map((name) => {
      const weight = tensors.get(`${i}.${name}`);
      const fits = weight?.dtype === "F64" && weight.shape.join() === `${names.length},${classes}`;
      return fits ? new Float64Array(weight.data.slice().buffer) : undefined;
    });
    const [probabilities, logits, scatter] = rows;
    if (!probabilities || !logits || !scatter) return undefined;
    const labels = new Int32Array(names.length).fill(-1);
    return { probabilities, logits, scatter, classes, labels, views: count };
  });
  if (predictions.length === 0 || predictions.includes(undefined)) return undefined;
  return { shard, plan, device, names, predictions: predictions as Prediction[] };
}

function isShard(value: Shard | undefined): value is Shard {
  return value !== undefined && Number.isSafeInteger(value.count) &&
    Number.isSafeInteger(value.index) && value.index >= 0 && value.index < value.count;
}

/** SHA-256 of the description and of the tensors' bytes. */
async function sumOf(text: string, data: Uint8Array<ArrayBuffer>): Promise<string> {
  const head = new TextEncoder().encode(`${text.length}\n${text}\n`);
  const whole = new Uint8Array(head.length + data.length);
  whole.set(head);
  whole.set(data, head.length);
  return await digest(whole);
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

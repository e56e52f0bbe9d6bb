/** TensorBoard's event files: what is in them and their bytes. Writes no file and knows no run. */

import { formatMessage } from "../../export/protobuf.ts";
import { crc32c } from "../../models/crc32.ts";

/** A moment of a run: one of version, summary and session log. event.proto's `Event`. */
export interface EventProto {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly SummaryValue[] };
  readonly sessionLog?: { readonly status: number };
}

/** A named value of a step: one of number, image and tensor. summary.proto's `Summary.Value`. */
export interface SummaryValue {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly image?: ImageProto;
  readonly tensor?: TensorProto;
  readonly metadata?: MetadataProto;
}

/** A picture; `colorspace` 3 is RGB. */
export interface ImageProto {
  readonly height: number;
  readonly width: number;
  readonly colorspace: number;
  /** A PNG or JPEG file. */
  readonly encodedImageString: Uint8Array;
}

/** Numbers, row-major, little-endian; `dtype` 1 is float. */
export interface TensorProto {
  readonly dtype: number;
  readonly tensorShape: { readonly dim: readonly { readonly size: number }[] };
  readonly tensorContent: Uint8Array;
}

/** Which plugin shows a value, and how. */
export interface MetadataProto {
  readonly pluginData: { readonly pluginName: string; readonly content: Uint8Array };
  readonly displayName?: string;
  readonly dataClass: number;
}

/** A session begins: events of this step and later ones, of files before, are forgotten. */
export const SESSION_START = 1;

/** Most thresholds of a PR curve, as TensorBoard's own summaries have it. */
const THRESHOLDS = 127;

const FIELDS = {
  event: {
    wallTime: [1, "double"],
    step: [2, "int64"],
    fileVersion: [3, "string"],
    summary: [5, "summary"],
    sessionLog: [7, "sessionLog"],
  },
  sessionLog: { status: [1, "int64"] },
  summary: { value: [1, "value"] },
  value: {
    tag: [1, "string"],
    simpleValue: [2, "float"],
    image: [4, "image"],
    tensor: [8, "tensor"],
    metadata: [9, "metadata"],
  },
  image: {
    height: [1, "int64"],
    width: [2, "int64"],
    colorspace: [3, "int64"],
    encodedImageString: [4, "bytes"],
  },
  tensor: { dtype: [1, "int64"], tensorShape: [2, "shape"], tensorContent: [4, "bytes"] },
  shape: { dim: [2, "dimension"] },
  dimension: { size: [1, "int64"] },
  metadata: { pluginData: [1, "pluginData"], displayName: [2, "string"], dataClass: [4, "int64"] },
  pluginData: { pluginName: [1, "string"], content: [2, "bytes"] },
  prCurve: { version: [1, "int64"], numThresholds: [2, "int64"] },
} as const;

/** What every event file begins with. */
export function fileVersion(wallTime: number): EventProto {
  return { wallTime, fileVersion: "brain.Event:2" };
}

/**
 * A record of an event file (TFRecord): length, masked CRC-32C of the length, the event, masked CRC-32C of the
 * event.
 */
export function formatEvent(event: EventProto): Uint8Array<ArrayBuffer> {
  const data = formatMessage(FIELDS, "event", event);
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return record;
}

/** TensorFlow's mask: a checksum of data that holds checksums is weak, so it is turned and shifted. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A number by its name. */
export function scalar(tag: string, value: number): SummaryValue {
  return { tag, simpleValue: value };
}

/**
 * A precision-recall curve for TensorBoard's plugin: at thresholds from 0 to 1 in even steps, how many samples are
 * rightly and wrongly called so and not so, precision and recall. `scores` are probabilities, `labels` 1 or another.
 */
export function prCurve(
  tag: string,
  { scores, labels }: { readonly scores: ArrayLike<number>; readonly labels: ArrayLike<number> },
): SummaryValue {
  const last = THRESHOLDS - 1;
  const [positive, negative] = [new Float64Array(THRESHOLDS), new Float64Array(THRESHOLDS)];
  for (let i = 0; i < scores.length; i++) {
    const bin = Math.min(last, Math.max(0, Math.floor(scores[i]! * last)));
    (labels[i] === 1 ? positive : negative)[bin]!++;
  }
  const rows = new Float32Array(6 * THRESHOLDS);
  const total = (counts: Float64Array) => counts.reduce((a, b) => a + b, 0);
  const [positives, negatives] = [total(positive), total(negative)];
  let [hits, alarms] = [0, 0];
  for (let t = last; t >= 0; t--) {
    hits += positive[t]!;
    alarms += negative[t]!;
    const values = [
      ...[hits, alarms, negatives - alarms, positives - hits],
      hits / Math.max(1e-7, hits + alarms),
      hits / Math.max(1e-7, positives),
    ];
    values.forEach((value, row) => rows[row * THRESHOLDS + t] = value);
  }
  const content = formatMessage(FIELDS, "prCurve", { version: 0, numThresholds: THRESHOLDS });
  return {
    tag,
    tensor: {
      dtype: 1,
      tensorShape: { dim: [{ size: 6 }, { size: THRESHOLDS }] },
      tensorContent: new Uint8Array(rows.buffer),
    },
    metadata: {
      pluginData: { pluginName: "pr_curves", content },
      displayName: tag,
      dataClass: 2,
    },
  };
}

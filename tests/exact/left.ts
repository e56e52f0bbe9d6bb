/** What a run left in its folder, without what differs from run to run: times, speeds, places. Asserts nothing. */
import { readCheckpoint } from "../../train/checkpoint.ts";
import { denoFiles } from "../../cli/files.ts";

/** What two runs have in common if they computed the same. */
export interface Left {
  /** SHA-256 of each tensor of the last checkpoint, the optimizer's too. */
  readonly tensors: Readonly<Record<string, string>>;
  /** Rows of `metrics.csv` and `steps.csv` without columns of time. */
  readonly metrics: readonly string[];
  readonly steps: readonly string[];
  /** Lines of epochs in `train.log`, without times. */
  readonly log: readonly string[];
  /** Whole records in TensorBoard's files, by tag, without those that sessions begin with. */
  readonly events: Readonly<Record<string, number>>;
  /** Names of its files but for TensorBoard's and `previous.safetensors`. */
  readonly names: readonly string[];
}

/** Reads a run folder. Throws RangeError where a row or a record is a half one. */
export async function leftIn(path: string): Promise<Left> {
  const { weights, optimizer } = await readCheckpoint(denoFiles, `${path}/last.safetensors`);
  const tensors: Record<string, string> = {};
  for (const [name, { data }] of [...weights, ...optimizer ?? []]) {
    const digest = await crypto.subtle.digest("SHA-256", data.slice());
    tensors[name] = new Uint8Array(digest).toHex().slice(0, 16);
  }
  const names = (await denoFiles.list(path)).map(({ name }) => name);
  const events: Record<string, number> = {};
  for (const name of names.filter((name) => name.startsWith("events."))) {
    for (const tag of tagsOf(await Deno.readFile(`${path}/${name}`), name)) {
      events[tag] = (events[tag] ?? 0) + 1;
    }
  }
  const text = (name: string) => Deno.readTextFile(`${path}/${name}`);
  return {
    tensors,
    metrics: rowsOf(await text("metrics.csv"), "metrics.csv"),
    steps: rowsOf(await text("steps.csv"), "steps.csv"),
    log: (await text("train.log")).split("\n").filter((line) => / epoch \d/.test(line))
      .map((line) => line.replace(/^\S+ /, "").replace(/\s+\S+$/, "")),
    events,
    names: names.filter((name) => !/^events|^previous/.test(name)),
  };
}

/** Rows without the columns of time, each of which must have all its cells. */
export function rowsOf(text: string, name: string): string[] {
  if (!text.endsWith("\n")) throw new RangeError(`${name} ends in the middle of a row`);
  const [head = [], ...rows] = text.trimEnd().split("\n").map((row) => row.split(","));
  const timed = ["img_per_s", "waiting", "seconds"];
  return [head, ...rows].map((row) => {
    if (row.length !== head.length) throw new RangeError(`${name} has the half row ${row}`);
    return row.filter((_, i) => !timed.includes(head[i]!)).join();
  });
}

/** The tags in an event file, each of whose records must be whole. */
function tagsOf(bytes: Uint8Array, name: string): string[] {
  const tags: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const text = new TextDecoder("latin1");
  for (let at = 0; at < bytes.length;) {
    const end = at + 16 + (at + 8 <= bytes.length ? Number(view.getBigUint64(at, true)) : 0);
    if (end > bytes.length) throw new RangeError(`${name} ends in the middle of a record`);
    const record = text.decode(bytes.subarray(at, end));
    tags.push(...record.match(/(?:training|validation|epoch|speed|most wrong)\/[\w ]+/g) ?? []);
    at = end;
  }
  return tags.map((tag) => tag.trim());
}

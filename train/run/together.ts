/** What ranks that train one run agree on: its options, its first weights, when to stop, that they stay alike. Takes no step. */

import { formatSafetensors, parseSafetensors, type Weight } from "../../models/safetensors.ts";
import type { FitOptions } from "../fit.ts";
import { broadcastValue, type Ranks } from "../ranks.ts";
import { UsageError } from "../recipe/usage_error.ts";
import type { Session } from "../session.ts";
import { readSnapshot, writeSnapshot } from "../snapshot.ts";
import type { RunJob } from "./job.ts";

/** Ranks have not the same weights any more, though each was told the same. */
export class DriftError extends Error {
  override readonly name = "DriftError";
}

/** Options that name files: where they lie is each rank's own affair, what is in them is not. */
const PLACES = ["data", "labels", "images", "weights", "distill"];

/** Whether this process writes the run folder. */
export function leads({ ranks }: Pick<RunJob, "ranks">): boolean {
  return (ranks?.rank ?? 0) === 0;
}

/** Images of a step of one rank. Throws UsageError where a batch cannot be shared out. */
export function ownBatch({ flags: { batch }, ranks }: Pick<RunJob, "flags" | "ranks">): number {
  const size = ranks?.size ?? 1;
  if (batch % size === 0) return batch / size;
  throw new UsageError(
    `Cannot share --batch ${batch} among ${size} ranks: a multiple of ${size} was needed`,
  );
}

/** What a person should know of ranks before they train, in one sentence. */
export function describeRanks(job: RunJob, library: string): string {
  const { ranks, flags: { batch, accumulate } } = job;
  const images = accumulate === 1 ? `${batch}` : `${accumulate} × ${batch} = ${accumulate * batch}`;
  return `${ranks!.size} ranks (${library}): ${images} images a step, ${ownBatch(job)} ` +
    `${accumulate === 1 ? "" : "at a time "}on each; --batch and --lr are those of all together, ` +
    "whatever the number of ranks";
}

/** Throws UsageError on ranks whose run is not the one of rank 0: other options, other images, another beginning. */
export async function requireAgreement(job: RunJob, ranks: Ranks): Promise<void> {
  const { recipe, resumed } = job;
  const own: Record<string, unknown> = { ...recipe, step: resumed?.checkpoint.step ?? 0 };
  const first = await broadcastValue(ranks, own);
  for (const name of new Set([...Object.keys(own), ...Object.keys(first)])) {
    if (PLACES.includes(name)) continue;
    const [is, needed] = [own, first].map((of) => JSON.stringify(of[name]) ?? "nothing");
    if (is === needed) continue;
    throw new UsageError(
      `Cannot train with rank 0: "${name}" is ${brief(is!)} here, ${
        brief(needed!)
      } was needed; all ` +
        "ranks need the same command line and the same images",
    );
  }
}

/** Gives all ranks the weights and states of rank 0. */
export async function shareStart(session: Session, ranks: Ranks): Promise<void> {
  const { weights, optimizer, steps } = await readSnapshot(session);
  const own = ranks.rank === 0
    ? formatSafetensors(
      new Map([...prefixed("weights", weights), ...prefixed("optimizer", optimizer)]),
      { steps: `${steps}` },
    )
    : new Uint8Array();
  const { tensors, metadata } = parseSafetensors(await ranks.broadcast(own));
  if (ranks.rank === 0) return;
  writeSnapshot(session, {
    weights: without("weights", tensors),
    optimizer: without("optimizer", tensors),
    steps: Number(metadata.steps),
  });
}

/** Throws DriftError unless all ranks have these weights, to the bit. */
export async function requireAlike(
  weights: ReadonlyMap<string, Weight>,
  ranks: Ranks,
  epoch: number,
): Promise<void> {
  const digest = await crypto.subtle.digest("SHA-256", formatSafetensors(weights));
  const [first, ...others] = (await ranks.gather(new Uint8Array(digest))).map((x) => x.join());
  const other = others.findIndex((one) => one !== first);
  if (other < 0) return;
  throw new DriftError(
    `Cannot go on after epoch ${epoch}: rank ${
      other + 1
    } has other weights than rank 0, the same ` +
      "were needed; all ranks need the same kind of device and driver",
  );
}

/**
 * Asks for all ranks: one that is to stop stops all of them, and rank 0 says when to save. As often as it is asked, all
 * of them have to ask.
 */
export function askTogether(
  ask: NonNullable<FitOptions["ask"]>,
  ranks: Ranks,
): NonNullable<FitOptions["ask"]> {
  return async (at) => {
    const own = await ask(at);
    const said = Float32Array.of(
      own === "stop" ? 1 : 0,
      own === "save" && ranks.rank === 0 ? 1 : 0,
    );
    await ranks.allReduce(said);
    return said[0]! > 0 ? "stop" : said[1]! > 0 ? "save" : "go on";
  };
}

function prefixed(prefix: string, weights: ReadonlyMap<string, Weight>) {
  return [...weights].map(([name, weight]) => [`${prefix}/${name}`, weight] as const);
}

function without(prefix: string, tensors: ReadonlyMap<string, Weight>): Map<string, Weight> {
  return new Map(
    [...tensors].flatMap(([name, weight]) =>
      name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), weight] as const] : []
    ),
  );
}

function brief(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

/** Ten steps, a save, another session with another loader, ten more: the bits of twenty steps. */
import assert from "node:assert/strict";
import { hash } from "../../data/random.ts";
import { MemoryCache } from "../../data/cache/memory.ts";
import { Loader } from "../../data/loader.ts";
import type { Sample } from "../../data/sample.ts";
import type { Device } from "../../engine/gpu/device.ts";
import { optimizerNames } from "../../engine/optim/mod.ts";
import { cosine } from "../../engine/optim/schedules.ts";
import { denoFiles } from "../../cli/files.ts";
import type { RunEvent } from "../../train/events.ts";
import type { Answer } from "../../train/epoch.ts";
import { fit, type FitOptions, type RunPoint } from "../../train/fit.ts";
import { Session, type SessionOptions } from "../../train/session.ts";
import { readSnapshot, type Snapshot, writeSnapshot } from "../../train/snapshot.ts";
import { twoClasses } from "../cli/two_classes.ts";
import { temporaryFolder } from "../data/fixtures.ts";
import { deviceTest } from "../device.ts";
import { tiny } from "./tiny.ts";

/** Four epochs of five steps. */
const [EPOCHS, STEPS] = [4, 5];

interface Case {
  readonly session: Partial<SessionOptions>;
  readonly workers: number;
  readonly cached: boolean;
  /** The step after which the run is saved and ended. */
  readonly until: number;
}

/**
 * Each optimizer as halves and not, with one batch a step and two; the rest in turn. Of the four of an optimizer two are
 * in the suite, and all where VERITY_LONG is set.
 */
function cases(): Case[] {
  const long = Deno.env.has("VERITY_LONG");
  return optimizerNames.flatMap((name, k) =>
    (long ? [0, 1, 2, 3] : k % 2 === 0 ? [0, 3] : [1, 2]).map((i): Case => {
      const n = 4 * k + i;
      return {
        session: {
          optimizer: { name },
          precision: i % 2 === 0 ? "f32" : "f16",
          accumulate: i < 2 ? 1 : 2,
          average: name !== "schedule-free" && n % 3 === 0 ? { decay: 0.9 } : undefined,
        },
        workers: [1, 2, 4][n % 3]!,
        cached: n % 2 === 0,
        // Not the last step of an epoch, after which validation comes before a save.
        until: STEPS * (n % EPOCHS) + 1 + hash(8, n) % (STEPS - 1),
      };
    })
  );
}

deviceTest("a run goes on in the middle of an epoch to the same bits", async (device) => {
  await using dir = await temporaryFolder(await twoClasses());
  const samples = await samplesIn(`${dir.path}/data`);
  for (const [i, one] of cases().entries()) {
    // It is saved on the way and goes on.
    const whole = await part(device, samples, one);
    const { saved } = whole;
    assert.ok(saved);
    const rest = await part(device, samples, one, { from: saved });
    const name = JSON.stringify(one);
    assert.deepEqual(rest.snapshot, whole.snapshot, name);
    assert.deepEqual([...saved.said, ...rest.said], whole.said, name);
    if (i % 5 !== 0) continue;
    // It is never saved, which changes nothing; or it ends there, having said the same.
    const plain = await part(device, samples, one, { answer: "go on" });
    assert.deepEqual([plain.snapshot, plain.said], [whole.snapshot, whole.said], name);
    const ended = await part(device, samples, one, { answer: "stop" });
    assert.deepEqual(ended.saved, saved, name);
  }
});

async function samplesIn(path: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [label, folder] of ["grey", "red"].entries()) {
    for (const { name } of (await denoFiles.list(`${path}/${folder}`)).slice(0, 10)) {
      samples.push({ name, path: `${path}/${folder}/${name}`, label });
    }
  }
  return samples;
}

/** What a run was at a moment. */
interface Then {
  readonly snapshot: Snapshot;
  /** Events without times. */
  readonly said: readonly string[];
}

/** Where it was saved. */
interface Saved extends Then {
  readonly point: RunPoint;
}

/** A run from its beginning or from where it was saved, with what is answered at the step of the case. */
async function part(
  device: Device,
  samples: readonly Sample[],
  { session: options, workers, cached, until }: Case,
  { from, answer = "save" }: { readonly from?: Saved; readonly answer?: Answer } = {},
): Promise<Then & { readonly saved: Saved | undefined }> {
  const { accumulate = 1 } = options;
  const batch = 4 / accumulate;
  const cache = new MemoryCache(cached ? 2 ** 20 : 0);
  const loader = await Loader.open(samples, denoFiles, { workers, cache });
  const session = await Session.create(device, {
    ...{ model: tiny, classes: 2, size: 8, batch, seed: 5, train: true },
    ...{ optimizer: { name: "sgd" }, dropRate: 0.2 },
    ...options,
  });
  if (from) writeSnapshot(session, from.snapshot);
  const said: string[] = [];
  let saved: Saved | undefined;
  const images = { loader, count: samples.length };
  const how: FitOptions = {
    ...{ batch, size: 8, resize: 10, seed: 5, epochs: EPOCHS, logEvery: 3, accumulate, classes: 2 },
    schedule: cosine(0.01, { epochs: EPOCHS }),
    resume: from?.point,
    ask: ({ after, step }) => !from && after === "step" && step === until ? answer : "go on",
    saving: async (point) => {
      saved = { snapshot: await readSnapshot(session), point, said: [...said] };
    },
  };
  try {
    const result = await fit(session, { train: images, validation: images }, how, (event) => {
      // Warnings may be said again after a resumption.
      if (event.event !== "warning") said.push(untimed(event));
    });
    assert.equal(result.interrupted, answer === "stop");
    return { snapshot: await readSnapshot(session), said, saved };
  } finally {
    session.destroy();
    loader.close();
  }
}

function untimed(event: RunEvent): string {
  const timed = ["img_per_s", "waiting", "seconds", "eta_s"];
  return JSON.stringify(event, (key, value) => timed.includes(key) ? undefined : value);
}

/** What a worker does for its page: every request answered. Knows no messages but their types. */
/// <reference lib="dom" />

import { modelNames, type RunEvent } from "../mod.ts";
import {
  baseName,
  CheckpointError,
  defaultFolder,
  type Files,
  join,
  readCheckpoint,
  removeParts,
  RunFolder,
  type RunJob,
} from "../run.ts";
import { loaderSettings } from "./decoding.ts";
import { tabDevice } from "./device.ts";
import { FaultError, faultOf } from "./faults.ts";
import { divisionOf, newJob, resumedJob } from "./jobs.ts";
import { downloadOf, mistakesOf, predictIn, resultsOf } from "./looking.ts";
import type { Ended, Machine, RequestName, Requests, SavedRun, State } from "./messages.ts";
import { Pacing } from "./pacing.ts";
import { keptSource, pathOf, runFiles, savedRuns } from "./runs.ts";
import { divideAgain, openSource, placeSource, summaryOf, type TabData } from "./sources.ts";
import { describeWeights, type OpenWeights, openWeights } from "./weights.ts";
import { trainInTab } from "./training.ts";

/** Whom a studio tells what it does. */
export interface Listener {
  readonly heard: (event: RunEvent) => void;
  readonly changed: (state: State) => void;
}

type Answers = {
  readonly [Name in RequestName]: (
    parameters: Requests[Name]["with"],
  ) => Promise<Requests[Name]["gives"]>;
};

/** Answers requests; see {@linkcode Requests}. */
export class Studio {
  readonly #listener: Listener;
  #data: TabData | undefined;
  #weights: OpenWeights | undefined;
  #pacing: Pacing | undefined;
  #state: State = { doing: "nothing" };
  #files: Promise<Files> | undefined;

  /** Tells `listener` what it does. */
  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** What answers each request. Rejects with what faults are made of. */
  readonly answers: Answers = {
    machine: () => this.#machine(),
    runs: async () => await savedRuns(await this.#kept()),
    openData: (asked) =>
      this.#alone({ doing: "reading" }, async () => {
        const settings = loaderSettings();
        const placed = await placeSource(asked.source);
        let last = 0;
        this.#data = await openSource(placed, asked.source.kind, {
          ...asked,
          settings,
          checked: (done, total) => {
            if (done < total && performance.now() - last < 200) return;
            last = performance.now();
            this.#progress(done, total);
          },
        });
        return await summaryOf(this.#data);
      }),
    openWeights: ({ file, model }) =>
      this.#alone({ doing: "reading" }, async () => {
        this.#weights = await openWeights(file, model);
        return describeWeights(this.#weights);
      }),
    closeWeights: () => {
      this.#weights = undefined;
      return Promise.resolve();
    },
    train: (options) =>
      this.#alone({ doing: "preparing" }, async () => {
        if (!this.#data) throw noImages();
        const { asked } = this.#data;
        this.#data = await divideAgain(this.#data, { ...asked, seed: options.seed ?? asked.seed });
        const weights = this.#weights;
        const seeded = { seed: asked.seed, ...options };
        const job = await newJob(seeded, { data: this.#data, weights, report: this.#report });
        return await this.#train(job, options.saveEvery);
      }),
    continueRun: ({ run, epochs }) =>
      this.#alone({ doing: "preparing", run }, async () => {
        return await this.#train(await this.#resumed(pathOf(run), epochs));
      }),
    continueWeights: ({ epochs }) =>
      this.#alone({ doing: "preparing" }, async () => {
        const { checkpoint, path: where } = this.#weights ?? {};
        if (!checkpoint || where === undefined) {
          throw new CheckpointError("Cannot continue: no checkpoint is open, one was needed");
        }
        const path = defaultFolder(checkpoint.model);
        await RunFolder.adopt(await this.#kept(), path, { checkpoint, where });
        return await this.#train(await this.#resumed(path, epochs));
      }),
    pause: () => {
      this.#pacing?.pause();
      if (this.#pacing?.paused) this.#change({ ...this.#state, doing: "paused" });
      return Promise.resolve();
    },
    resume: () => {
      if (this.#pacing?.paused) this.#change({ ...this.#state, doing: "training" });
      this.#pacing?.resume();
      return Promise.resolve();
    },
    stop: () => {
      if (this.#pacing) this.#change({ ...this.#state, doing: "stopping" });
      this.#pacing?.stop();
      return Promise.resolve();
    },
    removeRun: ({ run }) =>
      this.#alone(
        { doing: "reading", run },
        async () => await (await this.#kept()).remove(pathOf(run)),
      ),
    results: async ({ run }) => await resultsOf(await this.#kept(), pathOf(run)),
    mistakes: ({ run, count }) =>
      this.#alone(
        { doing: "looking", run },
        async () => await mistakesOf(await this.#kept(), pathOf(run), { data: this.#data, count }),
      ),
    predict: (asked) =>
      this.#alone({ doing: "looking" }, async () => {
        const { checkpoint, path } = await this.#predictor(asked.run);
        const settings = loaderSettings();
        return await predictIn(asked, { checkpoint, path, settings, report: this.#report });
      }),
    download: ({ run, what }) =>
      this.#alone(
        { doing: "looking", run },
        async () => await downloadOf(await this.#kept(), pathOf(run), { what, data: this.#data }),
      ),
  };

  readonly #report = (event: RunEvent) => this.#listener.heard(event);

  #kept(): Promise<Files> {
    return this.#files ??= runFiles();
  }

  /** Does one thing while nothing else is done. */
  async #alone<T>(state: State, act: () => Promise<T>): Promise<T> {
    if (this.#state.doing !== "nothing") {
      throw new FaultError(
        "busy",
        `Cannot begin: the tab is ${this.#state.doing}, an idle one was needed`,
      );
    }
    this.#change(state);
    try {
      return await act();
    } finally {
      this.#change({ doing: "nothing" });
    }
  }

  #change(state: State): void {
    this.#state = state;
    this.#listener.changed(state);
  }

  #progress(done: number, total: number): void {
    this.#report({ event: "progress", done, total, "img_per_s": NaN, "eta_s": NaN });
  }

  async #machine(): Promise<Machine> {
    const persisted = await navigator.storage.persisted();
    const { usage, quota } = await navigator.storage.estimate();
    const known = {
      models: modelNames,
      persisted,
      ...(usage !== undefined && { usedBytes: usage }),
      ...(quota !== undefined && { quotaBytes: quota }),
    };
    try {
      const { name, software } = await tabDevice();
      return { adapter: name, software, ...known };
    } catch (error) {
      return { software: false, fault: faultOf(error), ...known };
    }
  }

  /** Trains a job, which {@linkcode Requests.pause} and others reach while it goes on. */
  async #train(job: RunJob, saveEvery?: number): Promise<Ended> {
    const pacing = this.#pacing = new Pacing(saveEvery);
    const run = baseName(job.path);
    const files = await this.#kept();
    const train = async () =>
      await trainInTab(job, {
        ...{ files, data: this.#data!, pacing, report: this.#report },
        doing: (doing) => {
          const waits = pacing.paused && doing === "training";
          this.#change({ doing: pacing.stopped ? "stopping" : waits ? "paused" : doing, run });
        },
        again: (path) => this.#resumed(path),
      });
    try {
      // Two tabs would write to one folder.
      return await navigator.locks.request(`verity ${job.path}`, { ifAvailable: true }, (lock) => {
        if (lock) return train();
        const message = `Cannot train ${run}: another tab does so, its end was needed`;
        throw new FaultError("busy", message);
      });
    } finally {
      this.#pacing = undefined;
    }
  }

  /** The job of a run that goes on, on images divided as when it began. */
  async #resumed(path: string, epochs?: number): Promise<RunJob> {
    const files = await this.#kept();
    const { warning, ...resumed } = await RunFolder.open(files, path);
    await removeParts(files, path);
    if (warning !== undefined) this.#report({ event: "warning", text: warning });
    if (!this.#data && await keptSource(files, path) === "demo") {
      const placed = await placeSource({ kind: "demo" });
      this.#data = await openSource(placed, "demo", { settings: loaderSettings(), check: false });
    }
    if (!this.#data) throw noImages();
    this.#data = await divideAgain(this.#data, divisionOf(resumed.checkpoint));
    return resumedJob(resumed, { data: this.#data, report: this.#report, epochs });
  }

  /** The checkpoint that predicts: the best one of a run, or the open one. */
  async #predictor(run: SavedRun["run"] | undefined) {
    if (run !== undefined) {
      const path = join(pathOf(run), "best.safetensors");
      return { checkpoint: await readCheckpoint(await this.#kept(), path), path };
    }
    const { checkpoint, path } = this.#weights ?? {};
    if (checkpoint && path !== undefined) return { checkpoint, path };
    throw new CheckpointError(
      "Cannot predict: no run was named, one or an open checkpoint was needed",
    );
  }
}

function noImages(): FaultError {
  return new FaultError(
    "data",
    "Cannot train: no images are open, a folder or an archive was needed",
  );
}

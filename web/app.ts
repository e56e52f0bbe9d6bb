/** What the page knows and what a person may do with it. Draws nothing: it says what has changed. */
/// <reference lib="dom" />

import { type Engine, EngineError } from "./engine.ts";
import { LiveRun } from "./live.ts";
import type {
  DataSummary,
  DownloadKind,
  Ended,
  Fault,
  Machine,
  Mistake,
  Predicted,
  Results,
  SavedRun,
  Source,
  State,
  TrainOptions,
  WeightsSummary,
} from "./messages.ts";
import { save } from "./saving.ts";
import type { ScreenName } from "./texts/texts.ts";

/** What must be drawn again: the part of the page in sight, its numbers alone, or what stands above it. */
export type Change = "screen" | "numbers" | "notices";

/** A class whose pictures are taken with the camera. */
export interface PictureClass {
  name: string;
  readonly images: Blob[];
}

/** The page without its looks. */
export class App {
  screen: ScreenName = "images";
  machine: Machine | undefined;
  state: State = { doing: "nothing" };
  /** Images that were read or predicted so far, of how many. */
  progress: { readonly done: number; readonly total: number } | undefined;
  fault: Fault | undefined;
  /** Whether the tab was hidden while it trained. */
  wasHidden = false;
  /** Classes whose pictures are being taken with the camera. */
  camera: readonly PictureClass[] | undefined;
  source: Source | undefined;
  data: DataSummary | undefined;
  weights: WeightsSummary | undefined;
  choices: TrainOptions = {};
  /** What of the choices the page made itself, for this machine and these images. */
  suited: TrainOptions = {};
  runs: readonly SavedRun[] = [];
  /** A run that waits for its images. */
  waiting: SavedRun | undefined;
  live: LiveRun | undefined;
  /** The name of the run under way, or of the one that is looked at. */
  run: string | undefined;
  results: Results | undefined;
  mistakes: readonly Mistake[] | undefined;
  predicted: Predicted | undefined;
  #following = false;
  readonly #engine: Engine;
  readonly #changed: (change: Change) => void;

  /** Listens to `engine` and calls `changed` when there is something else to see. */
  constructor(engine: Engine, changed: (change: Change) => void) {
    this.#engine = engine;
    this.#changed = changed;
    engine.changed = (state) => this.#became(state);
    engine.heard = (event) => {
      if (event.event === "progress") this.progress = event;
      else if (this.#following) this.live?.hear(event);
      changed("numbers");
    };
  }

  /** Whether the worker does something that others have to wait for. */
  get busy(): boolean {
    return this.state.doing !== "nothing";
  }

  /** Whether a run is under way. */
  get running(): boolean {
    return this.#following;
  }

  /** The screens that have something to show. */
  get open(): ReadonlySet<ScreenName> {
    return new Set<ScreenName>([
      "images",
      ...this.data ? ["choices"] as const : [],
      ...this.live ? ["training"] as const : [],
      ...this.run !== undefined && !this.running ? ["results"] as const : [],
      ...!this.running ? ["predict"] as const : [],
    ]);
  }

  /** Looks at the machine and at what earlier visits left. */
  async begin(): Promise<void> {
    // A device may take its time: what was kept is there at once.
    const machine = this.#try(this.#engine.ask("machine", undefined));
    this.runs = await this.#try(this.#engine.ask("runs", undefined)) ?? [];
    this.#changed("screen");
    this.machine = await machine;
    if (this.machine?.fault) this.fault = this.machine.fault;
    this.#changed("screen");
  }

  /** Shows another part of the page. */
  go(screen: ScreenName): void {
    this.screen = screen;
    this.#changed("screen");
  }

  /** Takes images, or gives those a waiting run needs. */
  async take(source: Source): Promise<void> {
    const data = await this.#try(this.#engine.ask("openData", { source }));
    if (!data) return this.#changed("screen");
    this.source = source;
    this.data = data;
    this.camera = undefined;
    const { waiting } = this;
    if (waiting) return await this.proceed(waiting);
    this.#changed("screen");
  }

  /** Opens the camera for classes with these names, or puts it and what it took away. */
  useCamera(names?: readonly string[]): void {
    this.camera = names?.map((name) => ({ name, images: [] }));
    this.#changed("screen");
  }

  /** Puts the images away. */
  forgetData(): void {
    this.data = this.source = undefined;
    this.#changed("screen");
  }

  /** Takes a file of weights, or forgets those that are open. */
  async takeWeights(file?: File): Promise<void> {
    if (file) {
      const { model } = this.choices;
      const read = this.#engine.ask("openWeights", { file, ...(model !== undefined && { model }) });
      this.weights = await this.#try(read) ?? this.weights;
    } else {
      await this.#try(this.#engine.ask("closeWeights", undefined));
      this.weights = undefined;
    }
    this.#changed("screen");
  }

  /** Trains with the choices made. */
  async train(): Promise<void> {
    // Where a step takes long, the curves have a point for each.
    const options = { ...(this.machine?.software && { logEvery: 1 }), ...this.choices };
    await this.#follow(new LiveRun(), this.#engine.ask("train", options));
  }

  /** Trains a saved run to its end; one whose images must be given waits for them. */
  async proceed(run: SavedRun): Promise<void> {
    if (!run.data && !(this.waiting && this.data)) {
      this.waiting = run;
      this.data = this.source = undefined;
      return this.go("images");
    }
    this.waiting = undefined;
    const before = await this.#engine.ask("results", { run: run.run }).catch(() => undefined);
    this.run = run.run;
    await this.#follow(
      before ? LiveRun.of(before) : new LiveRun(),
      this.#engine.ask("continueRun", { run: run.run }),
    );
  }

  /** Trains the run of the checkpoint that is open to its end, as a run of this browser. */
  async proceedWeights(): Promise<void> {
    await this.#follow(new LiveRun(), this.#engine.ask("continueWeights", {}));
  }

  /** Leaves a run that waits for its images as it is. */
  giveUp(): void {
    this.waiting = undefined;
    this.#changed("screen");
  }

  /** Holds the run, lets it go on, or ends it saved. */
  async command(what: "pause" | "resume" | "stop"): Promise<void> {
    await this.#try(this.#engine.ask(what, undefined));
  }

  /** Removes a saved run. */
  async remove(run: string): Promise<void> {
    await this.#try(this.#engine.ask("removeRun", { run }));
    if (this.run === run) this.run = this.results = this.live = undefined;
    await this.#count();
    this.#changed("screen");
  }

  /** Shows what a run came to. */
  async look(run: string): Promise<void> {
    if (this.results?.run !== run) this.results = this.mistakes = undefined;
    this.run = run;
    this.go("results");
    if (this.results) return;
    this.results = await this.#try(this.#engine.ask("results", { run }));
    if (this.results && (!this.live || this.live.ended?.run !== run)) {
      this.live = LiveRun.of(this.results);
    }
    this.#changed("screen");
  }

  /** Looks for the worst mistakes of the run that is shown. */
  async findMistakes(): Promise<void> {
    if (this.run === undefined) return;
    this.mistakes = await this.#try(this.#engine.ask("mistakes", { run: this.run, count: 12 }));
    this.#changed("screen");
  }

  /** Predicts images with the run that is shown, else with the checkpoint that is open. */
  async predict(source: Source, sample?: File): Promise<void> {
    this.predicted = undefined;
    this.predicted = await this.#try(this.#engine.ask("predict", {
      source,
      ...(this.run !== undefined && { run: this.run }),
      ...(sample && { sample }),
    }));
    this.#changed("screen");
  }

  /** A file of the run that is shown, to save. */
  async download(what: DownloadKind): Promise<void> {
    if (this.run === undefined) return;
    const file = await this.#try(this.#engine.ask("download", { run: this.run, what }));
    if (file) save(file.blob, file.name);
  }

  /** Forgets what went wrong. */
  excuse(): void {
    this.fault = undefined;
    this.wasHidden = false;
    this.#changed("notices");
  }

  /** Remembers that the tab was hidden while it trained. */
  hid(): void {
    if (this.state.doing !== "training" || this.wasHidden) return;
    this.wasHidden = true;
    this.#changed("notices");
  }

  async #follow(live: LiveRun, ending: Promise<Ended>): Promise<void> {
    this.live = live;
    this.results = this.mistakes = undefined;
    this.#following = true;
    this.go("training");
    const ended = await this.#try(ending);
    this.#following = false;
    if (ended) {
      this.live.ended = ended;
      this.run = ended.run;
    }
    await this.#count();
    this.#changed("screen");
  }

  /** Asks anew what is kept in this browser. */
  async #count(): Promise<void> {
    this.runs = await this.#try(this.#engine.ask("runs", undefined)) ?? [];
    this.machine = await this.#try(this.#engine.ask("machine", undefined)) ?? this.machine;
  }

  #became(state: State): void {
    this.state = state;
    this.progress = undefined;
    if (state.run !== undefined && this.running) this.run = state.run;
    this.#changed("numbers");
  }

  async #try<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      this.fault = error instanceof EngineError
        ? { kind: error.kind, message: error.message }
        : { kind: "program", message: String(error) };
      this.#changed("notices");
    }
  }
}

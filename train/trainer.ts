/** The training half of a session: the programs of a step, what is fed to them, what they count. No weight files. */

import type { Program } from "../engine/compile/program.ts";
import type { Memory } from "../engine/gpu/memory.ts";
import type { Span } from "../engine/gpu/profile.ts";
import { Runner } from "../engine/gpu/runner.ts";
import type { Tensor } from "../engine/graph.ts";
import { uniform } from "../engine/ops/dropout.ts";
import { averageShare } from "../engine/optim/average.ts";
import type { Rates } from "../engine/optim/optimizer.ts";
import type { Weight } from "../models/safetensors.ts";
import {
  type CapturedModel,
  type CapturedTraining,
  captureTraining,
  imageFeeds,
} from "./captured.ts";
import { compileTraining, limitsOf, type Programs } from "./programs.ts";
import type { Examples, SessionOptions } from "./session_options.ts";
import type { Measured } from "./measured.ts";
import { readFirst } from "./readings.ts";
import { exchange, ofAll, ofOne, runTogether } from "./shared_step.ts";
import { decodeScale, encodeScale, SCALE_ENTRY } from "./scaling.ts";
import { type State, statesOf } from "./states.ts";
import { decodeTally, tallied, TALLY_ENTRY, withTally } from "./tally.ts";
import { oneHot } from "./step.ts";
import { type ArenaNumbers, decodeArena, encodeStates } from "./weights.ts";

/** Steps on a device. The methods are those of a session that trains. */
export class Trainer {
  readonly #memory: Memory;
  readonly #model: CapturedModel;
  readonly #training: CapturedTraining;
  readonly #options: SessionOptions;
  readonly #states: readonly State[];
  /** Runs the program of a batch. */
  readonly #batch: Runner;
  /** Takes the step, where it has several batches. */
  readonly #finish: Runner | undefined;
  /** Makes the weights to evaluate, where the optimizer knows them. */
  readonly #publish: Runner | undefined;
  #stepsDone = 0;
  #stepsMeasured = 0;
  /** Batches of the step that is not finished. */
  #pending = 0;
  #begun = false;
  /** Whether something has changed since the weights to evaluate were made. */
  #stale = true;

  private constructor(
    memory: Memory,
    { model, training, options }: {
      readonly model: CapturedModel;
      readonly training: CapturedTraining;
      readonly options: SessionOptions;
    },
    readonly programs: Programs,
    runners: ReadonlyMap<Program | undefined, Runner>,
  ) {
    this.#memory = memory;
    this.#model = model;
    this.#training = training;
    this.#options = options;
    this.#states = statesOf(model, training);
    this.#batch = runners.get(programs.program)!;
    this.#finish = runners.get(programs.finish);
    this.#publish = runners.get(programs.publish);
  }

  /** Compiles the programs of a step. Throws as `Session.create` does. */
  static async create(
    memory: Memory,
    model: CapturedModel,
    options: SessionOptions,
  ): Promise<Trainer> {
    const training = captureTraining(model, options);
    const programs = compileTraining(training, limitsOf(options, memory.device.limits));
    for (const [t, numbers] of training.feeds) memory.write(t, numbers);
    const runners = new Map<Program, Runner>();
    try {
      for (const program of Object.values(programs)) {
        runners.set(program, await Runner.create(program, memory));
      }
    } catch (error) {
      for (const runner of runners.values()) runner.destroy();
      throw error;
    }
    return new Trainer(memory, { model, training, options }, programs, runners);
  }

  /** Steps since the weights were initialised, those before a resumption included. */
  get stepsDone(): number {
    return this.#stepsDone;
  }

  /** Batches that passed in all that time. */
  get batches(): number {
    return this.#stepsDone * this.#accumulate + this.#pending;
  }

  /** See `Session`. */
  step(examples: Examples, rates: Rates): void | Promise<void> {
    this.#require("one", "step");
    const finish = this.#finish;
    if (finish) {
      return Promise.resolve(this.#add(examples)).then(() => this.#finished(finish, rates));
    }
    const t = this.#stepsDone + 1;
    this.#feed(examples, this.#values(t, rates));
    this.#batch.run();
    this.#stepped(t);
  }

  /** See `Session`. */
  accumulate(examples: Examples): void | Promise<void> {
    this.#require("several", "accumulate");
    return this.#add(examples);
  }

  /** See `Session`. */
  update(rates: Rates): void | Promise<void> {
    this.#require("several", "update");
    if (this.#pending === this.#accumulate) return this.#finished(this.#finish!, rates);
    throw new TypeError(
      `Cannot update: ${this.#pending} batches were added up, ${this.#accumulate} were needed`,
    );
  }

  #add(examples: Examples): void | Promise<void> {
    this.#feed(examples, new Array<number>(this.#training.step.scalars.size - 1).fill(0));
    this.#pending++;
    return runTogether(this.#batch, this.#options.ranks);
  }

  /** Takes the step of what was added up, here or on all ranks. */
  #finished(finish: Runner, rates: Rates): void | Promise<void> {
    const take = () => {
      const t = this.#stepsDone + 1;
      this.#memory.write(this.#training.step.scalars, [0, ...this.#values(t, rates)]);
      finish.run();
      this.#pending = 0;
      this.#stepped(t);
    };
    const { ranks, wire } = this.#options;
    if (!ranks) return take();
    const { step: { sums } } = this.#training;
    const { variables: { statistics } } = this.#model;
    const numbers = { read: (t: Tensor) => this.read(t), memory: this.#memory };
    return exchange({ sums, statistics }, numbers, { ranks, wire }).then(take);
  }

  /** See `Session`. */
  profile(): Promise<Span[]> {
    this.#require("one", "profile");
    this.#stepped(this.#stepsDone + 1);
    return this.#batch.profile();
  }

  /** See `Session`. */
  async metrics(): Promise<Measured> {
    const { metrics, guard, scale } = this.#training.step;
    const steps = this.#stepsMeasured;
    const { batch, ranks } = this.#options;
    const images = batch * this.#accumulate * (ranks?.size ?? 1);
    // The queue keeps the order: the sums are copied, then set to 0, before any step that follows.
    const sums = [metrics.loss, metrics.correct, guard.skipped, guard.longest];
    const all = scale ? [...sums, scale.factor] : sums;
    const reading = readFirst(all, (t) => this.read(t));
    for (const sum of sums) this.#memory.write(sum, [0]);
    this.#stepsMeasured = 0;
    const [loss, correct, skipped, longest, factor] = await ofAll(await reading, ranks);
    const taken = steps - skipped!;
    return {
      loss: loss! / taken,
      accuracy: correct! / (steps * images),
      count: taken * images,
      ...{ skipped: skipped!, longest: longest! },
      ...(factor !== undefined && { scaling: { lossScale: factor } }),
    };
  }

  /** The numbers of a state or an input of any of the programs. */
  read(t: Tensor): Promise<Float32Array> {
    const runners = [this.#batch, this.#finish, this.#publish];
    return (runners.find((r) => r?.program.locations.has(t)) ?? this.#batch).read(t);
  }

  /** Sees to it that what evaluations use is what follows from the steps so far. */
  publish(): void {
    if (this.#stale) this.#publish?.run();
    this.#stale = false;
  }

  /** Has what begins as the weights begin as these; on the first call all other states too. */
  begin(numbers: ArenaNumbers): void {
    const { variables, evaluated } = this.#model;
    const { step, optimizer } = this.#training;
    for (const [i, name] of optimizer.states.entries()) {
      const initial = optimizer.initial?.[name] ?? 0;
      const state = step.states[i]!;
      if (initial === "parameters") this.#memory.write(state, numbers.parameters);
      else if (!this.#begun) this.#memory.write(state, new Float32Array(state.size).fill(initial));
    }
    this.#begun = true;
    this.#stale = true;
    for (const name of ["parameters", "statistics"] as const) {
      if (evaluated[name] === variables[name]) continue;
      this.#memory.write(evaluated[name].tensor, numbers[name]);
    }
  }

  /** What going on needs beside the weights to evaluate, by name and key. */
  async readStates(): Promise<Map<string, Weight>> {
    const all = new Map<string, Weight>();
    for (const { name, arena, tensor } of this.#states) {
      const part = decodeArena(arena, await this.read(tensor));
      for (const [key, weight] of part) all.set(`${name}.${key}`, weight);
    }
    const { scale } = this.#training.step;
    if (scale) {
      const [[factor], [taken]] = [await this.read(scale.factor), await this.read(scale.taken)];
      all.set(SCALE_ENTRY, encodeScale(factor!, taken!));
    }
    const sums = await readFirst(tallied(this.#training.step), (t) => this.read(t));
    return withTally(all, await ofAll(sums, this.#options.ranks), this.#stepsMeasured);
  }

  /** Replaces that, and drops batches of a step that was not finished. Throws RangeError where it does not fit. */
  writeStates(states: ReadonlyMap<string, Weight>, stepsDone: number): void {
    const { scale, sums } = this.#training.step;
    const others = new Map(states);
    const tally = decodeTally(states);
    others.delete(TALLY_ENTRY);
    if (scale) {
      const { factor, taken } = decodeScale(states);
      this.#memory.write(scale.factor, [factor]);
      this.#memory.write(scale.taken, [taken]);
      others.delete(SCALE_ENTRY);
    }
    encodeStates(this.#states, others)
      .forEach((numbers, i) => this.#memory.write(this.#states[i]!.tensor, numbers));
    for (const sum of sums) this.#memory.write(sum, new Float32Array(sum.size));
    const own = ofOne(tally, this.#options.ranks);
    tallied(this.#training.step).forEach((t, i) => this.#memory.write(t, [own[i]!]));
    this.#stepsMeasured = tally.at(-1)!;
    this.#stepsDone = stepsDone;
    this.#pending = 0;
    this.#stale = true;
  }

  /** Frees what the programs alone use. */
  destroy(): void {
    this.#batch.destroy();
    this.#finish?.destroy();
    this.#publish?.destroy();
  }

  /** Batches that a step takes. */
  get #accumulate(): number {
    return this.#options.accumulate ?? 1;
  }

  #stepped(t: number): void {
    this.#stepsDone = t;
    this.#stepsMeasured++;
    this.#stale = true;
  }

  /** The scalars of step `t`: the optimizer's, and the average's. */
  #values(t: number, rates: Rates): readonly number[] {
    const { average } = this.#options;
    const values = this.#training.optimizer.values(t, rates);
    return average ? [...values, averageShare(t, average)] : values;
  }

  /** Writes a batch, the seed of what it drops, and the optimizer's scalars. */
  #feed(examples: Examples, scalars: readonly number[]): void {
    const { step } = this.#training;
    for (const [t, numbers] of imageFeeds(this.#model, examples, "training")) {
      this.#memory.write(t, numbers);
    }
    this.#memory.write(
      step.targets,
      examples.targets ?? oneHot(examples.labels, step.targets.shape),
    );
    // Rows of a batch are counted from 0 on each rank, so each draws for itself.
    const { seed, ranks: { rank, size } = { rank: 0, size: 1 } } = this.#options;
    const draw = Math.floor(uniform(seed, (this.batches + 1) * size + rank) * 2 ** 24);
    this.#memory.write(step.scalars, [draw, ...scalars]);
  }

  #require(batches: "one" | "several", what: string): void {
    if (this.#accumulate === 1 === (batches === "one")) return;
    throw new TypeError(
      batches === "one"
        ? `Cannot ${what} a session that adds up batches: accumulate() for each and update() were needed`
        : `Cannot ${what} in a session whose steps are one batch: \`accumulate\` above 1 was needed`,
    );
  }
}

/** The training half of a session: the programs of a step, what is fed to them, what they count. No weight files. */

import type { Memory } from "../engine/gpu/memory.ts";
import type { Span } from "../engine/gpu/profile.ts";
import { Runner } from "../engine/gpu/runner.ts";
import type { Tensor } from "../engine/graph.ts";
import { uniform } from "../engine/ops/dropout.ts";
import type { Rates } from "../engine/optim/optimizer.ts";
import type { Weight } from "../models/safetensors.ts";
import {
  type CapturedModel,
  type CapturedTraining,
  captureTraining,
  compileTraining,
  imageFeeds,
  limitsOf,
  type Programs,
} from "./captured.ts";
import type { Examples, SessionOptions } from "./session_options.ts";
import { oneHot } from "./step.ts";
import { decodeArena, encodeStates } from "./weights.ts";

/** Steps on a device. The methods are those of a session that trains. */
export class Trainer {
  readonly #memory: Memory;
  readonly #model: CapturedModel;
  readonly #training: CapturedTraining;
  readonly #options: SessionOptions;
  /** Runs the program of a batch. */
  readonly #batch: Runner;
  /** Takes the step, where it has several batches. */
  readonly #finish: Runner | undefined;
  #stepsDone = 0;
  #stepsMeasured = 0;
  /** Batches of the step that is not finished. */
  #pending = 0;

  private constructor(
    memory: Memory,
    { model, training, options }: {
      readonly model: CapturedModel;
      readonly training: CapturedTraining;
      readonly options: SessionOptions;
    },
    readonly programs: Programs,
    runners: readonly Runner[],
  ) {
    this.#memory = memory;
    this.#model = model;
    this.#training = training;
    this.#options = options;
    [this.#batch, this.#finish] = runners as [Runner, Runner?];
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
    const runners: Runner[] = [];
    try {
      for (const program of Object.values(programs)) {
        runners.push(await Runner.create(program, memory));
      }
    } catch (error) {
      for (const runner of runners) runner.destroy();
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
  step(examples: Examples, rates: Rates): void {
    this.#requireOne("step");
    const t = this.#stepsDone + 1;
    this.#feed(examples, this.#training.optimizer.values(t, rates));
    this.#batch.run();
    this.#stepsDone = t;
    this.#stepsMeasured++;
  }

  /** See `Session`. */
  accumulate(examples: Examples): void {
    this.#requireSeveral("accumulate");
    this.#feed(examples, new Array<number>(this.#training.optimizer.scalars).fill(0));
    this.#batch.run();
    this.#pending++;
  }

  /** See `Session`. */
  update(rates: Rates): void {
    const finish = this.#requireSeveral("update");
    const { step, optimizer } = this.#training;
    if (this.#pending !== this.#accumulate) {
      throw new TypeError(
        `Cannot update: ${this.#pending} batches were added up, ${this.#accumulate} were needed`,
      );
    }
    const t = this.#stepsDone + 1;
    this.#memory.write(step.scalars, [0, ...optimizer.values(t, rates)]);
    finish.run();
    this.#pending = 0;
    this.#stepsDone = t;
    this.#stepsMeasured++;
  }

  /** See `Session`. */
  profile(): Promise<Span[]> {
    this.#requireOne("profile");
    this.#stepsDone++;
    this.#stepsMeasured++;
    return this.#batch.profile();
  }

  /** See `Session`. */
  async metrics(): Promise<{ loss: number; accuracy: number; count: number }> {
    const { metrics } = this.#training.step;
    const steps = this.#stepsMeasured;
    const count = steps * this.#options.batch * this.#accumulate;
    // The queue keeps the order: the sums are copied, then set to 0, before any step that follows.
    const reading = Promise.all([this.read(metrics.loss), this.read(metrics.correct)]);
    this.#memory.write(metrics.loss, [0]);
    this.#memory.write(metrics.correct, [0]);
    this.#stepsMeasured = 0;
    const [[loss], [correct]] = await reading;
    return { loss: loss! / steps, accuracy: correct! / count, count };
  }

  /** The numbers of a state or an input of either program. */
  read(t: Tensor): Promise<Float32Array> {
    const knows = this.#finish?.program.locations.has(t);
    return (knows ? this.#finish! : this.#batch).read(t);
  }

  /** The states of the optimizer, by name and key. */
  async readStates(): Promise<Map<string, Weight>> {
    const { step, optimizer } = this.#training;
    const all = new Map<string, Weight>();
    for (const [i, name] of optimizer.states.entries()) {
      const numbers = await this.read(step.states[i]!);
      for (const [key, weight] of decodeArena(this.#model.variables.parameters, numbers)) {
        all.set(`${name}.${key}`, weight);
      }
    }
    return all;
  }

  /** Replaces them, and drops batches of a step that was not finished. Throws RangeError where they do not fit. */
  writeStates(states: ReadonlyMap<string, Weight>, stepsDone: number): void {
    const { step, optimizer } = this.#training;
    const numbers = encodeStates(this.#model.variables.parameters, optimizer.states, states);
    numbers.forEach((values, i) => this.#memory.write(step.states[i]!, values));
    for (const sum of step.sums) this.#memory.write(sum, new Float32Array(sum.size));
    this.#stepsDone = stepsDone;
    this.#pending = 0;
  }

  /** Frees what the programs alone use. */
  destroy(): void {
    this.#batch.destroy();
    this.#finish?.destroy();
  }

  /** Batches that a step takes. */
  get #accumulate(): number {
    return this.#options.accumulate ?? 1;
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
    const draw = Math.floor(uniform(this.#options.seed, this.batches + 1) * 2 ** 24);
    this.#memory.write(step.scalars, [draw, ...scalars]);
  }

  #requireOne(what: string): void {
    if (!this.#finish) return;
    throw new TypeError(
      `Cannot ${what} a session that adds up batches: accumulate() for each and update() were needed`,
    );
  }

  #requireSeveral(what: string): Runner {
    if (this.#finish) return this.#finish;
    throw new TypeError(
      `Cannot ${what} in a session whose steps are one batch: \`accumulate\` above 1 was needed`,
    );
  }
}

/** A session: a model on a device, stepped and evaluated batch by batch. Knows no files and no loop. */

import { compile } from "../engine/compile/mod.ts";
import type { CompileOptions, Program } from "../engine/compile/program.ts";
import type { Device } from "../engine/gpu/device.ts";
import { Memory } from "../engine/gpu/memory.ts";
import type { Span } from "../engine/gpu/profile.ts";
import { Runner } from "../engine/gpu/runner.ts";
import type { Tensor } from "../engine/graph.ts";
import type { Arena } from "../engine/nn/variables.ts";
import type { Rates } from "../engine/optim/optimizer.ts";
import type { Weight } from "../models/safetensors.ts";
import { type CapturedModel, captureEvaluation, captureModel, imageFeeds } from "./captured.ts";
import { limitsOf, planOf, type Programs } from "./programs.ts";
import type { Examples, SessionOptions, SessionPlan } from "./session_options.ts";
import { captureStatistics } from "./statistics.ts";
import type { Measured } from "./measured.ts";
import { Trainer } from "./trainer.ts";
import { WeightAverage } from "./weight_average.ts";
import {
  type ArenaNumbers,
  ARENAS,
  decodeVariables,
  encodeVariables,
  initialNumbers,
} from "./weights.ts";

export type { Examples, ImageChange, SessionOptions, SessionPlan } from "./session_options.ts";

/** A model on a device. */
export class Session {
  readonly #options: SessionOptions;
  readonly #memory: Memory;
  readonly #captured: CapturedModel;
  readonly #limits: CompileOptions;
  #programs?: Programs;
  #trainer?: Trainer;
  #evaluation?: Promise<{ readonly runner: Runner; readonly logits: Tensor }>;
  readonly #average = new WeightAverage();
  /** Batches that the running statistics had seen when weights were last written, by norm. */
  #batchesBefore: ReadonlyMap<string, number> = new Map();
  /** Batches of the trainer when weights were last written. */
  #batchesWritten = 0;

  private constructor(device: Device, options: SessionOptions) {
    this.#options = options;
    this.#limits = limitsOf(options, device.limits);
    this.#captured = captureModel(options);
    this.#memory = new Memory(device);
  }

  /**
   * Compiles a session with fresh weights. Throws RangeError where the options do not fit together,
   * MemoryError where the device is too small, and names what does not fit.
   */
  static async create(device: Device, options: SessionOptions): Promise<Session> {
    const session = new Session(device, options);
    try {
      if (options.train) {
        session.#trainer = await Trainer.create(session.#memory, session.#captured, options);
        session.#programs = session.#trainer.programs;
      } else await session.#evaluationRunner();
    } catch (error) {
      session.destroy();
      throw error;
    }
    session.#write(initialNumbers(session.#captured.variables, options.seed));
    return session;
  }

  /** What a step costs; of an evaluation where the session does not train. */
  get plan(): SessionPlan {
    return planOf(this.#programs!, this.#captured.variables, this.#options);
  }

  /** The program of a batch; of an evaluation where the session does not train. */
  get program(): Program {
    return this.#programs!.program;
  }

  /** Steps since the weights were initialised, those before a resumption included. */
  get stepsDone(): number {
    return this.#trainer?.stepsDone ?? 0;
  }

  /**
   * Submits one step: writes the batch and a few scalars, runs the program once, reads nothing. Throws
   * TypeError where the session adds up batches: that is `accumulate` and `update`.
   */
  step(examples: Examples, rates: Rates): void | Promise<void> {
    return this.#trained("step").step(examples, rates);
  }

  /**
   * Submits the pass of one batch of a step, which adds its gradient and loss to those of the step so far; its
   * running statistics move at once. Throws TypeError where the session was not made to add up batches.
   */
  accumulate(examples: Examples): void | Promise<void> {
    return this.#trained("accumulate").accumulate(examples);
  }

  /**
   * Submits the update that finishes a step, with the mean gradient of the batches since the last one. Throws
   * TypeError where another number of batches than the session's was added up.
   */
  update(rates: Rates): void | Promise<void> {
    return this.#trained("update").update(rates);
  }

  /**
   * Runs one step on what was last fed and says when each dispatch of `program` ran. Throws TypeError as
   * `step` does.
   */
  profile(): Promise<Span[]> {
    return this.#trained("profile").profile();
  }

  /** Means over the steps since the last call; NaN as loss where training diverged. */
  async metrics(): Promise<Measured> {
    return await this.#trained("measure").metrics();
  }

  /** Logits [batch, classes] in evaluation mode, row-major; of averaged weights where the session averages them. */
  async evaluate(examples: Pick<Examples, "images" | "left">): Promise<Float32Array> {
    const { runner, logits } = await this.#evaluationRunner();
    this.#trainer?.publish();
    for (const [t, numbers] of imageFeeds(this.#captured, examples, "evaluation")) {
      this.#memory.write(t, numbers);
    }
    runner.run();
    return await runner.read(logits);
  }

  /**
   * The weights that `evaluate` uses, under timm's names: parameters, running statistics, counters of batches.
   */
  async readWeights(): Promise<Map<string, Weight>> {
    const { evaluated: variables } = this.#captured;
    this.#trainer?.publish();
    const { parameters, statistics, frozen } = variables;
    const from = this.#trainer && variables.parameters === this.#captured.variables.parameters
      ? this.#trainer
      : (await this.#evaluationRunner()).runner;
    const read = async ({ tensor, variables }: Arena) =>
      variables.length ? await from.read(tensor) : new Float32Array(); // no program knows an empty one
    const numbers = {
      parameters: await read(parameters),
      statistics: await read(statistics),
      frozen: await read(frozen),
    };
    const batches = (this.#trainer?.batches ?? 0) - this.#batchesWritten;
    return decodeVariables(variables, numbers, (name) => {
      const counts = statistics.part({ name, layout: "statistics" }) !== undefined;
      return (this.#batchesBefore.get(name) ?? 0) + (counts ? batches : 0);
    });
  }

  /**
   * Replaces all weights; averages begin anew with them. Throws RangeError with a list of what is missing,
   * unexpected or of another shape.
   */
  writeWeights(weights: ReadonlyMap<string, Weight>): void {
    const numbers = encodeVariables(this.#captured.variables, weights);
    this.#write(numbers);
    this.#batchesBefore = numbers.batches;
    this.#batchesWritten = this.#trainer?.batches ?? 0;
  }

  /**
   * What going on needs beside the weights of `readWeights`: the states of the optimizer, `exp_avg.conv1.weight`
   * and so on, and as `training.conv1.weight` the weights being trained where others are evaluated.
   */
  async readOptimizer(): Promise<Map<string, Weight>> {
    const states = await this.#trained("read the optimizer of").readStates();
    return new Map([...states, ...this.#average.entries()]);
  }

  /**
   * Replaces that after `stepsDone` steps, and drops batches of a step that was not finished; where weights are
   * averaged, `writeWeights` comes first. Throws RangeError where something does not fit.
   */
  writeOptimizer(states: ReadonlyMap<string, Weight>, stepsDone: number): void {
    const trainer = this.#trained("write the optimizer of");
    const before = trainer.batches;
    trainer.writeStates(this.#average.restore(states), stepsDone);
    this.#batchesWritten += trainer.batches - before; // they were counted by the weights' own counters
  }

  /** How many weights the mean of `addToAverage` is of. */
  get averaged(): number {
    return this.#average.count;
  }

  /** Adds the weights that `evaluate` uses to a mean, which is saved with the states of the optimizer. */
  async addToAverage(): Promise<void> {
    this.#average.add(await this.readWeights());
  }

  /** Replaces the weights by that mean. Throws TypeError where nothing was added. */
  useAverage(): void {
    if (this.#average.count === 0) {
      throw new TypeError("Cannot use the average of weights: none were added, some were needed");
    }
    this.writeWeights(this.#average.weights);
  }

  /**
   * Replaces the running statistics that `evaluate` uses by their mean over batches, as weights need that were not
   * trained as they are: averages. Throws RangeError where there is no batch.
   */
  async estimateStatistics(
    batches: AsyncIterable<Pick<Examples, "images" | "left">>,
  ): Promise<void> {
    const captured = captureStatistics(this.#captured);
    if (!captured) return;
    const program = compile(captured.goal, this.#limits);
    const runner = await Runner.create(program, this.#memory);
    this.#trainer?.publish();
    let count = 0;
    try {
      for await (const batch of batches) {
        for (const [t, numbers] of imageFeeds(this.#captured, batch, "training")) {
          this.#memory.write(t, numbers);
        }
        this.#memory.write(captured.share, [1 / ++count]);
        runner.run();
      }
    } finally {
      runner.destroy();
    }
    if (count === 0) throw new RangeError("Cannot estimate statistics of no batch: one was needed");
  }

  /** Frees everything on the device. */
  destroy(): void {
    this.#trainer?.destroy();
    this.#evaluation?.then(({ runner }) => runner.destroy(), () => {});
    this.#memory.destroy();
  }

  #evaluationRunner() {
    return this.#evaluation ??= this.#compileEvaluation();
  }

  async #compileEvaluation() {
    const logits = captureEvaluation(this.#captured);
    const program = compile({ outputs: [logits] }, this.#limits);
    this.#programs ??= { program };
    return { runner: await Runner.create(program, this.#memory), logits };
  }

  #write(numbers: ArenaNumbers): void {
    const { variables } = this.#captured;
    for (const name of ARENAS) this.#memory.write(variables[name].tensor, numbers[name]);
    this.#trainer?.begin(numbers);
  }

  #trained(what: string): Trainer {
    if (this.#trainer) return this.#trainer;
    throw new TypeError(`Cannot ${what} a session: it only evaluates, \`train: true\` was needed`);
  }
}

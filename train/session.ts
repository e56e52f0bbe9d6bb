/** A session: a model on a device, stepped and evaluated batch by batch. Knows no files and no loop. */

import { compile } from "../engine/compile/mod.ts";
import type { Program } from "../engine/compile/program.ts";
import type { Device } from "../engine/gpu/device.ts";
import { Memory } from "../engine/gpu/memory.ts";
import type { Span } from "../engine/gpu/profile.ts";
import { Runner } from "../engine/gpu/runner.ts";
import type { Tensor } from "../engine/graph.ts";
import { apply } from "../engine/nn/scope.ts";
import type { Arena } from "../engine/nn/variables.ts";
import { uniform } from "../engine/ops/dropout.ts";
import type { Optimizer, Rates } from "../engine/optim/optimizer.ts";
import type { Weight } from "../models/safetensors.ts";
import {
  type CapturedModel,
  captureModel,
  captureTraining,
  imageFeeds,
  planOf,
} from "./captured.ts";
import type { Examples, SessionOptions, SessionPlan } from "./session_options.ts";
import { oneHot, type TrainingStep } from "./step.ts";
import {
  ARENAS,
  decodeArena,
  decodeVariables,
  encodeStates,
  encodeVariables,
  initialNumbers,
} from "./weights.ts";

export type { Examples, ImageChange, SessionOptions, SessionPlan } from "./session_options.ts";

/** The parts of a training session that an evaluating one lacks. */
interface Training {
  readonly step: TrainingStep;
  readonly optimizer: Optimizer;
  readonly runner: Runner;
}

/** A model on a device. */
export class Session {
  readonly #options: SessionOptions;
  readonly #memory: Memory;
  readonly #captured: CapturedModel;
  readonly #device: Device;
  #program?: Program;
  #training?: Training;
  #evaluation?: Promise<{ readonly runner: Runner; readonly logits: Tensor }>;
  #stepsDone = 0;
  #stepsMeasured = 0;
  /** Batches that the running statistics had seen when weights were last written, by norm. */
  #batchesBefore: ReadonlyMap<string, number> = new Map();
  /** `stepsDone` when weights were last written. */
  #stepsBefore = 0;

  private constructor(device: Device, options: SessionOptions) {
    this.#options = options;
    this.#device = device;
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
      if (options.train) session.#training = await session.#compileTraining();
      else await session.#evaluationRunner();
    } catch (error) {
      session.destroy();
      throw error;
    }
    session.#initialize();
    return session;
  }

  /** What a step costs; of an evaluation where the session does not train. */
  get plan(): SessionPlan {
    return planOf(this.#program!, this.#captured.variables, this.#options.batch);
  }

  /** The program of a step; of an evaluation where the session does not train. */
  get program(): Program {
    return this.#program!;
  }

  /** Steps since the weights were initialised, those before a resumption included. */
  get stepsDone(): number {
    return this.#stepsDone;
  }

  /** Submits one step: writes the batch and a few scalars, runs the program once, reads nothing. */
  step(examples: Examples, rates: Rates): void {
    const { step, optimizer, runner } = this.#trained("step");
    const { seed } = this.#options;
    const t = this.#stepsDone + 1;
    this.#feed(imageFeeds(this.#captured, examples, "training"));
    this.#memory.write(
      step.targets,
      examples.targets ?? oneHot(examples.labels, step.targets.shape),
    );
    const draw = Math.floor(uniform(seed, t) * 2 ** 24);
    this.#memory.write(step.scalars, [draw, ...optimizer.values(t, rates)]);
    runner.run();
    this.#stepsDone = t;
    this.#stepsMeasured++;
  }

  /** Runs one step on what was last fed and says when each dispatch of `program` ran. */
  profile(): Promise<Span[]> {
    const { runner } = this.#trained("profile");
    this.#stepsDone++;
    this.#stepsMeasured++;
    return runner.profile();
  }

  /** Means over the steps since the last call; NaN as loss where training diverged. */
  async metrics(): Promise<{ loss: number; accuracy: number; count: number }> {
    const { step: { metrics }, runner } = this.#trained("measure");
    const steps = this.#stepsMeasured;
    const count = steps * this.#options.batch;
    // The queue keeps the order: the sums are copied, then set to 0, before any step that follows.
    const reading = Promise.all([runner.read(metrics.loss), runner.read(metrics.correct)]);
    this.#memory.write(metrics.loss, [0]);
    this.#memory.write(metrics.correct, [0]);
    this.#stepsMeasured = 0;
    const [[loss], [correct]] = await reading;
    return { loss: loss! / steps, accuracy: correct! / count, count };
  }

  /** Logits [batch, classes] in evaluation mode, row-major. */
  async evaluate(examples: Pick<Examples, "images" | "left">): Promise<Float32Array> {
    const { runner, logits } = await this.#evaluationRunner();
    this.#feed(imageFeeds(this.#captured, examples, "evaluation"));
    runner.run();
    return await runner.read(logits);
  }

  /** All weights under timm's names: parameters, running statistics, counters of batches. */
  async readWeights(): Promise<Map<string, Weight>> {
    const { variables } = this.#captured;
    const { parameters, statistics, frozen } = variables;
    const runner = await this.#anyRunner();
    const read = async ({ tensor, variables }: Arena) =>
      variables.length ? await runner.read(tensor) : new Float32Array(); // no program knows an empty one
    const numbers = {
      parameters: await read(parameters),
      statistics: await read(statistics),
      frozen: await read(frozen),
    };
    const steps = this.#stepsDone - this.#stepsBefore;
    return decodeVariables(variables, numbers, (name) => {
      const counts = statistics.part({ name, layout: "statistics" }) !== undefined;
      return (this.#batchesBefore.get(name) ?? 0) + (counts ? steps : 0);
    });
  }

  /** Replaces all weights. Throws RangeError with a list of what is missing, unexpected or of another shape. */
  writeWeights(weights: ReadonlyMap<string, Weight>): void {
    const { variables } = this.#captured;
    const numbers = encodeVariables(variables, weights);
    for (const name of ARENAS) this.#memory.write(variables[name].tensor, numbers[name]);
    this.#batchesBefore = numbers.batches;
    this.#stepsBefore = this.#stepsDone;
  }

  /** The states of the optimizer: `exp_avg.conv1.weight` and so on. */
  async readOptimizer(): Promise<Map<string, Weight>> {
    const { step, optimizer, runner } = this.#trained("read the optimizer of");
    const all = new Map<string, Weight>();
    for (const [i, name] of optimizer.states.entries()) {
      const numbers = await runner.read(step.states[i]!);
      for (const [key, weight] of decodeArena(this.#captured.variables.parameters, numbers)) {
        all.set(`${name}.${key}`, weight);
      }
    }
    return all;
  }

  /** Replaces the states of the optimizer after `stepsDone` steps. Throws RangeError where they do not fit. */
  writeOptimizer(states: ReadonlyMap<string, Weight>, stepsDone: number): void {
    const { step, optimizer } = this.#trained("write the optimizer of");
    const { parameters } = this.#captured.variables;
    const numbers = encodeStates(parameters, optimizer.states, states);
    numbers.forEach((values, i) => this.#memory.write(step.states[i]!, values));
    this.#stepsBefore += stepsDone - this.#stepsDone; // batches were counted by the weights' own counters
    this.#stepsDone = stepsDone;
  }

  /** Frees everything on the device. */
  destroy(): void {
    this.#training?.runner.destroy();
    this.#evaluation?.then(({ runner }) => runner.destroy(), () => {});
    this.#memory.destroy();
  }

  async #compileTraining(): Promise<Training> {
    const { step, optimizer, goal, feeds } = captureTraining(this.#captured, this.#options);
    const program = compile(goal, this.#device.limits);
    this.#program = program;
    this.#feed(feeds);
    return { step, optimizer, runner: await Runner.create(program, this.#memory) };
  }

  #evaluationRunner() {
    return this.#evaluation ??= this.#compileEvaluation();
  }

  async #compileEvaluation() {
    const { model, variables, pixels } = this.#captured;
    const { logits } = apply(model, variables, pixels.evaluation, { training: false });
    const program = compile({ outputs: [logits] }, this.#device.limits);
    this.#program ??= program;
    return { runner: await Runner.create(program, this.#memory), logits };
  }

  async #anyRunner(): Promise<Runner> {
    return this.#training?.runner ?? (await this.#evaluationRunner()).runner;
  }

  #feed(feeds: Iterable<readonly [Tensor, ArrayLike<number>]>): void {
    for (const [t, numbers] of feeds) this.#memory.write(t, numbers);
  }

  #initialize(): void {
    const { variables } = this.#captured;
    const numbers = initialNumbers(variables, this.#options.seed);
    for (const name of ARENAS) this.#memory.write(variables[name].tensor, numbers[name]);
  }

  #trained(what: string): Training {
    if (this.#training) return this.#training;
    throw new TypeError(`Cannot ${what} a session: it only evaluates, \`train: true\` was needed`);
  }
}

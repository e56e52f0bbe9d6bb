/** The programs of a session, and what they cost. No device. */

import { compile } from "../engine/compile/mod.ts";
import type { CompileOptions, Program } from "../engine/compile/program.ts";
import type { Variables } from "../engine/nn/scope.ts";
import type { Variable } from "../engine/nn/variables.ts";
import {
  type CapturedTraining,
  captureEvaluation,
  captureModel,
  captureTraining,
} from "./captured.ts";
import type { SessionOptions, SessionPlan } from "./session_options.ts";

/** What programs of `options` may use on a device with these limits. */
export function limitsOf(
  { precision = "f32" }: Pick<SessionOptions, "precision">,
  limits: CompileOptions,
): CompileOptions {
  return { ...limits, precision };
}

/** The programs of a session. */
export interface Programs {
  /** That of each batch. */
  readonly program: Program;
  /** That which follows the last batch of a step, where a step has several. */
  readonly finish?: Program;
  /** That which makes the weights to evaluate, where the optimizer knows them. */
  readonly publish?: Program;
}

/** Compiles the programs of a training step. Throws MemoryError where one does not fit. */
export function compileTraining(
  { goal, finish, publish }: Pick<CapturedTraining, "goal" | "finish" | "publish">,
  limits: CompileOptions,
): Programs {
  return {
    program: compile(goal, limits),
    ...(finish && { finish: compile(finish, limits) }),
    ...(publish && { publish: compile(publish, limits) }),
  };
}

/** What programs of `variables` cost, with the batches of a step. */
export function planOf(
  { program, finish, publish }: Programs,
  variables: Variables,
  { batch, accumulate = 1 }: Pick<SessionOptions, "batch" | "accumulate">,
): SessionPlan {
  const { parameters, frozen } = variables;
  const trained = count(parameters.variables);
  const { peak, kept, allocated } = program.memory;
  const bytes = ({ dispatches }: Program) => dispatches.reduce((n, d) => n + d.bytes, 0);
  const held = new Set(program.buffers.map((b) => b.holds));
  const others = [finish, publish].flatMap((other) => other?.buffers ?? []);
  const more = others.filter(({ holds }) => !holds || !held.has(holds));
  return {
    parameters: trained + count(frozen.variables.filter((v) => v.layout !== "statistics")),
    trained,
    dispatches: program.dispatches.length + (finish?.dispatches.length ?? 0),
    bytesPerImage: (bytes(program) + (finish ? bytes(finish) / accumulate : 0)) / batch,
    bufferBytes: [...program.buffers, ...more].reduce((n, b) => n + b.size, 0),
    slotBytes: allocated + (finish?.memory.allocated ?? 0),
    peakBytes: peak,
    keptBytes: kept,
  };
}

function count(variables: readonly Variable[]): number {
  return variables.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * What a training step would cost on a device with these limits, without one. Throws as
 * `Session.create` does.
 */
export function planTraining(options: SessionOptions, limits: CompileOptions = {}): SessionPlan {
  const captured = captureModel(options);
  const programs = compileTraining(captureTraining(captured, options), limitsOf(options, limits));
  return planOf(programs, captured.variables, options);
}

/** What an evaluation of a batch would cost, as `planTraining` says it of a step. */
export function planEvaluation(options: SessionOptions, limits: CompileOptions = {}): SessionPlan {
  const captured = captureModel(options);
  const goal = { outputs: [captureEvaluation(captured)] };
  const program = compile(goal, limitsOf(options, limits));
  return planOf({ program }, captured.variables, { batch: options.batch });
}

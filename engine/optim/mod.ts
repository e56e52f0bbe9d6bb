/** Optimizers by name: what a command line or a configuration says, as an `Optimizer`. */

import { adam, adamw } from "./adam.ts";
import { lamb } from "./lamb.ts";
import { lion } from "./lion.ts";
import type { Optimizer } from "./optimizer.ts";
import { rmsprop, rmspropTF } from "./rmsprop.ts";
import { scheduleFreeAdamw } from "./schedule_free.ts";
import { sgd } from "./sgd.ts";

/** The name of an optimizer. */
export type OptimizerName =
  | "adam"
  | "adamw"
  | "lamb"
  | "lion"
  | "rmsprop"
  | "rmsprop-tf"
  | "schedule-free"
  | "sgd";

/** What a name stands for. */
interface Entry {
  readonly make: (options: Record<string, number | boolean>) => Optimizer;
  /** The options it takes beside its weight decay. */
  readonly options: readonly (keyof OptimizerOptions)[];
  /** Whether weight decay acts beside the gradient. */
  readonly decoupled: boolean;
}

const OPTIMIZERS: Readonly<Record<OptimizerName, Entry>> = {
  adam: { make: adam, options: ["beta1", "beta2", "epsilon", "amsgrad"], decoupled: false },
  adamw: { make: adamw, options: ["beta1", "beta2", "epsilon", "amsgrad"], decoupled: true },
  lamb: { make: lamb, options: ["beta1", "beta2", "epsilon"], decoupled: true },
  lion: { make: lion, options: ["beta1", "beta2"], decoupled: true },
  rmsprop: {
    make: rmsprop,
    options: ["alpha", "epsilon", "momentum", "centered"],
    decoupled: false,
  },
  "rmsprop-tf": {
    make: rmspropTF,
    options: ["alpha", "epsilon", "momentum", "centered"],
    decoupled: false,
  },
  "schedule-free": {
    make: scheduleFreeAdamw,
    options: ["beta1", "beta2", "epsilon", "warmupSteps"],
    decoupled: true,
  },
  sgd: { make: sgd, options: ["momentum", "dampening", "nesterov"], decoupled: false },
};

/** All names. */
export const optimizerNames = Object.keys(OPTIMIZERS) as readonly OptimizerName[];

/** An optimizer by name; what is left out is as its function says. */
export interface OptimizerOptions {
  /** Which optimizer. */
  readonly name: OptimizerName;
  /** λ, as the optimizer uses it. */
  readonly weightDecay?: number | undefined;
  /** Of sgd and rmsprop. */
  readonly momentum?: number | undefined;
  /** Of sgd: looks one step of momentum ahead. */
  readonly nesterov?: boolean | undefined;
  /** Of sgd. */
  readonly dampening?: number | undefined;
  /** Of adam, adamw, lamb, lion and schedule-free. */
  readonly beta1?: number | undefined;
  /** Of the same. */
  readonly beta2?: number | undefined;
  /** Of all but sgd and lion. */
  readonly epsilon?: number | undefined;
  /** Of adam and adamw. */
  readonly amsgrad?: boolean | undefined;
  /** Of rmsprop. */
  readonly alpha?: number | undefined;
  /** Of rmsprop. */
  readonly centered?: boolean | undefined;
  /** Of schedule-free. */
  readonly warmupSteps?: number | undefined;
}

/** The options that an optimizer takes beside its weight decay. */
export function optionsOf(name: OptimizerName): readonly (keyof OptimizerOptions)[] {
  return OPTIMIZERS[name].options;
}

/**
 * Whether weight decay acts on the weights beside the gradient: then norms and biases are left out unless told
 * otherwise, as in timm. Where it is part of the gradient it acts on everything, as in torch.
 */
export function isDecoupled(name: OptimizerName): boolean {
  return OPTIMIZERS[name].decoupled;
}

/** The optimizer that `options` name. Throws RangeError for an option that it does not take. */
export function createOptimizer({ name, weightDecay, ...options }: OptimizerOptions): Optimizer {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const taken: readonly string[] = optionsOf(name);
  for (const [option, value] of given) {
    if (taken.includes(option) || value === false) continue;
    throw new RangeError(
      `Cannot use ${option} with ${name}: it takes ${taken.join(", ")} and weightDecay`,
    );
  }
  const known = given.filter(([option]) => taken.includes(option));
  return OPTIMIZERS[name].make({
    ...Object.fromEntries(known),
    ...(weightDecay !== undefined && { weightDecay }),
  });
}

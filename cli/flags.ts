/** Reads the flags of a command: typed values, help, suggestions. Knows no command. */

import { Command, CommanderError, InvalidArgumentError } from "flags";
import { nearest } from "../models/nearest.ts";
import { UsageError } from "./errors.ts";

export { flagName } from "../train/recipe/usage_error.ts";
export { nearest } from "../models/nearest.ts";
export { Command } from "flags";

/** Flags that every command takes. */
export interface CommonFlags {
  readonly seed: number;
  readonly json?: boolean;
}

/** A command with the flags that all have. Give it its own, then {@linkcode parseFlags}. */
export function newCommand(name: string, description: string): Command {
  return new Command(`verity ${name}`)
    .description(description)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .configureHelp({ helpWidth: 100 })
    .option("--seed <n>", "seed of every random choice", whole(0), 0)
    .option("--json", "one JSON object a line on standard output, text on standard error");
}

/**
 * The values of the flags, or the help text when that was asked for. Throws UsageError with the
 * nearest flag for one that is misspelt, and for a value that is missing or not accepted.
 */
export function parseFlags<Flags extends object>(
  command: Command,
  args: readonly string[],
): { flags: Flags } | { help: string } {
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { help: command.helpInformation() };
    throw new UsageError(
      `${error.message.replace(/^error: /, "").replaceAll(/\s+/g, " ").replace(/\.$/, "")}; ` +
        `${command.name()} --help lists the flags`,
    );
  }
  const flags = command.opts<Flags>();
  for (const option of command.options) {
    // A flag that may be given more than once has a list of values.
    for (const value of [(flags as Record<string, unknown>)[option.attributeName()]].flat()) {
      if (typeof value === "string" && value.startsWith("--")) {
        throw new UsageError(
          `Cannot read ${option.long}: "${value}" stands where its value was needed`,
        );
      }
    }
  }
  return { flags };
}

/** Whether a flag was given, by the command line or a configuration file, rather than left at its default. */
export function given(command: Command, attribute: string): boolean {
  return ["cli", "config"].includes(command.getOptionValueSource(attribute) ?? "default");
}

/** Throws UsageError naming the first of `flags` that is missing. */
export function requireFlags<Flags extends object>(
  flags: Flags,
  required: Partial<Record<keyof Flags, string>>,
): void {
  for (const [name, what] of Object.entries(required)) {
    if ((flags as Record<string, unknown>)[name] === undefined) {
      throw new UsageError(`Cannot start without --${name}: ${what} was needed`);
    }
  }
}

/** What a flag's value may be, as a part of a JSON Schema. */
export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: ValueSchema;
  readonly anyOf?: readonly ValueSchema[];
}

/** Reads the text of a flag's value, after those read before where a flag may be given again. */
export type ReadValue<T> = (text: string, before?: T) => T;

/** A reader that says what it takes. */
type DescribedReader<T> = ReadValue<T> & { readonly schema: ValueSchema };

/** `read`, which says with `schema` what it takes: configuration files are checked by it. */
export function describedBy<T>(schema: ValueSchema, read: ReadValue<T>): DescribedReader<T> {
  return Object.assign((text: string, before?: T) => read(text, before), { schema });
}

/** Reads a whole number from `least`. */
export function whole(least: number): ReadValue<number> {
  return describedBy({ type: "integer", minimum: least }, (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`A whole number from ${least} was needed.`);
    }
    return value;
  });
}

/** Reads a number above 0. */
export const positive: ReadValue<number> = describedBy(
  { type: "number", exclusiveMinimum: 0 },
  (text) => {
    const value = decimal(text);
    if (!(value > 0)) throw new InvalidArgumentError("A number above 0 was needed.");
    return value;
  },
);

/** Reads a number from 0. */
export const nonNegative: ReadValue<number> = describedBy(
  { type: "number", minimum: 0 },
  (text) => {
    const value = decimal(text);
    if (!(value >= 0)) throw new InvalidArgumentError("A number from 0 was needed.");
    return value;
  },
);

/** Reads a word, or a whole number from `least`. */
export function wholeOr<W extends string>(word: W, least: number): DescribedReader<number | W> {
  const schema = { anyOf: [{ type: "integer", minimum: least }, { enum: [word] }] };
  return describedBy<number | W>(schema, (text) => {
    if (text === word) return word;
    try {
      return whole(least)(text);
    } catch {
      throw new InvalidArgumentError(`${word} or a whole number from ${least} was needed.`);
    }
  });
}

/** Reads a factor that makes nothing larger: above 0, at most 1. */
export const factor: ReadValue<number> = describedBy(
  { type: "number", exclusiveMinimum: 0, maximum: 1 },
  (text) => {
    const value = decimal(text);
    if (!(value > 0 && value <= 1)) {
      throw new InvalidArgumentError("A number above 0 and at most 1 was needed.");
    }
    return value;
  },
);

/** Reads a share: from 0, below 1. */
export const share: ReadValue<number> = describedBy(
  { type: "number", minimum: 0, exclusiveMaximum: 1 },
  (text) => {
    const value = decimal(text);
    if (!(value >= 0 && value < 1)) {
      throw new InvalidArgumentError("A number from 0 to below 1 was needed.");
    }
    return value;
  },
);

/** Reads one of a few words, and suggests the nearest for another. */
export function oneOf(words: readonly string[]): ReadValue<string> {
  return describedBy({ enum: words }, (text) => {
    if (words.includes(text)) return text;
    const near = nearest(text, words);
    throw new InvalidArgumentError(
      `${near === undefined ? "" : `Did you mean ${near}? `}One of ${words.join(", ")} was needed.`,
    );
  });
}

function decimal(text: string): number {
  return text.trim() === "" ? NaN : Number.isFinite(Number(text)) ? Number(text) : NaN;
}

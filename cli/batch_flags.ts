/** The flags of the batch: how many images, or how much memory they may take. Opens no device. */

import { InvalidArgumentError } from "flags";
import { UsageError } from "./errors.ts";
import { type Command, describedBy, type ReadValue, wholeOr } from "./flags.ts";

/** What they are when read. */
export interface BatchFlags {
  /** Images in a batch; {@linkcode AUTO_BATCH} until a device has been opened, where the flag says `auto`. */
  readonly batch: number;
  /** Bytes that `--batch auto` may fill. */
  readonly memory?: number;
}

/** Stands for as many images as fit, before that is known. */
export const AUTO_BATCH = 0;

const autoOrWhole = wholeOr("auto", 1);

const readBatch = describedBy(autoOrWhole.schema, (text) => {
  const read = autoOrWhole(text);
  return read === "auto" ? AUTO_BATCH : read;
});

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Reads bytes, `4G` or `512M`. */
export const readBytes: ReadValue<number> = describedBy({ type: ["string", "integer"] }, (text) => {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMG]?)(?:i?B)?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * UNITS[unit?.toUpperCase() ?? ""]!);
  if (!(bytes > 0)) throw new InvalidArgumentError("Bytes, such as 4G or 512M, were needed.");
  return bytes;
});

/** Gives a command these flags. */
export function addBatchFlags(command: Command): Command {
  return command
    .option(
      "--batch <n>",
      "images a step, or auto: the most whose weights and activations fit the device",
      readBatch,
    )
    .option("--memory <bytes>", "what --batch auto may fill, such as 4G", readBytes);
}

/** Throws UsageError where `--memory` limits nothing. */
export function requireBatch({ batch, memory }: BatchFlags): void {
  if (memory === undefined || batch === AUTO_BATCH) return;
  throw new UsageError(
    "Cannot use --memory with a --batch of its own size: --batch auto was needed",
  );
}

/** The flag that says as what activations are kept. Decides nothing of a program. */

import type { Precision } from "../engine/compile/program.ts";
import { type Command, oneOf } from "./flags.ts";

/** What it is when read. */
export interface PrecisionFlag {
  readonly precision?: Precision;
}

/** `command` with the flag; `left` says in its help what holds where it is not given. */
export function withPrecisionFlag(command: Command, left = "f32"): Command {
  return command.option(
    "--precision <format>",
    "how activations and their gradients are kept: f32, or as halves f16; weights and sums are f32 " +
      `always (default: ${left})`,
    oneOf(["f32", "f16"]),
  );
}

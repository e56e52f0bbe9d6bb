/** What a failed command says and exits with. Prints nothing and ends nothing itself. */

import { DataError, UnreachableError } from "../data/errors.ts";
import { PipelineError } from "../data/pipeline.ts";
import { StorageError } from "../data/storage.ts";
import { MemoryError } from "../engine/compile/program.ts";
import { DeviceError } from "../engine/gpu/device.ts";
import { HubError } from "../models/hub.ts";
import { CheckpointError } from "../train/checkpoint.ts";
import { DivergedError } from "../train/epoch.ts";
import { UsageError } from "../train/recipe/usage_error.ts";
import { DriftError } from "../train/run/together.ts";
import { RunFolderError } from "../train/run_folder.ts";

export { UsageError };

/** Exit codes of the errors that a person can do something about. */
const CODES = [
  [UsageError, 2],
  [PipelineError, 2],
  [RunFolderError, 2],
  [DataError, 3],
  [DeviceError, 4],
  [MemoryError, 5],
  [DivergedError, 6],
  [DriftError, 6],
  [CheckpointError, 7],
  [StorageError, 7],
  [HubError, 7],
  [UnreachableError, 8],
] as const;

/** How a command ends. */
export interface Failure {
  /** One line for standard error, with the stack only where the fault is the program's, and details. */
  readonly message: string;
  readonly code: number;
}

/**
 * The exit code of an error: 2 usage, 3 data, 4 no device, 5 memory, 6 diverged, or ranks that did, 7 checkpoint, weights or a file
 * that the machine does not keep, 8 data that a server does not give now; 1 is a fault of the program or the machine.
 */
export function failureOf(error: unknown): Failure {
  const code = CODES.find(([type]) => error instanceof type)?.[1];
  if (code !== undefined) {
    const { message, details = hints(error) } = error as Error & {
      readonly details?: readonly string[];
    };
    // Names out of files are in it: a line stays one, and moves no cursor.
    const lines = [message, ...details]
      .map((line) => line.replaceAll(/\s*\n\s*/g, " ").replaceAll(/\p{Cc}/gu, "�"));
    return { message: lines.join("\n  "), code };
  }
  if (isSystemError(error)) return { message: error.message, code: 1 };
  return {
    message: error instanceof Error ? error.stack ?? error.message : String(error),
    code: 1,
  };
}

/** What may be behind an error that says something else. */
function hints(error: unknown): readonly string[] {
  // Those of a plan have no cause: they would not fit an empty device either.
  if (!(error instanceof MemoryError) || error.cause === undefined) return [];
  return [
    "Where the device has memory to spare, this may be a fault of Deno (denoland/deno#35195), which refuses " +
    "buffers from about 37 MB on some of them; smaller ones work: --batch auto, --size",
  ];
}

/** Whether the machine refused: no space, no permission. Its message is enough. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && (
    Object.values(Deno.errors).some((type) => error instanceof type) ||
    ("code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code))
  );
}

/** Errors as faults that a page explains. Throws none. */
/// <reference lib="dom" />

import { DeviceError, MemoryError, PipelineError } from "../mod.ts";
import {
  CheckpointError,
  DataError,
  DivergedError,
  RunFolderError,
  StorageError,
  UsageError,
} from "../run.ts";
import type { Fault, FaultKind } from "./messages.ts";

/** A fault that is thrown as it is. */
export class FaultError extends Error {
  /** Tells it from other errors. */
  override readonly name = "FaultError";

  /** `message` is one sentence. */
  constructor(readonly kind: FaultKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

const KINDS = [
  [MemoryError, "memory"],
  [DeviceError, "device-lost"],
  [StorageError, "quota"],
  [DataError, "data"],
  [PipelineError, "options"],
  [UsageError, "options"],
  [CheckpointError, "weights"],
  [RunFolderError, "options"],
  [DivergedError, "diverged"],
] as const;

/** What an error is to a person. */
export function faultOf(error: unknown): Fault {
  if (error instanceof FaultError) return { kind: error.kind, message: error.message };
  const known = KINDS.find(([type]) => error instanceof type)?.[1];
  const cause = error instanceof Error ? error.cause : undefined;
  const stored = cause instanceof StorageError || isQuota(error) || isQuota(cause);
  const kind: FaultKind = stored ? "quota" : known ?? "program";
  if (!(error instanceof Error)) return { kind, message: String(error) };
  const { details = [] } = error as Error & { readonly details?: readonly string[] };
  const message = [error.message, ...details].join("; ");
  return { kind, message: kind === "program" ? error.stack ?? message : message };
}

function isQuota(error: unknown): boolean {
  return error instanceof DOMException && error.name === "QuotaExceededError";
}

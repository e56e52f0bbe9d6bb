/** What a checkpoint says of its run, without its tensors: for lists of runs. Checks no digest. */

import type { Files } from "../data/files.ts";
import { CheckpointError, type CheckpointState, parseState } from "./checkpoint.ts";

/** Bytes of a header at most; what says more is no checkpoint. */
const LARGEST = 2 ** 26;

/** Reads the beginning of a checkpoint alone. Rejects with CheckpointError where it is none. */
export async function readCheckpointState(files: Files, path: string): Promise<CheckpointState> {
  const length = await files.readRange(path, { offset: 0, length: 8 })
    .then((bytes) => Number(new DataView(bytes.buffer).getBigUint64(0, true)), () => 0);
  if (length > 0 && length <= LARGEST) {
    const header = await files.readRange(path, { offset: 8, length }).catch(() => undefined);
    const state = header && stateIn(new TextDecoder().decode(header));
    if (state) return state;
  }
  throw new CheckpointError(
    `Cannot read the checkpoint "${path}": its beginning is that of no checkpoint, ` +
      "a checkpoint of a run was needed",
  );
}

function stateIn(header: string): CheckpointState | undefined {
  try {
    const text = JSON.parse(header)["__metadata__"]?.checkpoint;
    return typeof text === "string" ? parseState(text) : undefined;
  } catch {
    return undefined;
  }
}

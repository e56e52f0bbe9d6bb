/** A lock that keeps two trainers out of one run folder. Knows nothing of what is in it. */

import { join } from "../data/files.ts";
import { denoFiles as files } from "./files.ts";
import { LOCK, RunFolderError } from "../train/run_folder.ts";

/** Who holds a lock, as its file says. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When its process began, as the system counts; empty where it does not say. */
  readonly started: string;
}

/**
 * Locks a folder, which is made where there is none, until the result is disposed of or the process ends, however it ends:
 * the system holds the lock, and the file says to people who has it. A file that was left behind is taken over. Throws
 * RunFolderError, with the holder, where another process has it.
 */
export async function lockRun(path: string): Promise<AsyncDisposable> {
  const isNew = await files.kind(path) === "none";
  await files.makeDirectory(path);
  const name = join(path, LOCK);
  while (true) {
    const file = await Deno.open(name, { read: true, write: true, create: true });
    if (!await file.tryLock(true)) {
      file.close();
      throw new RunFolderError(
        `Cannot train in "${path}": ${await holderOf(
          name,
        )} trains there, a folder of its own was needed`,
      );
    }
    // Whoever had it may have removed the file that was opened.
    const [ours, there] = [await file.stat(), await Deno.stat(name).catch(() => undefined)];
    if (there === undefined || there.ino !== ours.ino) {
      file.close();
      continue;
    }
    await file.truncate();
    await file.write(new TextEncoder().encode(`${JSON.stringify(await self())}\n`));
    const unlock = async () => {
      await Deno.remove(name).catch(() => {}); // gone, where the folder is
      file.close();
      if (isNew) await Deno.remove(path).catch(() => {}); // where nothing was left in it
    };
    return { [Symbol.asyncDispose]: unlock };
  }
}

async function self(): Promise<Holder> {
  return { pid: Deno.pid, host: Deno.hostname(), started: await startOf(Deno.pid) };
}

/** When a process began, in ticks since the machine did. */
async function startOf(pid: number): Promise<string> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

async function holderOf(name: string): Promise<string> {
  try {
    const { pid, host }: Holder = JSON.parse(await Deno.readTextFile(name));
    return `process ${pid} on ${host}`;
  } catch {
    return "another process";
  }
}

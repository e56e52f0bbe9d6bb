/** The demo set as files: made once in the cache folder. What its pictures show is in data/demo.ts. */

import { DEMO_SET, writeDemo } from "../data/demo.ts";
import { type Files, join } from "../data/files.ts";
import { cacheFolder } from "./machine.ts";

/** The folder of the demo set, FFDI layout; generates it unless a finished one is there. */
export async function writeDemoSet(files: Files): Promise<string> {
  const { train, validation, size, seed } = DEMO_SET;
  const dir = join(cacheFolder(), `demo-${train}-${validation}-${size}-${seed}`);
  const finished = join(dir, "finished");
  if (await files.kind(finished) === "file") return dir;
  await files.remove(dir);
  await files.makeDirectory(dir);
  await writeDemo(files, dir, DEMO_SET);
  await files.writeAtomic(finished, new Uint8Array());
  return dir;
}

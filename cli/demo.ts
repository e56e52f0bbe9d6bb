/** The demo set as files: made once in the cache folder. What its pictures show is in data/demo.ts. */

import { writeDemo } from "../data/demo.ts";
import { type Files, join } from "../data/files.ts";
import { cacheFolder } from "./machine.ts";

/** What is generated: sizes of the parts, pixels, and the seed, which the run's seed leaves alone. */
export const DEMO_SET = { train: 320, validation: 128, size: 64, seed: 0 } as const;

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

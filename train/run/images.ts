/** The images of a run as sets that can be read in batches. Chooses none. */

import { Loader } from "../../data/loader.ts";
import type { FitData } from "../fit.ts";
import type { RunJob } from "./job.ts";

/** Both parts of a job's data; call `close` at the end, or workers keep the program alive. */
export async function openImages(
  { data: { dataset, files }, settings }: Pick<RunJob, "data" | "settings">,
): Promise<FitData & { readonly close: () => void }> {
  const loaders: Loader[] = [];
  const close = () => {
    for (const loader of loaders) loader.close();
  };
  const open = async (part: "train" | "validation") => {
    const loader = await Loader.open(dataset[part], files, settings);
    loaders.push(loader);
    return { loader, count: loader.samples.length };
  };
  try {
    return { train: await open("train"), validation: await open("validation"), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Opens the data that flags name. Decodes nothing. */

import { withArchives } from "../data/archives/mount.ts";
import { openDataset } from "../data/sources.ts";
import { fingerprintOf, type OpenData } from "../train/run/data.ts";
import { type DataFlags, datasetOptions, placeText } from "./data_flags.ts";
import { writeDemoSet } from "./demo.ts";
import { denoFiles } from "./files.ts";

/** Opens what the flags name, or the demo set. Throws DataError. */
export async function openData(flags: DataFlags & { readonly seed?: number }): Promise<OpenData> {
  const { data, ...options } = datasetOptions(flags);
  const { labels, images } = options;
  const files = withArchives(denoFiles);
  const opened = async (from: typeof data, source: string) => {
    const dataset = await openDataset(files, { ...options, ...(from && { data: from }) });
    return { dataset, files, source, fingerprint: await fingerprintOf(dataset) };
  };
  if (labels !== undefined && images !== undefined) {
    return await opened(undefined, `${images}, labelled by ${labels}`);
  }
  if (typeof data === "object") return await opened(data, data.map(placeText).join(", "));
  const dir = await writeDemoSet(denoFiles);
  return await opened(
    dir,
    `${dir} (demo set: generated portraits, half of them manipulated)`,
  );
}

/** Opens the data that flags name. Decodes nothing. */

import { withArchives } from "../data/archives/mount.ts";
import { openDataset } from "../data/sources.ts";
import { fingerprintOf, type OpenData } from "../train/run/data.ts";
import { type DataFlags, datasetOptions, placeText } from "./data_flags.ts";
import { writeDemoSet } from "./demo.ts";
import { denoFiles } from "./files.ts";
import { openAddresses } from "./remote.ts";

/** Opens what the flags name, or the demo set. Throws DataError. */
export async function openData(flags: DataFlags & { readonly seed?: number }): Promise<OpenData> {
  const { data: asked, ...rest } = datasetOptions(flags);
  const places = typeof asked === "object" ? asked : [];
  const { files: reached, pathOf } = await openAddresses(denoFiles, {
    places: [...places.map(({ path }) => path), ...rest.images === undefined ? [] : [rest.images]],
    files: rest.labels === undefined ? [] : [rest.labels],
  });
  const files = withArchives(reached);
  const data = typeof asked === "object"
    ? asked.map((place) => ({ ...place, path: pathOf(place.path) }))
    : asked;
  const options = {
    ...rest,
    ...(rest.labels !== undefined && { labels: pathOf(rest.labels) }),
    ...(rest.images !== undefined && { images: pathOf(rest.images) }),
  };
  const { labels, images } = options;
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

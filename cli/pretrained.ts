/** `--pretrained`: published weights as a file on this machine. The only place that asks the internet. */

import { downloadFromHub, HubError, HubFileError } from "../models/hub.ts";
import type { Reporter } from "../train/events.ts";
import { hubCache } from "./hub_cache.ts";
import { type HubEnvironment, hubEnvironment, WEIGHT_FILES } from "./downloaded.ts";

/**
 * The path of the weights that timm published for `model` under `tag`, received from the hub when they
 * are not in its cache. Throws HubError, with what can be done, where they cannot be had.
 */
export async function pretrainedFile(
  model: string,
  tag: string,
  options: { readonly report: Reporter; readonly environment?: HubEnvironment },
): Promise<string> {
  const { report, environment = hubEnvironment((name) => Deno.env.get(name)) } = options;
  const { folder, ...hub } = environment;
  const settings = {
    ...hub,
    fetch,
    cache: hubCache(folder),
    report: (text: string) => report({ event: "note", text }),
    wait: (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds)),
  };
  const repository = `timm/${model}.${tag}`;
  const missing: string[] = [];
  try {
    for (const name of WEIGHT_FILES) {
      try {
        return await downloadFromHub({ repository, revision: "main", name }, settings);
      } catch (error) {
        if (!(error instanceof HubFileError)) throw error;
        missing.push(error.message);
      }
    }
    throw new HubError(missing[0]);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    throw new HubError(
      `${error.message}; --weights FILE begins with weights of your own, HF_ENDPOINT names a mirror, ` +
        `and "${folder}" can be copied from a machine that has them`,
    );
  }
}

/** `--pretrained`: published weights as a file on this machine. The only place that asks the internet. */

import { downloadFromHub, HubError, HubFileError } from "../models/hub.ts";
import type { Reporter } from "../train/events.ts";
import { UsageError } from "./errors.ts";
import { hubCache } from "./hub_cache.ts";

/** Files of a repository of timm that have the weights, the first that there is. */
const FILES = ["model.safetensors", "pytorch_model.bin"];

/** What the tools of the Hugging Face Hub read from the environment. */
export interface HubEnvironment {
  /** `HF_ENDPOINT`: the hub or a mirror. */
  readonly endpoint: string;
  /** `HF_HUB_CACHE`, or `hub` in `HF_HOME`: the cache folder. */
  readonly folder: string;
  /** `HF_HUB_OFFLINE`: nobody is asked. */
  readonly offline: boolean;
  /** `HF_TOKEN`, or the content of the file that `huggingface-cli login` writes. */
  readonly token?: string;
}

/** Reads the environment through `get`. Throws UsageError for an endpoint that is no address. */
export function hubEnvironment(get: (name: string) => string | undefined): HubEnvironment {
  const home = get("HOME") ?? get("USERPROFILE") ?? ".";
  const path = (name: string) =>
    get(name)?.replace(/^~(?=\/|$)/, home)
      .replaceAll(/\$\{?(\w+)\}?/g, (whole, variable) => get(variable) ?? whole) || undefined;
  const base = path("HF_HOME") ?? `${path("XDG_CACHE_HOME") ?? `${home}/.cache`}/huggingface`;
  const endpoint = get("HF_ENDPOINT") || "https://huggingface.co";
  if (!/^https?:\/\/[^/]/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UsageError(
      `Cannot use HF_ENDPOINT "${endpoint}": an address that begins with https:// was needed`,
    );
  }
  const token = (get("HF_TOKEN") || readText(path("HF_TOKEN_PATH") ?? `${base}/token`))
    .replaceAll(/[\r\n]/g, "").trim();
  return {
    endpoint,
    folder: path("HF_HUB_CACHE") ?? `${base}/hub`,
    offline: /^(1|on|yes|true)$/i.test(get("HF_HUB_OFFLINE") ?? ""),
    ...(token !== "" && { token }),
  };
}

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
    for (const name of FILES) {
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

/** The text of a file, empty where there is none. */
function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

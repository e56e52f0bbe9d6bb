/** Where the Hugging Face Hub's tools keep what they receive, and what is there already. Asks no hub. */

import { modelInfo } from "../models/mod.ts";
import { UsageError } from "./errors.ts";
import { cachedFile } from "./hub_cache.ts";

/** Files of a repository of timm that have the weights, the first that there is. */
export const WEIGHT_FILES = ["model.safetensors", "pytorch_model.bin"];

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
 * What begins a run that names no weights: those of the model's first tag where they were downloaded earlier, else
 * none. Asks nobody.
 */
export function downloadedWeights(
  { model, tag: asked }: { readonly model: string; readonly tag?: string },
): { weights?: string; tag?: string; pretrained?: false } {
  const { tag } = modelInfo(model).pretrained[0] ?? {};
  if (tag === undefined || asked !== undefined) {
    return { ...asked && { tag: asked }, pretrained: false };
  }
  const { folder } = hubEnvironment((name) => Deno.env.get(name));
  for (const name of WEIGHT_FILES) {
    const file = { repository: `timm/${model}.${tag}`, revision: "main", name };
    const weights = cachedFile(folder, file);
    if (weights !== undefined) return { weights, tag };
  }
  return { pretrained: false };
}

/** The text of a file, empty where there is none. */
function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

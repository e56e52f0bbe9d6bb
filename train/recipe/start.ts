/** What a run's images are made into, decided by the weights it starts from. Reads no file. */

import { defaultResize } from "../../data/loader.ts";
import { modelInfo, type Preprocessing, pretrainedInfo } from "../../models/mod.ts";
import { UsageError } from "./usage_error.ts";

/**
 * How the images of a new run are prepared: as `saved` with the checkpoint that it starts from, as for
 * the tag of the weights that it starts from, or, from scratch, bilinear and by the model's own mean.
 * Throws UsageError for a tag that there is not.
 */
export function preprocessingOf(
  { model, weights, tag }: {
    readonly model: string;
    readonly weights?: string | undefined;
    readonly tag?: string | undefined;
  },
  saved?: Preprocessing,
): Preprocessing {
  if (tag !== undefined && (weights === undefined || saved !== undefined)) {
    const what = saved ? "it begins with a checkpoint, which says how" : "it begins from scratch";
    throw new UsageError(
      `Cannot use --tag for this run: ${what}, weights by --weights were needed`,
    );
  }
  if (saved) return saved;
  const info = modelInfo(model);
  if (weights === undefined || (tag === undefined && info.pretrained.length === 0)) {
    return { mean: info.mean, std: info.std, interpolation: "bilinear" };
  }
  try {
    const { tag: found, mean, std, interpolation } = pretrainedInfo(model, tag);
    return { tag: found, mean, std, interpolation };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** Sizes that a person may have asked for. */
export interface AskedSizes {
  /** Whose sizes are taken where none was asked for. */
  readonly model: string;
  /** Side of the square the model sees, in pixels. */
  readonly size?: number;
  /** Shorter side that an image is resized to before, in pixels. */
  readonly resize?: number;
}

/**
 * Fills in the sizes that were not asked for: those that the tag's weights were made for, or the
 * model's. Throws UsageError where the square is larger than the resized image.
 */
export function withSizes<Asked extends AskedSizes>(
  flags: Asked,
  { tag }: Pick<Preprocessing, "tag">,
): Asked & Required<Pick<AskedSizes, "size" | "resize">> {
  const info = modelInfo(flags.model);
  const weights = info.pretrained.find((p) => p.tag === tag);
  const size = flags.size ?? (weights ?? info).size;
  const resize = flags.resize ?? (weights ? Math.floor(size / weights.crop) : defaultResize(size));
  if (resize < size) {
    throw new UsageError(
      `Cannot cut ${size} pixels from --resize ${resize}: at least --size was needed`,
    );
  }
  return { ...flags, size, resize };
}

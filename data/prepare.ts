/** The costly, unchanging start of the way of an image: decode, then resize. Nothing random. */
import type { Decoder } from "./decode.ts";
import { DataError } from "./errors.ts";
import { type Image, MAX_PIXELS } from "./image.ts";
import * as resize from "./transforms/resize.ts";

/**
 * The image in `bytes` with `short` pixels on its shorter side.
 * Throws {@linkcode DataError} with `name` in it when it cannot be decoded or is too long and thin.
 */
export async function prepare(
  decoder: Decoder,
  bytes: Uint8Array,
  { name, short, interpolation }: {
    readonly name: string;
    readonly short: number;
    readonly interpolation: resize.Interpolation;
  },
): Promise<Image> {
  const image = await decoder.decode(bytes, name);
  const size = resize.sample(() => 0, image, short);
  if (size.width * size.height > MAX_PIXELS) {
    throw new DataError(
      `Cannot resize ${name}: ${image.width} × ${image.height} would become ` +
        `${size.width} × ${size.height}, at most ${MAX_PIXELS} pixels were needed`,
    );
  }
  return resize.apply(image, size, interpolation);
}

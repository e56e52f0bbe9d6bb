/** What the golden cases of transforms are in this room's operations. Compares nothing. */
import type { Size } from "../../data/image.ts";
import { centered, middle } from "../../data/transforms/center_crop.ts";
import { brightness, contrast, saturation } from "../../data/transforms/color.ts";
import { crop, type Rectangle } from "../../data/transforms/crop.ts";
import type { Fill, Interpolation, Pair } from "../../data/transforms/fields.ts";
import { fiveCrops, tenCrops } from "../../data/transforms/five_crop.ts";
import { gaussianBlur } from "../../data/transforms/gaussian_blur.ts";
import { greyscale } from "../../data/transforms/grayscale.ts";
import { hue } from "../../data/transforms/hue.ts";
import { augmentation, type AugmentationName } from "../../data/transforms/augmentation_space.ts";
import { pad, type PaddingMode, sides } from "../../data/transforms/pad.ts";
import { sharpness } from "../../data/transforms/random_adjust_sharpness.ts";
import { affine, type AffineParameters } from "../../data/transforms/random_affine.ts";
import { autocontrast } from "../../data/transforms/random_autocontrast.ts";
import { equalize } from "../../data/transforms/random_equalize.ts";
import { erase } from "../../data/transforms/random_erasing.ts";
import { horizontalFlip } from "../../data/transforms/random_horizontal_flip.ts";
import { invert } from "../../data/transforms/random_invert.ts";
import { type Corners, perspective } from "../../data/transforms/random_perspective.ts";
import { posterize } from "../../data/transforms/random_posterize.ts";
import { solarize } from "../../data/transforms/random_solarize.ts";
import { verticalFlip } from "../../data/transforms/random_vertical_flip.ts";
import { resize, type ResizeFilter, shorterSide } from "../../data/transforms/resize.ts";
import { rotate } from "../../data/transforms/rotation.ts";
import type { Drawn } from "../../data/transforms/transform.ts";

/** One output of a case: a file, or what the library says. */
export type Output = readonly { file: string; shape: number[]; sha256: string }[] | {
  readonly error: string;
};

/** A case of the golden index. */
export interface Case {
  readonly input: string | null;
  readonly op: string;
  // deno-lint-ignore no-explicit-any -- JSON, read by the op
  readonly args: Record<string, any>;
  readonly labels?: number[][];
  readonly outputs: Readonly<Record<string, Output>>;
}

/** The path that a case is about: Pillow's bytes, or torchvision's numbers. */
export type Path = "pil" | "float";

type Make = (image: Size, args: Case["args"], path: Path) => readonly (readonly Drawn[])[];

const one = (make: (image: Size, args: Case["args"], path: Path) => Drawn): Make => (...all) => [
  [make(...all)],
];

/** Levels as this room has them: torchvision's functions take them in the units of the image. */
function fillOf({ fill = null }: Case["args"], path: Path): Fill | null {
  return fill !== null && path === "float" ? fill * 255 : fill;
}

function warp(args: Case["args"], path: Path) {
  return { interpolation: args["interpolation"] as Interpolation, fill: fillOf(args, path) };
}

function resized(image: Size, args: Case["args"]): Drawn {
  const [height, width] = args["size"] as number[];
  return resize({
    ...(width === undefined
      ? shorterSide(image, height!, args["max_size"])
      : { width, height: height! }),
    interpolation: args["interpolation"] as ResizeFilter,
    antialias: args["antialias"] ?? true,
  });
}

/** What each op of the index is. */
export const OPS: Readonly<Record<string, Make>> = {
  resize: one(resized),
  crop: one((_, args) => crop(args as Rectangle)),
  "center_crop": (image, { output_size: [height, width] }) => [
    centered(image, { width, height }),
  ],
  "five_crop": (image, { size: [height, width] }) =>
    fiveCrops(image, { width, height }).map((drawn) => [drawn]),
  "ten_crop": (image, { size: [height, width] }) => tenCrops(image, { width, height }),
  "horizontal_flip": one(() => horizontalFlip({})),
  "vertical_flip": one(() => verticalFlip({})),
  "resized_crop": (_, args) => [[
    crop(args as Rectangle),
    resize({ height: args["size"][0], width: args["size"][1], interpolation: "bilinear" }),
  ]],
  pad: one((_, args, path) =>
    pad({
      ...sides(args["padding"]),
      fill: fillOf(args, path) ?? 0,
      mode: args["padding_mode"] as PaddingMode,
    })
  ),
  rotate: one((_, args, path) =>
    rotate({
      angle: args["angle"],
      expand: args["expand"] ?? false,
      center: null,
      ...warp(args, path),
    })
  ),
  affine: one((_, args, path) => {
    const { angle, translate, scale, shear } = args as Omit<AffineParameters, "fill">;
    return affine({ angle, translate, scale, shear, center: null, ...warp(args, path) });
  }),
  perspective: one((_, args, path) =>
    perspective({
      from: args["startpoints"] as Corners,
      to: args["endpoints"] as Corners,
      ...warp(args, path),
    })
  ),
  "adjust_brightness": one((_, args) => brightness({ factor: args["brightness_factor"] })),
  "adjust_contrast": one((_, args) => contrast({ factor: args["contrast_factor"] })),
  "adjust_saturation": one((_, args) => saturation({ factor: args["saturation_factor"] })),
  "adjust_sharpness": one((_, args) => sharpness({ factor: args["sharpness_factor"] })),
  "adjust_hue": one((_, args) => hue({ shift: args["hue_factor"] })),
  "rgb_to_grayscale": one(() => greyscale({})),
  "gaussian_blur": one((_, args) =>
    gaussianBlur({ kernelSize: args["kernel_size"] as Pair, sigma: args["sigma"] as Pair })
  ),
  invert: one(() => invert({})),
  posterize: one((_, args) => posterize({ bits: args["bits"] })),
  solarize: one((_, args) => solarize({ threshold: args["threshold"] })),
  equalize: one(() => equalize({})),
  autocontrast: one(() => autocontrast({})),
  erase: one((_, { i: top, j: left, h: height, w: width, v: value }) =>
    erase({ left, top, width, height, value })
  ),
  "eval_preset": (image, args) => {
    const small = shorterSide(image, args["resize"]);
    const { interpolation } = args as { interpolation: ResizeFilter };
    const square = { width: args["crop"], height: args["crop"] };
    return [[resize({ ...small, interpolation }), crop(middle(small, square))]];
  },
};

/** The operations of a case: a list for each of its results; undefined where no op is known for it. */
export function operationsOf({ op, args }: Case, image: Size, path: Path) {
  if (!op.startsWith("apply_")) return OPS[op]?.(image, args, path);
  const { magnitude, interpolation, fill } = args as {
    magnitude: number;
    interpolation: Interpolation;
    fill: null;
  };
  const name = op.slice("apply_".length) as AugmentationName;
  return [augmentation(name, magnitude, { interpolation, fill })];
}

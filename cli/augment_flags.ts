/** The flags of augmentation. What they stand for is in train/recipe/augment.ts. */

import { DEFAULTS } from "../train/recipe/defaults.ts";
import { PRESET_NAMES } from "../train/recipe/augment.ts";
import { type Command, describedBy, oneOf } from "./flags.ts";

/** Gives a command the flag that says what is done to training images. */
export function addAugmentFlag(command: Command): Command {
  return command.option(
    "--augment <name>",
    `what is done to training images: ${PRESET_NAMES.join(", ")}, or a JSON file`,
    describedBy(
      { anyOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] },
      (text) => text,
    ),
  );
}

/** Gives a command the flag that says where images are augmented. */
export function addAugmentOnFlag(command: Command): Command {
  return command.option(
    "--augment-on <place>",
    "device: what it has kernels for, in the step; workers: all of it; " +
      "auto: device, but workers where the adapter is software",
    oneOf(["auto", "device", "workers"]),
    DEFAULTS.augmentOn,
  );
}

/** Random brightness, contrast, saturation and hue in random order: torchvision's `ColorJitter`. */
import { between, permutation } from "./chance.ts";
import { brightness, contrast, saturation } from "./color.ts";
import { type Field, numberOrInterval, type Pair, symmetric } from "./fields.ts";
import { hue } from "./hue.ts";
import { type Drawn, type Transform, transform } from "./transform.ts";

/** Options of {@linkcode colorJitter}; a pair is the range itself. Default of each 0: unchanged. */
export interface ColorJitterOptions {
  /** v for factors from 1 − v (0 at least) to 1 + v. */
  readonly brightness?: number | Pair;
  /** The same. */
  readonly contrast?: number | Pair;
  /** The same. */
  readonly saturation?: number | Pair;
  /** v for shifts from −v to v; at most 0.5. */
  readonly hue?: number | Pair;
}

function aroundOne(v: number | Pair): Pair {
  return typeof v === "number" ? [Math.max(0, 1 - v), 1 + v] : v;
}

function factor(): Field<number | Pair> {
  return numberOrInterval({ one: { least: 0 }, two: { least: 0 } }, 0);
}

/**
 * torchvision's `ColorJitter`: draws the order, then a factor for each of brightness, contrast,
 * saturation and hue whose range is not a single 1 (0 for hue).
 */
export const colorJitter: Transform<ColorJitterOptions> = transform<ColorJitterOptions>(
  "ColorJitter",
  {
    fields: {
      brightness: factor(),
      contrast: factor(),
      saturation: factor(),
      hue: numberOrInterval({ one: { least: 0, most: 0.5 }, two: { least: -0.5, most: 0.5 } }, 0),
    },
    operations: [brightness, contrast, saturation, hue],
    random: true,
    sample(random, _, options) {
      const order = permutation(random, 4);
      const drawn = ([[brightness, options.brightness], [contrast, options.contrast], [
        saturation,
        options.saturation,
      ]] as const).map(([one, v]): Drawn | undefined => {
        const [low, high] = aroundOne(v);
        return low === 1 && high === 1 ? undefined : one({ factor: between(random, [low, high]) });
      });
      const [low, high] = symmetric(options.hue);
      drawn.push(
        low === 0 && high === 0 ? undefined : hue({ shift: between(random, [low, high]) }),
      );
      return order.flatMap((i) => drawn[i] ?? []);
    },
    rounds(options) {
      const moves = ([low, high]: Pair, still: number) => low !== still || high !== still;
      const operations = [
        ...moves(aroundOne(options.brightness), 1) ? [brightness.name] : [],
        ...moves(aroundOne(options.contrast), 1) ? [contrast.name] : [],
        ...moves(aroundOne(options.saturation), 1) ? [saturation.name] : [],
        ...moves(symmetric(options.hue), 0) ? [hue.name] : [],
      ];
      return operations.map(() => ({ operations }));
    },
  },
);

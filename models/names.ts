/** Names of weights in efficientnet-pytorch as timm's. Knows no other naming and no numbers. */

/** Names outside the blocks, without their last part. */
const OUTSIDE: Readonly<Record<string, string>> = {
  "_conv_stem": "conv_stem",
  "_bn0": "bn1",
  "_conv_head": "conv_head",
  "_bn1": "bn2",
  "_fc": "classifier",
};

/** Names in a block that widens its input first. */
const INVERTED: Readonly<Record<string, string>> = {
  "_expand_conv": "conv_pw",
  "_bn0": "bn1",
  "_depthwise_conv": "conv_dw",
  "_bn1": "bn2",
  "_se_reduce": "se.conv_reduce",
  "_se_expand": "se.conv_expand",
  "_project_conv": "conv_pwl",
  "_bn2": "bn3",
};

/** Names in a block that does not. */
const SEPARABLE: Readonly<Record<string, string>> = {
  "_depthwise_conv": "conv_dw",
  "_bn1": "bn1",
  "_se_reduce": "se.conv_reduce",
  "_se_expand": "se.conv_expand",
  "_project_conv": "conv_pw",
  "_bn2": "bn2",
};

/** Whether these are the names of efficientnet-pytorch, whose networks are timm's `tf_efficientnet_…`. */
export function isEfficientnetPytorch(names: { has(name: string): boolean }): boolean {
  return names.has("_conv_stem.weight") && names.has("_blocks.0._depthwise_conv.weight");
}

/**
 * timm's names of entries that efficientnet-pytorch named; those it does not know keep theirs. timm counts
 * blocks within stages, which only `expected`, the names of the model, tells.
 */
export function toTimmNames<T>(
  entries: ReadonlyMap<string, T>,
  expected: Iterable<string>,
): Map<string, T> {
  const places = new Set<string>();
  for (const name of expected) {
    const [place] = /^blocks\.\d+\.\d+/.exec(name) ?? [];
    if (place !== undefined) places.add(place);
  }
  const blocks = [...places];
  const rename = (name: string) => {
    const [, block, layer, rest] = /^(?:_blocks\.(\d+)\.)?(_\w+)(\..+)$/.exec(name) ?? [];
    const table = block === undefined
      ? OUTSIDE
      : entries.has(`_blocks.${block}._expand_conv.weight`)
      ? INVERTED
      : SEPARABLE;
    const place = block === undefined ? "" : `${blocks[Number(block)]}.`;
    const known = layer !== undefined && Object.hasOwn(table, layer) && place !== "undefined.";
    return known ? place + table[layer] + rest : name;
  };
  return new Map([...entries].map(([name, entry]) => [rename(name), entry]));
}

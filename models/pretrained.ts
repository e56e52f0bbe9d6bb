/** Published weights: the tags of timm 1.0 and the images that weights under them were made for. Fetches nothing. */

/** How images are made into numbers: what weights were learned with, and must be used with. */
export interface Preprocessing {
  /** The pretrained tag that these are the settings of; none where a model starts from scratch. */
  readonly tag?: string | undefined;
  /** Of red, green and blue in [0, 1]: what is subtracted from images. */
  readonly mean: readonly [number, number, number];
  /** What they are divided by. */
  readonly std: readonly [number, number, number];
  /** How images are resized. */
  readonly interpolation: "bilinear" | "bicubic";
}

/** Published weights of a model, under the tag they have in timm. */
export interface Pretrained extends Preprocessing {
  /** What stands behind the dot of timm's name: `ra_in1k` of `efficientnet_b0.ra_in1k`. */
  readonly tag: string;
  /** Side of the square images they were made for, in pixels. */
  readonly size: number;
  /** The square's share of the resized image's shorter side, timm's `crop_pct`. */
  readonly crop: number;
  /** Classes of the classifier. */
  readonly classes: number;
}

/** Mean and deviation of ImageNet's pixels. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** What images were made into before weights said how, and are where a model starts from scratch. */
export const IMAGENET_BILINEAR: Preprocessing = { ...IMAGENET, interpolation: "bilinear" };

const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
const plain = { mean: [0, 0, 0], std: [1, 1, 1], interpolation: "bilinear" } as const;
const bilinear = { interpolation: "bilinear" } as const;
const wide = { crop: 0.95 };
const small = { size: 160, crop: 0.95 };

/** Most weights: 224 pixels of 256, bicubic, ImageNet's statistics and classes. */
function weights(tag: string, different: Partial<Omit<Pretrained, "tag">> = {}): Pretrained {
  const usual = { size: 224, crop: 0.875, interpolation: "bicubic", classes: 1000 } as const;
  return { tag, ...usual, ...IMAGENET, ...different };
}

/** "ResNet strikes back", Wightman et al. 2021, and torchvision's first ones. */
const resnets = [weights("a1_in1k", wide), weights("a2_in1k", wide), weights("a3_in1k", small)];
const torchvision = weights("tv_in1k", bilinear);
const torchvision2 = weights("tv2_in1k", { size: 176, ...bilinear });
const gluon = weights("gluon_in1k");

/** For non-commercial use only. */
const facebook = [
  weights("fb_ssl_yfcc100m_ft_in1k", bilinear),
  weights("fb_swsl_ig1b_ft_in1k", bilinear),
];

/** The tags of each model, timm's default first. */
export const PRETRAINED: Readonly<Record<string, readonly Pretrained[]>> = {
  "efficientnet_b0": [
    weights("ra_in1k"),
    weights("ra4_e3600_r224_in1k", { crop: 0.9, ...half }),
  ],
  "efficientnet_b1": [
    weights("ra4_e3600_r240_in1k", { size: 240, crop: 0.9, ...half }),
    weights("ft_in1k"),
  ],
  "efficientnet_b2": [weights("ra_in1k", { size: 256 })],
  "efficientnet_b3": [weights("ra2_in1k", { size: 288 })],
  "efficientnet_b4": [weights("ra2_in1k", { size: 320 })],
  // timm evaluates the first of these on the whole image made square, not on its middle.
  "efficientnet_b5": [
    weights("sw_in12k_ft_in1k", { size: 448, crop: 1 }),
    weights("sw_in12k", { size: 416, crop: 0.95, classes: 11821 }),
  ],
  "tf_efficientnet_lite0": [weights("in1k", half)],
  "mobilenetv3_large_100": [
    weights("ra_in1k"),
    weights("ra4_e3600_r224_in1k", { crop: 0.95, ...half }),
    weights("miil_in21k_ft_in1k", plain),
    weights("miil_in21k", { classes: 11221, ...plain }),
  ],
  "mobilenetv3_small_100": [weights("lamb_in1k")],
  "resnet18": [...resnets, torchvision, ...facebook, gluon],
  "resnet34": [
    ...resnets,
    weights("bt_in1k"),
    weights("ra4_e3600_r224_in1k", { crop: 0.9, ...half }),
    torchvision,
    gluon,
  ],
  "resnet50": [
    resnets[0]!,
    weights("a1h_in1k", { size: 176, crop: 0.9 }),
    ...resnets.slice(1),
    ...["b1k_in1k", "b2k_in1k", "c1_in1k", "c2_in1k", "d_in1k"].map((tag) => weights(tag, wide)),
    ...["ram_in1k", "am_in1k", "ra_in1k", "bt_in1k"].map((tag) => weights(tag)),
    torchvision,
    torchvision2,
    ...facebook,
    gluon,
  ],
  "resnet101": [weights("a1h_in1k", wide), ...resnets, torchvision, torchvision2, gluon],
  "resnet152": [weights("a1h_in1k", wide), ...resnets, torchvision, torchvision2, gluon],
};

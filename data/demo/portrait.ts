/** Draws a made-up face from random numbers. Takes no photograph's place and knows no manipulation. */
import type { Random } from "../random.ts";
import { arc, Canvas, type Colour, ellipse, type View } from "./canvas.ts";

/** What all of a picture has in common, whoever's features are in it. */
export interface Scene {
  /** Where the head is; its centre is the origin. */
  readonly view: View;
  /** Colour of the skin in even light. */
  readonly skin: Colour;
  /** Colour of hair and brows. */
  readonly hair: Colour;
  /** Colour of the shoulders. */
  readonly clothes: Colour;
  /** The two colours that the background changes between. */
  readonly background: readonly [Colour, Colour];
  /** How much brighter it is a unit to the right, and a unit down. */
  readonly light: readonly [number, number];
  /** Waves per unit in the background, and their phase. */
  readonly waves: readonly [number, number, number];
  /** Half-axes of the head, and how much the chin narrows. */
  readonly head: readonly [number, number, number];
  /** How far the hair reaches beyond the head at the side, and down from the crown. */
  readonly cut: readonly [number, number];
}

/** What is between the brows and the chin. */
export interface Features {
  /** Colour of the eyes. */
  readonly iris: Colour;
  /** Colour of the mouth. */
  readonly lips: Colour;
  /** Half the distance of the eyes, their height on the face, width and opening. */
  readonly eyes: readonly [number, number, number, number];
  /** Height above the eyes, thickness and bend of the brows. */
  readonly brows: readonly [number, number, number];
  /** Length and width of the nose. */
  readonly nose: readonly [number, number];
  /** Height, half width, thickness and bend of the mouth. */
  readonly mouth: readonly [number, number, number, number];
}

const LIGHT_SKIN: Colour = [244, 208, 182];
const DARK_SKIN: Colour = [112, 74, 54];
const HAIR: readonly Colour[] = [[38, 28, 24], [92, 60, 36], [166, 122, 70], [140, 134, 130]];
const IRIS: readonly Colour[] = [[70, 44, 26], [72, 96, 120], [84, 100, 64]];

function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random();
}

function mix(a: Colour, b: Colour, t: number): Colour {
  return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])];
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

function anyColour(random: Random, low: number, high: number): Colour {
  return [between(random, low, high), between(random, low, high), between(random, low, high)];
}

/** A place, a light and a head. */
export function randomScene(random: Random): Scene {
  const range = (low: number, high: number) => between(random, low, high);
  return {
    view: {
      x: range(0.46, 0.54),
      y: range(0.45, 0.51),
      angle: range(-0.12, 0.12),
      scale: range(0.3, 0.35),
    },
    skin: mix(LIGHT_SKIN, DARK_SKIN, random()),
    hair: pick(random, HAIR),
    clothes: anyColour(random, 30, 220),
    background: [anyColour(random, 50, 220), anyColour(random, 50, 220)],
    light: [range(-0.22, 0.22), range(-0.2, 0.02)],
    waves: [range(-3, 3), range(-3, 3), range(0, 6)],
    head: [range(0.74, 0.86), range(1, 1.14), range(0.08, 0.24)],
    cut: [range(0.04, 0.2), range(0.28, 0.5)],
  };
}

/** Somebody's features. */
export function randomFeatures(random: Random): Features {
  const range = (low: number, high: number) => between(random, low, high);
  return {
    iris: pick(random, IRIS),
    lips: mix([188, 92, 88], [130, 60, 60], random()),
    eyes: [range(0.28, 0.37), range(-0.16, -0.04), range(0.12, 0.17), range(0.05, 0.09)],
    brows: [range(0.15, 0.24), range(0.02, 0.045), range(0.02, 0.07)],
    nose: [range(0.3, 0.42), range(0.09, 0.14)],
    mouth: [range(0.46, 0.58), range(0.2, 0.32), range(0.03, 0.06), range(-0.08, 0.05)],
  };
}

/** The picture of a scene with somebody's features in it, without a camera's noise. */
export function drawPortrait(scene: Scene, features: Features, size: number): Canvas {
  const canvas = new Canvas(size, scene.view);
  drawBackground(canvas, scene);
  drawHead(canvas, scene);
  drawFeatures(canvas, scene, features);
  drawFringe(canvas, scene);
  return canvas;
}

function drawBackground(canvas: Canvas, { background: [from, to], waves: [u, v, phase] }: Scene) {
  canvas.paint(() => -1, from);
  canvas.paint(() => -1, to, {
    opacity: (x, y) => 0.5 + 0.3 * Math.sin(u * x + v * y + phase) + 0.2 * Math.sin(2.3 * v * x),
  });
}

/** Light and shade of a rounded surface. */
function shading({ light: [lx, ly] }: Scene) {
  return (x: number, y: number) => 1 + lx * x + ly * y - 0.1 * (x * x + y * y);
}

function drawHead(canvas: Canvas, scene: Scene): void {
  const { skin, hair, clothes, head: [rx, ry, taper], cut: [beyond] } = scene;
  const shade = shading(scene);
  canvas.paint(ellipse([0, -0.12], [rx + beyond, ry + 0.1], -0.1), hair, { edge: 0.08, shade });
  canvas.paint(ellipse([0, 1.95], [1.55, 0.75]), clothes, { shade });
  canvas.paint(ellipse([0, 1.1], [0.36, 0.48]), mix(skin, [0, 0, 0], 0.2), { edge: 0.05 });
  for (const side of [-1, 1]) {
    canvas.paint(ellipse([side * rx, 0.02], [0.1, 0.2]), mix(skin, [120, 30, 20], 0.2));
  }
  canvas.paint(ellipse([0, 0], [rx, ry], taper), skin, { edge: 0.03, shade });
}

function drawFeatures(canvas: Canvas, scene: Scene, features: Features): void {
  const { skin, hair } = scene;
  const { iris, lips, eyes: [apart, height, width, opening], brows, nose, mouth } = features;
  const shadow = mix(skin, [60, 20, 10], 0.4);
  const [above, thickness, bend] = brows;
  for (const side of [-1, 1]) {
    const [x, y] = [side * apart, height];
    canvas.paint(ellipse([x, y], [width * 1.5, opening * 2.4]), shadow, {
      edge: 0.2,
      opacity: 0.5,
    });
    canvas.paint(ellipse([x, y], [width, opening]), [236, 232, 226]);
    canvas.paint(ellipse([x, y], [opening * 0.95, opening * 0.95]), iris);
    canvas.paint(ellipse([x, y], [opening * 0.45, opening * 0.45]), [16, 12, 12]);
    canvas.paint(ellipse([x + 0.03, y - 0.03], [0.018, 0.018]), [255, 255, 255]);
    const lid = { length: width, width: 0.022, bend: opening };
    canvas.paint(arc([x, y - opening], lid), mix(hair, shadow, 0.4));
    canvas.paint(arc([x, y - above], { length: width * 1.4, width: thickness, bend }), hair);
    canvas.paint(ellipse([side * 0.48, 0.34], [0.26, 0.2]), [214, 96, 84], {
      edge: 0.3,
      opacity: 0.18,
    });
  }
  const [length, breadth] = nose;
  const tip = height + length;
  const lit = mix(skin, [255, 255, 255], 0.25);
  canvas.paint(ellipse([0.02, height + length / 2], [0.035, length / 2]), lit, { edge: 0.1 });
  canvas.paint(arc([0, tip], { length: breadth, width: 0.03, bend: -0.04 }), shadow, {
    edge: 0.05,
  });
  const [low, half, thick, smile] = mouth;
  canvas.paint(arc([0, low], { length: half, width: thick * 1.5, bend: smile }), lips);
  canvas.paint(arc([0, low], { length: half * 0.95, width: 0.014, bend: smile }), [70, 24, 26]);
}

/** The hair in front of the forehead. */
function drawFringe(canvas: Canvas, scene: Scene): void {
  const { hair, head: [rx, ry], cut: [beyond, down] } = scene;
  const crown = ellipse([0, -0.06], [rx + beyond / 2, ry + 0.05]);
  const brow = ellipse([0, -ry + down + 1.2], [1.15, 1.2]);
  canvas.paint((x, y) => Math.max(crown(x, y), -brow(x, y)), hair, {
    edge: 0.06,
    shade: (x, y) => shading(scene)(x, y) * (1 + 0.12 * Math.sin(26 * x + 5 * y)),
  });
}

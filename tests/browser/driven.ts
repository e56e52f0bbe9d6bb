/** What a test's page runs: the worker of the real page, asked by functions that a test calls. Checks nothing. */
/// <reference lib="dom" />

import type { RunEvent } from "../../mod.ts";
import { Engine, EngineError } from "../../web/engine.ts";
import type { PlacedFile, RequestName, Requests, Source, State } from "../../web/messages.ts";

/** Images that a page makes itself: so many small PNG files of two classes, each another. */
export interface MadeImages {
  readonly made: number;
  readonly size: number;
}

/** Where a driven page gets images from: addresses of files by their paths, images it makes, or the demo. */
export type Images = Readonly<Record<string, string>> | MadeImages | "demo";

/** A run as it was heard. */
export interface Heard {
  readonly events: RunEvent[];
  readonly states: State[];
}

/** The functions of the page; what goes in and out is JSON. */
export interface Driven {
  /** Asks the worker; a fault is given as such. */
  ask(name: RequestName, parameters: unknown): Promise<unknown>;
  /** Opens images. */
  open(images: Images, options?: Partial<Requests["openData"]["with"]>): Promise<unknown>;
  /** Opens the weights at an address. */
  weights(url: string, name: string): Promise<unknown>;
  /** Predicts images with a run. */
  predict(images: Images, run?: string): Promise<unknown>;
  /** A file of a run, in base64. */
  download(run: string, what: string): Promise<string>;
  /** What was heard since this was last asked. */
  heard(): Promise<Heard>;
}

let heard: Heard = { events: [], states: [] };
const engine = new Engine(new Worker("/worker.js", { type: "module" }));
engine.heard = (event) => heard.events.push(event);
engine.changed = (state) => heard.states.push(state);

async function sourceOf(images: Images): Promise<Source> {
  if (images === "demo") return { kind: "demo" };
  if ("made" in images) return { kind: "files", files: await madeFiles(images as MadeImages) };
  const files = await Promise.all(
    Object.entries(images).map(async ([path, url]): Promise<PlacedFile> => ({
      path,
      file: new File([await (await fetch(url)).blob()], path.replace(/^.*\//, "")),
    })),
  );
  return { kind: "files", files };
}

async function madeFiles({ made, size }: MadeImages): Promise<PlacedFile[]> {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d")!;
  const files: PlacedFile[] = [];
  for (let i = 0; i < made; i++) {
    const name = `${String(i).padStart(6, "0")}.png`;
    context.fillStyle = `rgb(${i & 255}, ${(i >> 8) & 255}, ${i % 2 === 0 ? 40 : 200})`;
    context.fillRect(0, 0, size, size);
    context.fillStyle = `rgb(${(i * 7) & 255}, ${(i * 13) & 255}, 128)`;
    context.fillRect(i % size, 0, 4, size);
    files.push({
      path: `made/${i % 2 === 0 ? "dark" : "blue"}/${name}`,
      file: new File([await canvas.convertToBlob()], name),
    });
  }
  return files;
}

async function asked<Name extends RequestName>(name: Name, parameters: Requests[Name]["with"]) {
  try {
    return await engine.ask(name, parameters);
  } catch (error) {
    if (error instanceof EngineError) {
      return { fault: { kind: error.kind, message: error.message } };
    }
    throw error;
  }
}

const page: Driven = {
  ask: (name, parameters) => asked(name, parameters as never),
  open: async (images, options) =>
    await asked("openData", { ...options, source: await sourceOf(images) }),
  weights: async (url, name) =>
    await asked("openWeights", { file: new File([await (await fetch(url)).blob()], name) }),
  predict: async (images, run) =>
    await asked("predict", { source: await sourceOf(images), ...(run !== undefined && { run }) }),
  async download(run, what) {
    const { blob } = await engine.ask("download", { run, what: what as never });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return (bytes as unknown as { toBase64(): string }).toBase64();
  },
  heard() {
    const all = heard;
    heard = { events: [], states: [] };
    return Promise.resolve(all);
  },
};
Object.assign(globalThis, { page });

/** Two classes from the camera: names, pictures, counts. Sends nothing and trains nothing. */
/// <reference lib="dom" />

import type { PictureClass } from "../app.ts";
import { button, make, picture, say } from "../dom.ts";
import type { Screen, View } from "../view.ts";

/** Pictures of a class at least, and those of them that are shown. */
const LEAST = 5;
const SHOWN = 8;

/** Side of a picture in pixels at most, and its quality as a JPEG. */
const SIDE = 384;
const QUALITY = 0.92;

/** Makes the screen; what is taken stays with `classes`. */
export function cameraScreen(
  { app, texts, formats }: View,
  classes: readonly PictureClass[],
): Screen {
  const video = make("video", {
    ...{ muted: true, playsinline: true, autoplay: true, "aria-label": texts.cameraView },
  });
  const said = make("p", { class: "note", role: "status" }, texts.cameraNeeds);
  const use = button(texts.cameraUse, () => {
    const named = classes.map(({ name, images }) => ({ name: name.trim(), images }));
    void app.take({ kind: "camera", classes: named });
  }, { class: "main", id: "use-pictures" });
  const check = () => {
    const names = classes.map(({ name }) => name.trim());
    use.disabled = names.includes("") || new Set(names).size < names.length ||
      classes.some(({ images }) => images.length < LEAST);
  };
  const fields = classes.map((one, i) => {
    const id = `camera-name-${i + 1}`;
    const input = make("input", {
      ...{ type: "text", id, value: one.name, maxlength: 60 },
      on: {
        input: () => {
          one.name = input.value;
          check();
        },
      },
    });
    const shown = (blob: Blob) => picture(blob, texts.images.thumbnail(one.name));
    const strip = make("div", { class: "strip" }, ...one.images.slice(-SHOWN).reverse().map(shown));
    const shoot = async () => {
      const blob = await frameOf(video);
      if (!blob) return;
      one.images.push(blob);
      strip.prepend(shown(blob));
      strip.children[SHOWN]?.remove();
      say(said, texts.cameraTaken(one.name, formats.count(one.images.length)));
      check();
    };
    const take = button(texts.cameraTake, shoot, {
      ...{ "data-shoot": i + 1, id: `shoot-${i + 1}`, disabled: true },
    });
    video.addEventListener("loadeddata", () => take.disabled = false);
    return make(
      "div",
      { class: "field" },
      make("label", { for: id }, texts.cameraName),
      input,
      make("div", { class: "actions" }, take),
      strip,
    );
  });
  check();
  const element = make(
    "div",
    {},
    make("h1", {}, texts.cameraTitle),
    make("p", { class: "lead" }, texts.cameraLead),
    make("div", { class: "camera" }, video, ...fields),
    said,
    make("div", { class: "actions" }, use, button(texts.cancel, () => app.useCamera())),
  );
  let stream: MediaStream | undefined;
  let closed = false;
  const open = async () => {
    try {
      const wanted = { width: { ideal: 640 }, height: { ideal: 480 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      if (closed) return stop(stream);
      video.srcObject = stream;
    } catch {
      say(said, texts.cameraRefused);
    }
  };
  void open();
  return {
    element,
    close: () => {
      closed = true;
      stop(stream);
    },
  };
}

function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** What the camera sees, its middle square, as a JPEG; undefined before it sees anything. */
async function frameOf(video: HTMLVideoElement): Promise<Blob | undefined> {
  const { videoWidth: width, videoHeight: height } = video;
  const square = Math.min(width, height);
  if (square === 0) return undefined;
  const side = Math.min(SIDE, square);
  const canvas = new OffscreenCanvas(side, side);
  const drawing = canvas.getContext("2d")!;
  const [x, y] = [(width - square) / 2, (height - square) / 2];
  drawing.drawImage(video, x, y, square, square, 0, 0, side, side);
  return await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}

/** Two classes from the camera: names, pictures, counts. Sends nothing and trains nothing. */
/// <reference lib="dom" />

import { button, make, picture, say } from "../dom.ts";
import type { Source } from "../messages.ts";
import type { Screen, View } from "../view.ts";

/** Pictures of a class at least, and those of them that are shown. */
const LEAST = 5;
const SHOWN = 8;

/** Side of a picture in pixels at most, and its quality as a JPEG. */
const SIDE = 384;
const QUALITY = 0.92;

interface PictureClass {
  readonly name: HTMLInputElement;
  readonly images: Blob[];
}

/** Makes the part; `take` gets the pictures, `cancel` is called when there shall be none. */
export function cameraPart(
  { texts, formats }: View,
  take: (source: Source) => void,
  cancel: () => void,
): Screen {
  const video = make("video", {
    ...{ muted: true, playsinline: true, autoplay: true, "aria-label": texts.cameraView },
  });
  const said = make("p", { class: "note", role: "status" }, texts.cameraNeeds);
  let stream: MediaStream | undefined;
  const classes: PictureClass[] = [];
  const use = button(texts.cameraUse, () => {
    take({
      kind: "camera",
      classes: classes.map(({ name, images }) => ({ name: name.value.trim(), images })),
    });
  }, { class: "main", disabled: true, id: "use-pictures" });
  const check = () => {
    const names = classes.map(({ name }) => name.value.trim());
    use.disabled = names.includes("") || names[0] === names[1] ||
      classes.some(({ images }) => images.length < LEAST);
  };
  const fields = [1, 2].map((number) => {
    const id = `camera-name-${number}`;
    const one: PictureClass = {
      name: make("input", {
        ...{ type: "text", id, value: texts.cameraClass(String(number)), maxlength: 60 },
        on: { input: check },
      }),
      images: [],
    };
    classes.push(one);
    const strip = make("div", { class: "strip" });
    const shoot = async () => {
      const blob = await frameOf(video);
      if (!blob) return;
      one.images.push(blob);
      strip.prepend(picture(blob, texts.images.thumbnail(one.name.value)));
      strip.children[SHOWN]?.remove();
      say(said, texts.cameraTaken(one.name.value, formats.count(one.images.length)));
      check();
    };
    return make(
      "div",
      { class: "field" },
      make("label", { for: id }, texts.cameraName),
      one.name,
      make("div", { class: "actions" }, button(texts.cameraTake, shoot, { "data-shoot": number })),
      strip,
    );
  });
  const element = make(
    "div",
    {},
    make("h1", {}, texts.cameraTitle),
    make("p", { class: "lead" }, texts.cameraLead),
    make("div", { class: "camera" }, video, ...fields),
    said,
    make("div", { class: "actions" }, use, button(texts.cancel, cancel)),
  );
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

/** Trains resnet18 on arrays, without files or the command line: bright images against dark ones. */

import { openDevice, Session } from "../mod.ts";

const device = await openDevice();
const session = await Session.create(device, {
  ...{ model: "resnet18", classes: 2, size: 32, batch: 8, seed: 0, train: true },
  optimizer: { name: "adam" },
  images: "numbers", // [n, h, w, 3]; "bytes" would be RGBX, normalised on the device
});
const labels = Int32Array.from({ length: 8 }, (_, i) => i % 2);
const images = () =>
  Float32Array.from(
    { length: 8 * 32 * 32 * 3 },
    (_, i) => Math.random() - (labels[Math.floor(i / (32 * 32 * 3))] ? 0.25 : 0.75),
  );
for (let i = 0; i < 10; i++) {
  session.step({ images: images(), labels }, { learningRate: 1e-3 });
  if (i % 5 === 4) console.log(await session.metrics());
}
console.log(await session.evaluate({ images: images() })); // logits [8, 2]
session.destroy();

/** Trains resnet18 on arrays, without files or the command line: bright images against dark ones. */

import { openDevice, Session } from "../mod.ts";

const session = await Session.create(await openDevice(), {
  ...{ model: "resnet18", classes: 2, size: 32, batch: 8, seed: 0, train: true },
  optimizer: { name: "adam" },
  images: "numbers", // [n, h, w, 3]; "bytes" would be RGBX, normalised on the device
});
const labels = Int32Array.of(0, 1, 0, 1, 0, 1, 0, 1);
const noise = (_: unknown, i: number) => Math.random() + labels[Math.floor(i / 3072)]!;
const images = Float32Array.from({ length: 8 * 3072 }, noise); // those of class 1 are brighter
for (let i = 0; i < 10; i++) session.step({ images, labels }, { learningRate: 1e-3 });
console.log(await session.metrics()); // { loss, accuracy, count }
console.log(await session.evaluate({ images })); // logits [8, 2]
session.destroy();

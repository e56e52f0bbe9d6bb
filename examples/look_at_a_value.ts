/** Computes a tensor and a gradient: shapes are checked here, numbers come from the device. */

import { conv2d, evaluate, gradients, input, openDevice, relu, sum } from "../mod.ts";

const x = input("x", [1, 4, 4, 1]); // [n, h, w, c]
const w = input("w", [3, 3, 1, 2]); // [kh, kw, cin, cout]
const y = relu(conv2d(x, w, { padding: 1 }));
const [dw] = gradients(sum(y), [w]);
const feeds = new Map([
  [x, Float32Array.from({ length: 16 }, (_, i) => i / 16)],
  [w, Float32Array.from({ length: 18 }, (_, i) => Math.sin(i))],
]);
const [value, gradient] = await evaluate(await openDevice(), [y, dw!], feeds);
console.log(y.toString(), value);
console.log("gradient of the sum by w:", gradient);

/** A small network of one's own learns stripes; written for who imports the library by its name, in Deno, a page or Node. */
import {
  convolution,
  type Device,
  globalAveragePool,
  linear,
  type Model,
  norm,
  relu,
  Session,
  squeeze,
} from "@verity/verity";

const initial = { kind: "uniform", bound: 0.5 } as const;

/** A convolution, a norm and a classifier of two classes. */
const model: Model = (scope, images) => {
  const x = norm(scope, "bn", convolution(scope, "conv", images, 8, { kernel: 3, stride: 2 }));
  return linear(scope, "fc", squeeze(globalAveragePool(relu(x))), 2, {
    weight: initial,
    bias: initial,
  });
};

/** Losses of eight steps that learn to tell lying stripes from standing ones. */
export async function losses(device: Device): Promise<number[]> {
  const [size, batch] = [8, 8];
  const session = await Session.create(device, {
    ...{ model, classes: 2, size, batch, seed: 1, train: true },
    optimizer: { name: "adam" },
    images: "numbers",
  });
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 2);
  const images = Float32Array.from({ length: batch * size * size * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const image = Math.floor(pixel / size ** 2);
    const along = image % 2 ? pixel % size : Math.floor(pixel / size) % size;
    return (along % 4 < 2 ? 1 : -1) + Math.sin(i) / 4;
  });
  const all: number[] = [];
  for (let step = 0; step < 8; step++) {
    session.step({ images, labels }, { learningRate: 0.02 });
    all.push((await session.metrics()).loss);
  }
  session.destroy();
  return all;
}

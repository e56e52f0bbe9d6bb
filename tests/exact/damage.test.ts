/** Checkpoints with a changed bit or a missing end: none is taken for whole, and the one before is used. */
import assert from "node:assert/strict";
import { hash } from "../../data/random.ts";
import { denoFiles } from "../../cli/files.ts";
import { readCheckpoint, writeCheckpoint } from "../../train/checkpoint.ts";
import { fromFloats } from "../../models/safetensors.ts";
import { CheckpointError } from "../../train/checkpoint.ts";
import { RunFolder } from "../../train/run_folder.ts";
import { temporaryFolder } from "../data/fixtures.ts";

const BITS = 1000;

Deno.test("a checkpoint with any bit changed or any part missing is refused, and the one before is used", async () => {
  await using dir = await temporaryFolder();
  const weights = new Map([[
    "w",
    fromFloats([40, 8], Float32Array.from({ length: 320 }, (_, i) => i)),
  ]]);
  const at = (step: number) => ({
    ...{ model: "resnet18", classes: ["a", "b"], size: 8, resize: 10, epoch: 0, step, seed: 1 },
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1], interpolation: "bilinear" } as const,
    within: {
      ...{ step, read: step, now: { count: 0, loss: 0, accuracy: 0 } },
      mean: { count: 8, loss: 0.1 + 0.2, accuracy: 1 / 3 },
    },
    ...{ configuration: {}, weights, optimizer: weights },
  });
  const [last, previous] = [`${dir.path}/last.safetensors`, `${dir.path}/previous.safetensors`];
  await writeCheckpoint(denoFiles, previous, at(1));
  await writeCheckpoint(denoFiles, last, at(2));
  assert.deepEqual((await readCheckpoint(denoFiles, last)).within, at(2).within, "to the bit");
  const bytes = await Deno.readFile(last);
  const files = (damaged: Uint8Array<ArrayBuffer>) => ({
    ...denoFiles,
    read: (path: string) => path === last ? Promise.resolve(damaged) : denoFiles.read(path),
  });
  const refused = async (damaged: Uint8Array<ArrayBuffer>, how: string) => {
    await assert.rejects(readCheckpoint(files(damaged), last), CheckpointError, how);
    const { checkpoint, warning } = await RunFolder.open(files(damaged), dir.path);
    assert.equal(checkpoint.step, 1, how);
    assert.match(warning ?? "", /goes on from previous\.safetensors/);
  };
  for (let i = 0; i < BITS; i++) {
    const bit = hash(3, i) % (8 * bytes.length);
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    await refused(damaged, `bit ${bit}`);
  }
  for (let percent = 0; percent < 100; percent++) {
    await refused(bytes.slice(0, Math.floor(bytes.length * percent / 100)), `${percent} %`);
  }
});

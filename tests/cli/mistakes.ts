/** A folder of everything people get wrong, for the table in bad_input.test.ts. Asserts nothing. */
import { denoFiles } from "../../cli/files.ts";
import { IMAGENET_BILINEAR } from "../../models/pretrained.ts";
import { fromFloats } from "../../models/safetensors.ts";
import { writeCheckpoint } from "../../train/checkpoint.ts";
import { pictures, type TemporaryFolder, temporaryFolder } from "../data/fixtures.ts";

/**
 * A temporary folder with images, label files and checkpoints that are wrong in one way each: `good`
 * has two classes, `three` three, `lonely` one image of b, `page` and `half` a broken file in b.
 */
export async function folderOfMistakes(): Promise<TemporaryFolder> {
  const images = Object.values(await pictures(["0.png", "1.png", "2.png", "3.png", "4.png"]));
  const [jpeg = new Uint8Array()] = Object.values(
    await pictures(["a.jpg"], { width: 64, height: 64 }),
  );
  const image = (k: number) => images[k % images.length] ?? new Uint8Array();
  const classes = (dir: string, counts: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(counts).flatMap(([name, count], c) =>
        Array.from(
          { length: count },
          (_, i) => [`${dir}/${name}/${4 * c + i}.png`, image(4 * c + i)],
        )
      ),
    );
  const folder = await temporaryFolder({
    "empty/": "",
    "linked/0.png": image(0),
    "link.csv": "img_name\nlink.png\n",
    ...classes("good", { a: 4, b: 4 }),
    ...classes("three", { a: 4, b: 4, c: 4 }),
    ...classes("lonely", { a: 4, b: 1 }),
    ...classes("page", { a: 4, b: 3 }),
    "page/b/page.jpg": "<!doctype html><title>Not found</title>",
    ...classes("half", { a: 4, b: 3 }),
    "page.zip": "<!doctype html><title>Not found</title>",
    "half/b/half.jpg": jpeg.subarray(0, jpeg.length / 2),
    "missing.csv": "img_name,target\n0.png,0\n1.png,0\n2.png,1\ngone.jpg,1\n",
    "words.csv": "img_name,target\n0.png,real\n1.png,fake\n2.png,1\n",
    "twice.csv": "img_name,target\n0.png,0\n1.png,0\n2.png,1\n0.png,1\n",
    "leaving.csv": "img_name,target\n0.png,0\n1.png,0\n2.png,1\n../b/4.png,1\n",
    "unknown_transform.json": '[{ "name": "RandomCrop" }, { "name": "RandomRotate" }]',
    "bad_option.json": JSON.stringify([
      { name: "Resize" },
      { name: "RandomCrop" },
      {
        name: "RandomApply",
        options: { transforms: [{ name: "GaussianBlur", options: { kernelSize: 3, sigma: -1 } }] },
      },
    ]),
    "absolute.csv": "img_name,y_pred\n/etc/passwd,0\n",
  });
  await writeMistakes(folder.path);
  return folder;
}

async function writeMistakes(dir: string): Promise<void> {
  const checkpoint = {
    model: "mobilenetv3_small_100",
    classes: ["a", "b"],
    size: 32,
    resize: 37,
    preprocessing: IMAGENET_BILINEAR,
    epoch: 1,
    step: 2,
    seed: 0,
    configuration: {
      ...{ model: "mobilenetv3_small_100", size: 32, resize: 37, batch: 4, epochs: 1, lr: 0.005 },
      data: `${dir}/good`,
      fingerprint: "another",
    },
    weights: new Map([["classifier.bias", fromFloats([2], Float32Array.of(0, 1))]]),
  };
  await writeCheckpoint(denoFiles, `${dir}/small.safetensors`, checkpoint);
  await writeCheckpoint(denoFiles, `${dir}/other.safetensors`, {
    ...checkpoint,
    model: "efficientnet_b0",
  });
  await Deno.mkdir(`${dir}/stopped`);
  await writeCheckpoint(denoFiles, `${dir}/stopped/last.safetensors`, checkpoint);
  const bytes = await Deno.readFile(`${dir}/small.safetensors`);
  await Deno.writeFile(`${dir}/cut.safetensors`, bytes.subarray(0, bytes.length - 3));
  await Deno.symlink(`${dir}/good/b/4.png`, `${dir}/linked/link.png`);
}

/** Two classes that are told apart at once, as files. Asserts nothing. */
import { encodePng } from "../../data/encode.ts";

const IMAGES = 12;

/** Two folders of noise: the second has brighter reds. */
export async function twoClasses(): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 2 * IMAGES; i++) {
    const label = i % 2;
    const data = Uint8Array.from({ length: 40 * 36 * 3 }, (_, k) => {
      const noise = (Math.imul(k + 7 * i, 2654435761) >>> 24) / 2;
      return k % 3 === 0 ? noise + 100 * label : noise + 50;
    });
    files[`data/${label === 1 ? "red" : "grey"}/${i}.png`] = await encodePng({
      width: 40,
      height: 36,
      data,
    });
  }
  return files;
}

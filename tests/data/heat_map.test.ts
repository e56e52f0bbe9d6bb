/** Heat maps: how they are stretched, coloured and laid over an image. */

import assert from "node:assert/strict";
import { heatColor, overlay, stretched } from "../../data/heat_map.ts";

Deno.test("stretched() is bilinear between the middles of pixels", () => {
  const map = { width: 2, height: 2, data: [0, 1, 0.5, 0.25] };
  // torch.nn.functional.interpolate([[[[0, 1], [0.5, 0.25]]]], size=(2, 4), mode="bilinear")
  assert.deepEqual(
    [...stretched(map, { width: 4, height: 2 })],
    [0, 0.25, 0.75, 1, 0.5, 0.4375, 0.3125, 0.25],
  );
  const one = { width: 1, height: 1, data: [0.5] };
  assert.deepEqual([...stretched(one, { width: 2, height: 1 })], [0.5, 0.5]);
  assert.throws(() => stretched({ ...map, data: [1] }, map), /has 1 numbers, 4 were needed/);
});

Deno.test("heatColor() has even steps of lightness", () => {
  const lightness = (heat: number) => {
    const light = heatColor(heat).map((v) =>
      v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4
    );
    const luminance = 0.2126 * light[0]! + 0.7152 * light[1]! + 0.0722 * light[2]!;
    return 116 * Math.cbrt(luminance) - 16; // CIE L*, another measure than the one it is made with
  };
  const steps = Array.from({ length: 11 }, (_, i) => lightness(i / 10));
  for (let i = 1; i <= 10; i++) {
    const rise = steps[i]! - steps[i - 1]!;
    assert.ok(rise > 4 && rise < 12, `${steps}`);
  }
});

Deno.test("overlay() leaves what is cold as it is and colours what is warm", () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(10, 20, 30, 0, 0, 0) };
  const { data } = overlay(image, { width: 2, height: 1, data: [0, 1] });
  assert.deepEqual([...data.subarray(0, 3)], [10, 20, 30]);
  const [red, green, blue] = data.subarray(3);
  assert.ok(red! > 150 && green! > 150 && blue! < 100, "the hottest is yellow");
});

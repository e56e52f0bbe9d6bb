/** Benchmarks of models: what is planned without a device, what is measured on one, and what is refused. */
import assert from "node:assert/strict";
import { modelBytes } from "../../bench/byte_model.ts";
import { deviceTest } from "../device.ts";
import { verity } from "./command.ts";

async function rowsOf(args: string): Promise<Record<string, unknown>[]> {
  const { code, out, err } = await verity(args.split(" "));
  assert.equal(code, 0, err);
  return out.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("bench plan says what each option of fine-tuning saves, without a device", async () => {
  const rows = await rowsOf("bench plan --model efficientnet_b0 --size 64 --batch 4 --json");
  const row = (flags: string) => {
    const found = rows.find((r) => r.flags === flags);
    assert.ok(found, flags);
    return found as Record<string, number>;
  };
  const [whole, again] = [row("(all trained)"), row("--recompute")];
  const [half, backbone] = [row("--freeze 5"), row("--freeze backbone")];
  assert.ok(again.kept_bytes! < whole.kept_bytes! / 4);
  assert.ok(again.peak_bytes! < whole.peak_bytes!);
  assert.ok(again.bytes_per_image! > whole.bytes_per_image!);
  assert.ok(half.bytes_per_image! < whole.bytes_per_image! && half.kept_bytes! < whole.kept_bytes!);
  assert.deepEqual([whole.trained, backbone.trained], [4010110, 2562]);
  assert.ok(rows.every((r) => (r.peak_bytes as number) <= (r.slot_bytes as number)));
});

Deno.test("bench bytes agrees with the bytes counted on paper, rule by rule", async () => {
  const rows = await rowsOf("bench bytes --model efficientnet_b0 --size 224 --batch 16 --json");
  const row = (rules: string) => rows.find((r) => r.rules === rules)! as Record<string, number>;
  const bytes = (rules: string) => row(rules).bytes_per_further_image!;
  // Paper counts no partial sums of workgroups.
  const sums = (rules: string) => row(rules).partial_bytes_per_further_image!;
  // Every large tensor once a kernel: pointwise ops inlined alone, and with reductions in the kernels.
  assert.ok(Math.abs(bytes("+ inline") / 325.9e6 - 1) < 0.03, `${bytes("+ inline")}`);
  const large = bytes("+ epilogue") - sums("+ epilogue");
  assert.ok(Math.abs(large / 272.3e6 - 1) < 0.03, `${large}`);
  assert.ok(sums("+ inline") < 1e6 && sums("+ epilogue") > 1e6);
  // Some gradients of 5×5 filters would fill a GPU's registers and stay apart.
  assert.ok(Math.abs(bytes("+ pair") / 253.8e6 - 1) < 0.03, `${bytes("+ pair")}`);
  const dispatches = rows.map((r) => r.dispatches as number);
  assert.ok(dispatches.every((n, i) => i === 0 || n <= dispatches[i - 1]!), `${dispatches}`);
  assert.ok(dispatches.at(-1)! <= 434); // 430 for a batch of 8
});

Deno.test("bench bytes and bench plan count half of what is kept as halves", async () => {
  const step = "--model efficientnet_b0 --size 224 --batch 16 --json";
  const all = (precision: string, name: string) =>
    rowsOf(`bench ${name} ${step} --precision ${precision}`);
  const [f32, f16] = [(await all("f32", "bytes")).at(-1)!, (await all("f16", "bytes")).at(-1)!];
  // Values of two formats lie in two buffers, so now and then one buffer more is seen than may be.
  const more = (f16.dispatches as number) - (f32.dispatches as number);
  assert.ok(more <= 5, `${more}`);
  assert.ok(f16.bytes_per_further_image as number < 132e6, `${f16.bytes_per_further_image}`);
  const [whole, halves] = [(await all("f32", "plan"))[0]!, (await all("f16", "plan"))[0]!];
  const kept = (halves.kept_bytes as number) / (whole.kept_bytes as number);
  assert.ok(kept < 0.51, `${kept}`);
});

deviceTest("bench models measures a step and holds its bytes against the paper's", async () => {
  const [row, more] = await rowsOf(
    "bench models --models resnet18 --size 32 --batch 2 --steps 1 --json",
  );
  assert.equal(more, undefined);
  assert.deepEqual([row!.model, row!.size, row!.batch, row!.paper], ["resnet18", 32, 2, undefined]);
  for (const name of ["ms_per_step", "bytes_per_image", "kept_bytes", "peak_bytes", "slot_bytes"]) {
    assert.ok(row![name] as number > 0, name);
  }
  // Weights are in the one and not in the other.
  assert.ok(row!.bytes_per_further_image as number < (row!.bytes_per_image as number) / 2);
});

Deno.test("bench refuses models and benchmarks that are none, with exit code 2", async () => {
  for (
    const [args, named] of [["bench models --models resnet18,no", "no"], [
      "bench mdels",
      "models",
    ]] as const
  ) {
    const { code, err } = await verity(args.split(" "));
    assert.equal(code, 2);
    assert.ok(err.includes(named), err);
  }
});

Deno.test("modelBytes() goes with the pixels, for the models that were counted", () => {
  assert.equal(modelBytes("efficientnet_b0", 224)!.eager, 597e6);
  // The published count at 256 pixels: 779 and 334 MB.
  assert.ok(Math.abs(modelBytes("efficientnet_b0", 256)!.eager / 779e6 - 1) < 0.005);
  assert.ok(Math.abs(modelBytes("efficientnet_b0", 256)!.fused / 334e6 - 1) < 0.005);
  assert.ok(Math.abs(modelBytes("efficientnet_b4", 224)!.fusedKept / 75e6 - 1) < 0.02);
  assert.equal(modelBytes("resnet18", 224), undefined);
});

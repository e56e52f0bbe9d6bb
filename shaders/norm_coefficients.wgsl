// y = [scale, shift] with scale = w / √(variance + ε) and shift = b − mean · scale.
// Moments M = [mean, variance], affine A = [w, b] and Y are [2, 4·C4]; a thread computes a quad.

//! consts
const C4 = 2u;
const EPSILON_E9 = 10000u;
//! holes
@group(0) @binding(0) var<storage, read> m: array<vec4f>;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_m(row: u32, c: u32) -> vec4f { return m[row * C4 + c]; }
fn load_a(row: u32, c: u32) -> vec4f { return a[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= C4) { return; }
  let scale = load_a(0u, c) / sqrt(load_m(1u, c) + f32(EPSILON_E9) * 1e-9);
  store_y(0u, c, scale);
  store_y(1u, c, load_a(1u, c) - load_m(0u, c) * scale);
}

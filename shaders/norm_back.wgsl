// y = [A, B, C], so that dx = A · dy + B · x + C is the gradient of batch norm over COUNT rows:
// dx = w / σ · (dy − Σdy / n − x̂ · Σ(dy · x̂) / n) with x̂ = (x − mean) / σ and σ = √(variance + ε).
// Sums S = [Σ dy · x̂, Σ dy], moments M and affine A are [2, 4·C4], Y is [3, 4·C4]; a thread a quad.

//! consts
const COUNT = 9u;
const C4 = 2u;
const EPSILON_E9 = 10000u;
//! holes
@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<storage, read> m: array<vec4f>;
@group(0) @binding(2) var<storage, read> a: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
fn load_s(row: u32, c: u32) -> vec4f { return s[row * C4 + c]; }
fn load_m(row: u32, c: u32) -> vec4f { return m[row * C4 + c]; }
fn load_a(row: u32, c: u32) -> vec4f { return a[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= C4) { return; }
  let inverse = 1.0 / sqrt(load_m(1u, c) + f32(EPSILON_E9) * 1e-9);
  let scale = load_a(0u, c) * inverse;
  let slope = load_s(0u, c) * inverse / f32(COUNT);
  store_y(0u, c, scale);
  store_y(1u, c, -scale * slope);
  store_y(2u, c, scale * (load_m(0u, c) * slope - load_s(1u, c) / f32(COUNT)));
}

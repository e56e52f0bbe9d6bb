// Y[t, i, o] = w[t, i mod CG, o] where input channel i and output channel o are of one group, else 0.
// W is [TAPS, CG, 4·C4], Y is [TAPS, CG·G, 4·C4]; a group has CG input and OG output channels.

//! consts
const CG = 2u;
const OG = 3u;
const CIN = 4u;
const C4 = 2u;
const ROWS = 4u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> w: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn load_w(row: u32, c: u32) -> vec4f { return w[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let k = id.x + id.y * size.x * 64u;
  if (k >= ROWS * C4) { return; }
  let row = k / C4;
  let c = k % C4;
  let i = row % CIN;
  let v = load_w(row / CIN * CG + i % CG, c);
  let group = (vec4u(4u * c) + vec4u(0u, 1u, 2u, 3u)) / OG;
  store_y(row, c, select(vec4f(), v, group == vec4u(i / CG)));
}

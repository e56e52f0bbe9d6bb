// y[i0 … i5] = x[Σ ik·Sk]: any reordering of elements. Y is D0 × … × D5, ROWS × C4 quads;
// S0 … S5 are steps between elements of X, whose rows have FROM channels.

//! consts
const ROWS = 3u;
const C4 = 1u;
const FROM = 3u;
const D0 = 1u;
const D1 = 1u;
const D2 = 1u;
const D3 = 1u;
const D4 = 3u;
const D5 = 3u;
const S0 = 0u;
const S1 = 0u;
const S2 = 0u;
const S3 = 0u;
const S4 = 1u;
const S5 = 3u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * ((FROM + 3u) / 4u) + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let i = id.x + id.y * size.x * 64u;
  if (i >= ROWS * C4) { return; }
  let row = i / C4;
  let c = i % C4;
  let at = row % D4 * S4 + row / D4 % D3 * S3 + row / (D4 * D3) % D2 * S2 +
    row / (D4 * D3 * D2) % D1 * S1 + row / (D4 * D3 * D2 * D1) * S0;
  var v = vec4f();
  //! unroll J < 4
  if (4u * c + J < D5) {
    let element = at + (4u * c + J) * S5;
    v[J] = load_x(element / FROM, element % FROM / 4u)[element % FROM % 4u];
  }
  //! end
  store_y(row, c, v);
}

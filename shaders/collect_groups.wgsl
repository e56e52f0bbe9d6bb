// dW[t, i, o] = dy[t, i + CG·⌊o / OG⌋, o]: of a dense weight's gradient, what belongs to the groups.
// dY is [TAPS, CIN = CG·G, 4·C4], dW is [TAPS, CG, 4·C4]; a group has CG input and OG output channels.

//! consts
const CG = 2u;
const OG = 3u;
const CIN = 4u;
const C = 6u;
const C4 = 2u;
const ROWS = 2u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> dw: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * C4 + c]; }
fn store_dw(row: u32, c: u32, v: vec4f) { dw[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let k = id.x + id.y * size.x * 64u;
  if (k >= ROWS * C4) { return; }
  let row = k / C4;
  let c = k % C4;
  var v = vec4f();
  //! unroll J < 4
  let o_J = min(4u * c + J, C - 1u);
  v[J] = load_dy(row / CG * CIN + row % CG + o_J / OG * CG, c)[J];
  //! end
  store_dw(row, c, v);
}

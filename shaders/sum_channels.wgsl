// y[r, 0] = Σ x[r, c] over all channels c. X is ROWS × C4 quads; a thread sums one row.

//! consts
const ROWS = 3u;
const C4 = 2u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let row = id.x + id.y * size.x * 64u;
  if (row >= ROWS) { return; }
  var sum = vec4f();
  for (var c = 0u; c < C4; c++) { sum += load_x(row, c); }
  store_y(row, 0u, vec4f(sum.x + sum.y + sum.z + sum.w, 0.0, 0.0, 0.0));
}

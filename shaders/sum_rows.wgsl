// y[o, p, i, c] = Σ x[o, r, i, c] over the COUNT rows r that fall into strip p of STRIP rows.
// X is seen as [outer, COUNT, INNER, 4·C4], Y as [outer, PARTS, INNER, 4·C4] with ROWS rows.
// A thread sums one quad of channels, in the order of the rows.

//! consts
const COUNT = 9u;
const INNER = 1u;
const PARTS = 1u;
const STRIP = 9u;
const ROWS = 1u;
const C4 = 2u;
const U = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let i = id.x + id.y * size.x * 64u;
  if (i >= ROWS * C4) { return; }
  let c = i % C4;
  let row = i / C4;
  let inner = row % INNER;
  let p = row / INNER % PARTS;
  let outer = row / (INNER * PARTS);
  let end = min((p + 1u) * STRIP, COUNT);
  var sum: array<vec4f, 4>; // four sums side by side round less than one
  for (var r = p * STRIP; r < end; r += 4u) {
    //! unroll U < 4
    if (r + U < end) { sum[U] += load_x((outer * COUNT + r + U) * INNER + inner, c); }
    //! end
  }
  store_y(row, c, (sum[0] + sum[1]) + (sum[2] + sum[3]));
}

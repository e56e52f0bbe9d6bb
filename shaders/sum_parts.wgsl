// y[r] = Σ x[q] over the rows q of the part that row r belongs to. X and Y have a number in each row; PART has
// PARTS rows of two: the first row of a part and how many it has. A workgroup sums one part: each thread every
// 64th row, then all threads as a tree.

//! consts
const PARTS = 2u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> part: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row + c]; }
fn load_part(row: u32, c: u32) -> vec4f { return part[row + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row + c] = v; }
//! end

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) size: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let wanted = group.x + group.y * size.x;
  let rows = vec2u(load_part(min(wanted, PARTS - 1u), 0u).xy); // all threads reach the barriers
  let end = rows.x + rows.y;
  var sum = 0.0;
  for (var row = rows.x + thread; row < end; row += 64u) { sum += load_x(row, 0u).x; }
  partial[thread] = sum;
  for (var step = 32u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (thread < step) { partial[thread] += partial[thread + step]; }
  }
  workgroupBarrier();
  if (wanted >= PARTS) { return; }
  let total = vec4f(partial[0], 0.0, 0.0, 0.0);
  for (var row = rows.x + thread; row < end; row += 64u) { store_y(row, 0u, total); }
}

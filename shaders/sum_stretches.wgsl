// y[to + i] = Σ x[from + p · stride + i] over the stretches p < count, for many sums at once: a workgroup
// adds up to 64 quads of one of them. Row g of JOBS, two quads, says what workgroup g does:
// [from, to, stride, count] and [quads, 0, 0, 0], all in quads of X and Y.

//! consts
const WIDTH = 32u;
const GROUPS = 2u;
const U = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> jobs: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(i: u32) -> vec4f { return x[i]; }
fn load_jobs(i: u32) -> vec4f { return jobs[i]; }
fn store_y(i: u32, v: vec4f) { y[i] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) i: u32) {
  let g = group.x + group.y * WIDTH;
  if (g >= GROUPS) { return; }
  let job = vec4u(load_jobs(2u * g));
  if (i >= u32(load_jobs(2u * g + 1u).x)) { return; }
  var sum: array<vec4f, 4>; // four sums side by side round less than one
  for (var p = 0u; p < job.w; p += 4u) {
    //! unroll U < 4
    if (p + U < job.w) { sum[U] += load_x(job.x + (p + U) * job.z + i); }
    //! end
  }
  store_y(job.y + i, (sum[0] + sum[1]) + (sum[2] + sum[3]));
}

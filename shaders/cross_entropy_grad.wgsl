// dz[i, k] = (softmax(z[i])[k] · Σⱼ a[i, j] − a[i, k]) · dy[i]. Z, A and DZ are ROWS × C4 quads of K
// channels, DY is ROWS × 1. T threads share a row, T a power of two; a workgroup has 64/T rows. A thread
// takes every T-th quad, three times: for the maximum, for the sums and for the result; the threads of a
// row add up as a tree.

//! consts
const ROWS = 3u;
const K = 7u;
const C4 = 2u;
const T = 2u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> z: array<vec4f>;
@group(0) @binding(2) var<storage, read> a: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dz: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row + c]; }
fn load_z(row: u32, c: u32) -> vec4f { return z[row * C4 + c]; }
fn load_a(row: u32, c: u32) -> vec4f { return a[row * C4 + c]; }
fn store_dz(row: u32, c: u32, v: vec4f) { dz[row * C4 + c] = v; }
//! end

var<workgroup> shared_max: array<f32, 64>;
var<workgroup> shared_sum: array<vec2f, 64>;

// True in the channels of quad c that exist.
fn inside(c: u32) -> vec4<bool> {
  return vec4u(4u * c) + vec4u(0u, 1u, 2u, 3u) < vec4u(K);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) size: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = thread % T;
  let wanted = (group.x + group.y * size.x) * (64u / T) + thread / T;
  let row = min(wanted, ROWS - 1u); // all threads reach the barriers
  var best = vec4f(-3.4e38);
  for (var c = first; c < C4; c += T) {
    best = select(best, max(best, load_z(row, c)), inside(c));
  }
  shared_max[thread] = max(max(best.x, best.y), max(best.z, best.w));
  for (var step = T / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (first < step) {
      shared_max[thread] = max(shared_max[thread], shared_max[thread + step]);
    }
  }
  workgroupBarrier();
  let peak = shared_max[thread - first];
  var sum = vec2f(); // of exp(z − peak), of a
  for (var c = first; c < C4; c += T) {
    let e = select(vec4f(), exp(load_z(row, c) - peak), inside(c));
    sum += vec2f(dot(e, vec4f(1.0)), dot(load_a(row, c), vec4f(1.0)));
  }
  shared_sum[thread] = sum;
  for (var step = T / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (first < step) { shared_sum[thread] += shared_sum[thread + step]; }
  }
  workgroupBarrier();
  if (wanted >= ROWS) { return; }
  let total = shared_sum[thread - first];
  let scale = total.y / total.x;
  let d = load_dy(row, 0u).x;
  for (var c = first; c < C4; c += T) {
    let e = select(vec4f(), exp(load_z(row, c) - peak), inside(c));
    store_dz(row, c, (e * scale - load_a(row, c)) * d);
  }
}

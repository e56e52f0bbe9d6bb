// y[i] = Σₖ a[i, k] · (ln Σⱼ exp z[i, j] − z[i, k]). Z and A are ROWS × C4 quads of K channels, Y is
// ROWS × 1. T threads share a row, T a power of two; a workgroup has 64/T rows. A thread takes every
// T-th quad, twice: for the maximum, then for the sums; the threads of a row add up as a tree.

//! consts
const ROWS = 3u;
const K = 7u;
const C4 = 2u;
const T = 2u;
//! holes
@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_z(row: u32, c: u32) -> vec4f { return z[row * C4 + c]; }
fn load_a(row: u32, c: u32) -> vec4f { return a[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row + c] = v; }
//! end

var<workgroup> shared_max: array<f32, 64>;
var<workgroup> shared_sum: array<vec4f, 64>;

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
  var sum = vec4f(); // of exp(z − peak), of a, of a·(peak − z)
  for (var c = first; c < C4; c += T) {
    let below = select(vec4f(), load_z(row, c) - peak, inside(c));
    let a_c = load_a(row, c);
    let e = select(vec4f(), exp(below), inside(c));
    sum += vec4f(dot(e, vec4f(1.0)), dot(a_c, vec4f(1.0)), -dot(a_c, below), 0.0);
  }
  shared_sum[thread] = sum;
  for (var step = T / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (first < step) { shared_sum[thread] += shared_sum[thread + step]; }
  }
  if (first == 0u && wanted < ROWS) {
    let total = shared_sum[thread];
    store_y(row, 0u, vec4f(total.z + total.y * log(total.x), 0.0, 0.0, 0.0));
  }
}

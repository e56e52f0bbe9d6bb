// y[0, c] = mean, y[1, c] = variance (biased) of COUNT rows, from the moments of their strips:
// Chan's rule, in the order of the strips. X is [PARTS, 2, 4·C4], Y is [2, 4·C4]; a thread a quad.

//! consts
const COUNT = 9u;
const STRIP = 5u;
const PARTS = 2u;
const C4 = 2u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= C4) { return; }
  var mean = load_x(0u, c);
  var squares = load_x(1u, c) * f32(min(STRIP, COUNT));
  for (var p = 1u; p < PARTS; p++) {
    let before = f32(p * STRIP);
    let n = f32(min(STRIP, COUNT - p * STRIP));
    let delta = load_x(2u * p, c) - mean;
    mean += delta * (n / (before + n));
    squares += load_x(2u * p + 1u, c) * n + delta * delta * (before * n / (before + n));
  }
  store_y(0u, c, mean);
  store_y(1u, c, squares / f32(COUNT));
}

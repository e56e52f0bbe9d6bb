// y[p] = [mean, variance] of the rows of strip p, biased: batch statistics, in parts where there are many rows.
// X is COUNT × C4 quads, Y is [parts, 2, 4·C4]; a thread walks a strip of one quad of channels.
// Sums are taken from the strip's first row, so that a large mean does not swallow the variance.

//! consts
const COUNT = 9u;
const STRIP = 5u;
const C4 = 2u;
const THREADS = 4u;
const U = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= THREADS) { return; }
  let c = id.x % C4;
  let p = id.x / C4;
  let end = min((p + 1u) * STRIP, COUNT);
  let origin = load_x(p * STRIP, c);
  var sums: array<vec4f, 4>; // four sums side by side round less than one
  var squared: array<vec4f, 4>;
  for (var r = p * STRIP; r < end; r += 4u) {
    //! unroll U < 4
    let d_U = select(vec4f(), load_x(min(r + U, end - 1u), c) - origin, r + U < end);
    sums[U] += d_U;
    squared[U] = fma(d_U, d_U, squared[U]);
    //! end
  }
  let sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  let squares = (squared[0] + squared[1]) + (squared[2] + squared[3]);
  let n = f32(end - p * STRIP);
  store_y(2u * p, c, origin + sum / n);
  store_y(2u * p + 1u, c, max(squares - sum * sum / n, vec4f()) / n);
}

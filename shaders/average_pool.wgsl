// y[n, oh, ow, c] = Σ x / d over a window of x, outside of which x is 0. The window is K × K, its corner
// lies at (STRIDE·oh − PADH, STRIDE·ow − PADW); d is K² where COUNT_PAD is 1, else the number of elements
// of the window inside x. X is [n, H, W, 4·C4], Y is [n, OH, OW, 4·C4] with ROWS rows.
// A thread computes one quad of channels.

//! consts
const H = 5u;
const W = 4u;
const OH = 3u;
const OW = 2u;
const ROWS = 6u;
const C4 = 2u;
const K = 3u;
const STRIDE = 2u;
const PADH = 1u;
const PADW = 1u;
const COUNT_PAD = 0u;
const S = 0u;
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
  let left = row % OW * STRIDE;
  let top = row / OW % OH * STRIDE;
  let image = row / (OW * OH) * H;
  var sum = vec4f();
  var count = K * K * COUNT_PAD;
  for (var r = 0u; r < K; r++) {
    let h = top + r - PADH; // wraps around above the image
    if (h >= H) { continue; }
    //! unroll S < K
    let w_S = left + S - PADW;
    if (w_S < W) {
      sum += load_x((image + h) * W + w_S, c);
      count += 1u - COUNT_PAD;
    }
    //! end
  }
  store_y(row, c, sum / f32(count));
}

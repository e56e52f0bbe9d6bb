// y[n, oh, ow, c] = max over a window of x, outside of which x is −∞; or, where INDEX is 1, which
// element K·r + s of the window is the first to reach it. A NaN is above every number. The window is
// K × K, its corner lies at (STRIDE·oh − PADH, STRIDE·ow − PADW). X is [n, H, W, 4·C4], Y is
// [n, OH, OW, 4·C4] with ROWS rows. A thread computes one quad of channels.

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
const INDEX = 0u;
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
  var best = vec4f(-3.4e38);
  var first = vec4f();
  for (var r = 0u; r < K; r++) {
    let h = top + r - PADH; // wraps around above the image
    if (h >= H) { continue; }
    //! unroll S < K
    let w_S = left + S - PADW;
    if (w_S < W) {
      let x_S = load_x((image + h) * W + w_S, c);
      // A NaN by its bits: compilers may take comparisons as if there were none.
      let nan_S = (bitcast<vec4u>(x_S) & vec4u(0x7FFFFFFFu)) > vec4u(0x7F800000u);
      let wins_S = (x_S > best) | nan_S;
      first = select(first, vec4f(f32(K * r + S)), wins_S);
      best = select(best, x_S, wins_S);
    }
    //! end
  }
  if (INDEX == 1u) { store_y(row, c, first); } else { store_y(row, c, best); }
}

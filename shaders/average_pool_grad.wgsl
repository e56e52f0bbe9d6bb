// dx[n, h, w, c] = Σ dy[n, oh, ow, c] / d(oh, ow) over the windows that contain (h, w). The window is
// K × K, its corner lies at (STRIDE·oh − PADH, STRIDE·ow − PADW); d is K² where COUNT_PAD is 1, else the
// number of elements of the window inside x. DX is [n, H, W, 4·C4] with ROWS rows, DY is
// [n, OH, OW, 4·C4]; an element lies in at most WINDOWS² windows.
// A thread computes one quad of channels of DX, in a fixed order.

//! consts
const H = 5u;
const W = 4u;
const OH = 3u;
const OW = 2u;
const ROWS = 20u;
const C4 = 2u;
const K = 3u;
const STRIDE = 2u;
const PADH = 1u;
const PADW = 1u;
const COUNT_PAD = 0u;
const WINDOWS = 2u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> dx: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * C4 + c]; }
fn store_dx(row: u32, c: u32, v: vec4f) { dx[row * C4 + c] = v; }
//! end

// Elements along an axis of size n, padded before by p, that window o divides by.
fn span(o: u32, n: u32, p: u32) -> u32 {
  if (COUNT_PAD == 1u) { return K; }
  return min(o * STRIDE + K, n + p) - max(o * STRIDE, p);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let i = id.x + id.y * size.x * 64u;
  if (i >= ROWS * C4) { return; }
  let c = i % C4;
  let row = i / C4;
  let w = row % W + PADW;
  let h = row / W % H + PADH;
  let image = row / (W * H) * OH;
  var sum = vec4f();
  for (var back = 0u; back < WINDOWS; back++) {
    let oh = h / STRIDE - back; // wraps around before the first window
    if (oh >= OH || h - oh * STRIDE >= K) { continue; }
    //! unroll J < WINDOWS
    let ow_J = w / STRIDE - J;
    if (ow_J < OW && w - ow_J * STRIDE < K) {
      sum += load_dy((image + oh) * OW + ow_J, c) / f32(span(oh, H, PADH) * span(ow_J, W, PADW));
    }
    //! end
  }
  store_dx(row, c, sum);
}

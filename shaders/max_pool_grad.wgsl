// dx[n, h, w, c] = Σ dy[n, oh, ow, c] over the windows whose first maximum is at (h, w): those where
// INDEX[n, oh, ow, c] = K·r + s with r = h + PADH − STRIDE·oh and s = w + PADW − STRIDE·ow.
// DX is [n, H, W, 4·C4] with ROWS rows, DY and INDEX are [n, OH, OW, 4·C4]; an element lies in at most
// WINDOWS² windows. A thread computes one quad of channels of DX, in a fixed order.

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
const WINDOWS = 2u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> index: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * C4 + c]; }
fn load_index(row: u32, c: u32) -> vec4f { return index[row * C4 + c]; }
fn store_dx(row: u32, c: u32, v: vec4f) { dx[row * C4 + c] = v; }
//! end

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
    let r = h - oh * STRIDE;
    if (oh >= OH || r >= K) { continue; }
    //! unroll J < WINDOWS
    let ow_J = w / STRIDE - J;
    let s_J = w - ow_J * STRIDE;
    if (ow_J < OW && s_J < K) {
      let at_J = (image + oh) * OW + ow_J;
      let here_J = load_index(at_J, c) == vec4f(f32(K * r + s_J));
      sum += select(vec4f(), load_dy(at_J, c), here_J);
    }
    //! end
  }
  store_dx(row, c, sum);
}

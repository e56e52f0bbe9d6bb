// Y[n] = share · X[n] + (1 − share) · X[n−1], and X[n−1] alone inside of a box; X[−1] is the last image.
// P = (share, left, top, right | bottom, 0, 0, 0): one mixture for all. X and Y are [N, H, W, 4·C4].

//! consts
const N = 2u;
const H = 3u;
const W = 4u;
const C4 = 1u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn load_p(row: u32, c: u32) -> vec4f { return p[c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let i = id.x + id.y * size.x * 64u;
  if (i >= N * H * W * C4) { return; }
  let row = i / C4;
  let c = i % C4;
  let before = select(row, row + N * H * W, row < H * W) - H * W;
  let at = vec2f(vec2u(row % W, row / W % H));
  let a = load_p(0u, 0u);
  let inside = all(at >= a.yz) & all(at < vec2f(a.w, load_p(0u, 1u).x));
  let other = load_x(before, c);
  store_y(row, c, select(a.x * load_x(row, c) + (1.0 - a.x) * other, other, inside));
}

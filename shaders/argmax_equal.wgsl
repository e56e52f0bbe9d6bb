// y[i] = 1 where the first maximum of z[i] stands where that of a[i] does and a[i] is not all zeros,
// else 0. Z and A are ROWS × C4 quads of K channels, Y is ROWS × 1; a thread looks at one row, and a
// workgroup has WX × WY threads, WX along the only channel.

//! consts
const ROWS = 3u;
const K = 7u;
const C4 = 2u;
const WX = 1u;
const WY = 64u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_z(row: u32, c: u32) -> vec4f { return z[row * C4 + c]; }
fn load_a(row: u32, c: u32) -> vec4f { return a[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row + c] = v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y;
  if (row >= ROWS) { return; }
  var best = vec2f(-3.4e38); // of z and of a
  var at = vec2u();
  var used = false;
  for (var c = 0u; c < C4; c++) {
    let z_c = load_z(row, c);
    let a_c = load_a(row, c);
    used = used || any(a_c != vec4f());
    //! unroll J < 4
    if (4u * c + J < K) {
      let v_J = vec2f(z_c[J], a_c[J]);
      at = select(at, vec2u(4u * c + J), v_J > best);
      best = max(best, v_J);
    }
    //! end
  }
  begin(0u);
  store_y(row, 0u, vec4f(select(0.0, 1.0, used & (at.x == at.y)), 0.0, 0.0, 0.0));
  done(0u);
}

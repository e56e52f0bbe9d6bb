// dW[p, a, b, c] = Σ x[n, i·S − PH + a, j·S − PW + b, c] · dy[n, i, j, c] over the pixels (n, i, j) of part p.
// A part is one tile of TH lines by TW columns, in STRIP images: part = (strip, tile line, tile column).
// X is [N, H, W, 4·C4], dY is [N, OH, OW, 4·C4], dW is [parts, KH·KW, 4·C4].
// A thread keeps KA rows of the KH × KW filter of one quad of channels in registers, all or one. It walks
// down the tile, SA lines of X and one of dY at a time, and keeps the KEPT lines of dY before it, which meet
// these lines of X too.

//! consts
const N = 2u;
const H = 5u;
const W = 6u;
const OH = 5u;
const OW = 6u;
const C4 = 1u;
const KH = 3u;
const KW = 3u;
const KA = 3u;
const SA = 1u;
const S = 1u;
const PH = 1u;
const PW = 1u;
const TH = 5u;
const TW = 2u;
const TAPS = 3u;
const KEPT = 2u;
const SPAN = 4u;
const TILESH = 1u;
const TILESW = 3u;
const STRIP = 1u;
const THREADS = 6u;
const J = 0u;
const M = 0u;
const T = 0u;
const A = 0u;
const B = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * C4 + c]; }
fn store_dw(row: u32, c: u32, v: vec4f) { dw[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) size: vec3u) {
  let k = id.x + id.y * size.x * 64u;
  if (k >= THREADS) { return; }
  let c = k % C4;
  let a = k / C4 % (KH / KA) * KA;
  let part = k / (C4 * (KH / KA));
  let column = part % TILESW * TW;
  let line = part / TILESW % TILESH * TH;
  let strip = part / (TILESW * TILESH) * STRIP;
  var y: array<vec4f, KA * KW>;
  var x: array<vec4f, SA * SPAN>;
  let bottom = min(line + TH, OH);
  for (var n = strip; n < min(strip + STRIP, N); n++) {
    var d = array<vec4f, TAPS * TW>(); // of line i − M at M · TW
    for (var i = line; i < bottom + KEPT; i++) {
      //! unroll J < SA
      let u_J = i * S + a + J - PH; // wraps above H where it is outside
      let start_J = (n * H + min(u_J, H - 1u)) * W;
      //! unroll B < SPAN
      let v_J_B = column * S + B - PW;
      x[J * SPAN + B] = select(vec4f(), load_x(start_J + min(v_J_B, W - 1u), c), (u_J < H) & (v_J_B < W));
      //! end
      //! end
      let row = (n * OH + min(i, OH - 1u)) * OW;
      //! unroll T < TW
      let in_T = (i < bottom) & (column + T < OW);
      d[T] = select(vec4f(), load_dy(row + min(column + T, OW - 1u), c), in_T);
      //! end
      //! unroll A < KA
      //! unroll B < KW
      //! unroll T < TW
      y[A * KW + B] = fma(x[A % S * SPAN + T * S + B], d[A / S * TW + T], y[A * KW + B]);
      //! end
      //! end
      //! end
      //! unroll T < TW
      //! unroll M < KEPT
      d[(KEPT - M) * TW + T] = d[(KEPT - M - 1u) * TW + T];
      //! end
      //! end
    }
  }
  //! unroll A < KA
  //! unroll B < KW
  store_dw(part * (KH * KW) + (a + A) * KW + B, c, y[A * KW + B]);
  //! end
  //! end
}

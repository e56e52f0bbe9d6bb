// dX[n, i, j, c] = Σ dy[n, (i + PH − a) / S, (j + PW − b) / S, c] · w[a, b, c] over the whole quotients.
// With stride S the pixels fall into S × S phases, id.z, that meet different taps of the window: pixel
// i = S·u + f meets the taps a = a0 + S·m with a0 = (f + PH) mod S, from line u + (f + PH) / S − m of dY.
// dY is [N, OH, OW, 4·C4], W is [KH, KW, 4·C4], dX is [N, H, W, 4·C4].
// A thread computes TH lines by TW columns of one phase and one quad of channels, from KA rows of taps at a
// time: all, or one where registers are few.

//! consts
const H = 5u;
const W = 6u;
const OH = 5u;
const OW = 6u;
const C4 = 1u;
const KH = 3u;
const KW = 3u;
const S = 1u;
const PH = 1u;
const PW = 1u;
const TH = 1u;
const TW = 2u;
const TAPSH = 3u;
const TAPSW = 3u;
const KA = 3u;
const SPANH = 3u;
const SPANW = 4u;
const TILESH = 5u;
const TILESW = 3u;
const TILES = 30u;
const TN = 1u;
const WX = 1u;
const WY = 64u;
const L = 0u;
const T = 0u;
const A = 0u;
const B = 0u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * C4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * C4 + c]; }
fn store_dx(row: u32, c: u32, v: vec4f) { dx[row * C4 + c] = v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= C4 || id.y >= TILES) { return; }
  let column = id.y % TILESW * TW;
  let line = id.y / TILESW % TILESH * TH;
  let n = id.y / (TILESW * TILESH);
  let phase = vec2u(id.z % (S * S) / S, id.z % S);
  let padded = phase + vec2u(PH, PW);
  let first = padded % S;
  let shift = padded / S;
  var d: array<vec4f, SPANH * SPANW>;
  var x: array<vec4f, TH * TW>;
  for (var m = 0u; m < TAPSH; m += KA) {
  //! unroll A < SPANH
  let i_A = line + shift.x + A - m - (KA - 1u); // wraps above OH where it is outside
  let start_A = (n * OH + min(i_A, OH - 1u)) * OW;
  //! unroll B < SPANW
  let j_A_B = column + shift.y + B - (TAPSW - 1u);
  d[A * SPANW + B] = select(vec4f(), load_dy(start_A + min(j_A_B, OW - 1u), c), (i_A < OH) & (j_A_B < OW));
  //! end
  //! end
  //! unroll A < KA
  //! unroll B < TAPSW
  let a_A_B = first.x + S * (m + A);
  let b_A_B = first.y + S * B;
  if (a_A_B < KH && b_A_B < KW) {
    let w_A_B = load_w(a_A_B * KW + b_A_B, c);
    //! unroll L < TH
    //! unroll T < TW
    x[L * TW + T] = fma(d[(L + KA - 1u - A) * SPANW + T + TAPSW - 1u - B], w_A_B, x[L * TW + T]);
    //! end
    //! end
  }
  //! end
  //! end
  }
  begin(c);
  //! unroll L < TH
  let u_L = (line + L) * S + phase.x;
  //! unroll T < TW
  let v_L_T = (column + T) * S + phase.y;
  if (u_L < H && v_L_T < W) { store_dx((n * H + u_L) * W + v_L_T, c, x[L * TW + T]); }
  //! end
  //! end
  done(0u);
}

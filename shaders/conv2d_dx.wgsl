// dX[n, i, j, c] = Σ dy[n, (i + PH − a) / S, (j + PW − b) / S, o] · w[a, b, c, o] over the whole quotients.
// With stride S the pixels fall into S × S phases, id.z, that meet different taps of the window: pixel
// i = S·u + f meets the taps a = a0 + S·m with a0 = (f + PH) mod S, from line u + (f + PH) / S − m of dY.
// dY is [N, OH, OW, 4·N4], W is [KH, KW, CIN, 4·N4], dX is [N, H, W, 4·C4].
// A thread computes TH lines by TW columns (of its phase) by TN quads of channels in registers.
// Long sums are added up in blocks of BLOCK quads, which keeps float32's rounding small.
// A workgroup has WX × WY threads; axis M of their ids counts tiles of columns and lines, the other one
// channels. LANES threads along x may share the quads of W: each loads LOADS of them for one column of the
// window and hands them to the others.

//! consts
const H = 5u;
const W = 6u;
const OH = 5u;
const OW = 6u;
const UH = 5u;
const UW = 6u;
const LINES = 10u;
const N4 = 2u;
const CIN = 3u;
const C4 = 1u;
const KH = 3u;
const KW = 3u;
const S = 1u;
const PH = 1u;
const PW = 1u;
const TH = 1u;
const TW = 1u;
const TN = 1u;
const TAPS = 3u;
const SPAN = 3u;
const OUTPUTS = 1u;
const TILES = 6u;
const CJ = 3u;
const BLOCK = 16u;
const WX = 8u;
const WY = 8u;
const M = 1u;
const LANES = 1u;
const LOADS = 3u;
const L = 0u;
const T = 0u;
const C = 0u;
const J = 0u;
const B = 0u;
const I = 0u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * N4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * N4 + c]; }
fn store_dx(row: u32, c: u32, v: vec4f) { dx[row * C4 + c] = v; }
fn share(v: vec4f, lane: u32) -> vec4f { return v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id[1u - M] * TN;
  let column = id[M] % TILES * TW;
  let line = id[M] / TILES * TH;
  if (k >= C4 || (LANES == 1u && line >= LINES)) { return; }
  var w: array<vec4f, LOADS>;
  let phase = vec2u(id.z % (S * S) / S, id.z % S);
  let padded = phase + vec2u(PH, PW);
  let first = padded % S;
  let shift = padded / S;
  var total: array<vec4f, TH * TW * TN>;
  var x: array<vec4f, TH * SPAN>;
  for (var a = first.x; a < KH; a += S) {
    //! unroll L < TH
    let line_L = min(line + L, LINES - 1u);
    let i_L = line_L % UH + shift.x - a / S; // wraps above OH where it is outside
    let inside_L = i_L < OH;
    let start_L = (line_L / UH * OH + min(i_L, OH - 1u)) * OW;
    //! end
    for (var block = 0u; block < N4; block += BLOCK) {
    var y = array<vec4f, TH * TW * TN>();
    for (var n = block; n < min(block + BLOCK, N4); n++) {
      //! unroll L < TH
      //! unroll T < SPAN
      let j_L_T = column + shift.y + T - (TAPS - 1u);
      x[L * SPAN + T] = select(vec4f(), load_dy(start_L + min(j_L_T, OW - 1u), n), inside_L & (j_L_T < OW));
      //! end
      //! end
      //! unroll B < TAPS
      let b_B = first.y + S * B;
      if (b_B < KW) {
        //! unroll I < LOADS
        let i_B_I = min(I * LANES + id.x % LANES, CJ * TN - 1u);
        w[I] = load_w((a * KW + b_B) * CIN + min(4u * (k + i_B_I / CJ) + i_B_I % CJ, CIN - 1u), n);
        //! end
        //! unroll C < TN
        //! unroll J < CJ
        let w_B_C_J = share(w[(C * CJ + J) / LANES], (C * CJ + J) % LANES);
        //! unroll L < TH
        //! unroll T < TW
        y[(L * TW + T) * TN + C][J] += dot(x[L * SPAN + T + TAPS - 1u - B], w_B_C_J);
        //! end
        //! end
        //! end
        //! end
      }
      //! end
    }
    //! unroll I < OUTPUTS
    total[I] += y[I];
    //! end
    }
  }
  //! unroll L < TH
  let u_L = (line + L) % UH * S + phase.x;
  //! end
  //! unroll T < TW
  let v_T = (column + T) * S + phase.y;
  //! end
  //! unroll C < TN
  begin(k + C);
  //! unroll L < TH
  //! unroll T < TW
  if (line + L < LINES && u_L < H && v_T < W) {
    store_dx(((line + L) / UH * H + u_L) * W + v_T, k + C, total[(L * TW + T) * TN + C]);
  }
  //! end
  //! end
  done(C);
  //! end
}

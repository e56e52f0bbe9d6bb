// Y[n, i, j, o] = Σ x[n, i·S − PH + a, j·S − PW + b, c] · w[a, b, c, o]: a dense convolution.
// X is [N, H, W, 4·C4], W is [KH, KW, CIN, 4·COLS], Y is LINES = N·OH lines of [OW, 4·COLS].
// A thread computes TH lines by TW columns by TN quads of channels in registers. For one row of the
// window and one quad of input channels it loads SPAN = (TW − 1)·S + KW columns of each line once.
// Long sums are added up in blocks of BLOCK quads, which keeps float32's rounding small.
// A workgroup has WX × WY threads; axis M of their ids counts tiles of columns and lines, the other one
// channels. LANES threads along x may share the quads of W: each loads LOADS of them for one column of the
// window and hands them to the others.

//! consts
const H = 5u;
const W = 6u;
const OH = 5u;
const OW = 6u;
const LINES = 10u;
const C4 = 1u;
const CIN = 3u;
const COLS = 2u;
const KH = 3u;
const KW = 3u;
const S = 1u;
const PH = 1u;
const PW = 1u;
const TH = 1u;
const TW = 1u;
const TN = 1u;
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
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * COLS + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * COLS + c] = v; }
fn share(v: vec4f, lane: u32) -> vec4f { return v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id[1u - M] * TN;
  let column = id[M] % TILES * TW;
  let line = id[M] / TILES * TH;
  if (n >= COLS || (LANES == 1u && line >= LINES)) { return; }
  var w: array<vec4f, LOADS>;
  var total: array<vec4f, TH * TW * TN>;
  var x: array<vec4f, TH * SPAN>;
  for (var a = 0u; a < KH; a++) {
    //! unroll L < TH
    let line_L = min(line + L, LINES - 1u);
    let i_L = line_L % OH * S + a - PH; // wraps above H where it is outside
    let inside_L = i_L < H;
    let start_L = (line_L / OH * H + min(i_L, H - 1u)) * W;
    //! end
    for (var block = 0u; block < C4; block += BLOCK) {
    var y = array<vec4f, TH * TW * TN>();
    for (var c = block; c < min(block + BLOCK, C4); c++) {
      //! unroll L < TH
      //! unroll T < SPAN
      let j_L_T = column * S + T - PW;
      x[L * SPAN + T] = select(vec4f(), load_x(start_L + min(j_L_T, W - 1u), c), inside_L & (j_L_T < W));
      //! end
      //! end
      //! unroll B < KW
      //! unroll I < LOADS
      let i_B_I = min(I * LANES + id.x % LANES, CJ * TN - 1u);
      let row_B_I = (a * KW + B) * CIN + min(4u * c + i_B_I / TN, CIN - 1u); // beyond CIN the quad of X is zero
      w[I] = load_w(row_B_I, n + i_B_I % TN);
      //! end
      //! unroll C < TN
      //! unroll J < CJ
      let w_B_J_C = share(w[(J * TN + C) / LANES], (J * TN + C) % LANES);
      //! end
      //! unroll L < TH
      //! unroll T < TW
      //! unroll J < CJ
      y[(L * TW + T) * TN + C] = fma(vec4f(x[L * SPAN + T * S + B][J]), w_B_J_C, y[(L * TW + T) * TN + C]);
      //! end
      //! end
      //! end
      //! end
      //! end
    }
    //! unroll I < OUTPUTS
    total[I] += y[I];
    //! end
    }
  }
  //! unroll C < TN
  begin(n + C);
  //! unroll L < TH
  //! unroll T < TW
  if (line + L < LINES && column + T < OW) {
    store_y((line + L) * OW + column + T, n + C, total[(L * TW + T) * TN + C]);
  }
  //! end
  //! end
  done(C);
  //! end
}

// dW[p, a, b, c] = Σ x[n, i·S − PH + a, j·S − PW + b, c] · dy[n, i, j, c] over the pixels (n, i, j) of part p.
// A part is one tile of TH lines by TW columns, in STRIP images: part = (strip, tile line, tile column).
// X is [N, H, W, 4·C4], dY is [N, OH, OW, 4·C4], dW is [parts, KH·KW, 4·C4].
// A thread keeps KA rows of the KH × KW filter of one quad of channels in registers, all or one, and walks
// the images, LT lines of its tile at a time.

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
const LT = 1u;
const S = 1u;
const PH = 1u;
const PW = 1u;
const TH = 1u;
const TW = 2u;
const SPANH = 3u;
const SPANW = 4u;
const TILESH = 5u;
const TILESW = 3u;
const STRIP = 1u;
const THREADS = 30u;
const L = 0u;
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
  let strip = part / (TILESW * TILESH);
  var y: array<vec4f, KA * KW>;
  var x: array<vec4f, SPANH * SPANW>;
  let end = min((strip + 1u) * STRIP, N);
  for (var n = strip * STRIP; n < end; n++) {
    for (var l = 0u; l < TH; l += LT) {
    //! unroll A < SPANH
    let i_A = (line + l) * S + a + A - PH; // wraps above H where it is outside
    let start_A = (n * H + min(i_A, H - 1u)) * W;
    //! unroll B < SPANW
    let j_A_B = column * S + B - PW;
    x[A * SPANW + B] = select(vec4f(), load_x(start_A + min(j_A_B, W - 1u), c), (i_A < H) & (j_A_B < W));
    //! end
    //! end
    //! unroll L < LT
    //! unroll T < TW
    let in_L_T = (line + l + L < OH) & (column + T < OW);
    let row_L_T = (n * OH + min(line + l + L, OH - 1u)) * OW + min(column + T, OW - 1u);
    let d_L_T = select(vec4f(), load_dy(row_L_T, c), in_L_T);
    //! unroll A < KA
    //! unroll B < KW
    y[A * KW + B] = fma(x[(L * S + A) * SPANW + T * S + B], d_L_T, y[A * KW + B]);
    //! end
    //! end
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

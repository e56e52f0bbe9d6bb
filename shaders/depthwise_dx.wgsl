// dX[n, i, j, c] = Σ dy[n, (i + PH − a) / S, (j + PW − b) / S, c] · w[a, b, c] over the whole quotients.
// dY is [N, OH, OW, 4·C4], W is [KH, KW, 4·C4], dX is [N, H, W, 4·C4].
// Pixels of dX lie in blocks of S × S. A thread computes TH lines by TW columns of blocks of one quad of
// channels in STRIP images, one of TILES. It walks down the lines of dY, reads each once, and keeps the sums
// of the TAPS lines of blocks that meet it; the uppermost is complete with each turn, KEPT others are not.
// Line f of a block meets the taps a with (f + PH − a) mod S = 0, LAG lines of dY below the block at most.
// Weights stay in registers where HELD is 1, and are loaded where STREAMED is.

//! consts
const N = 2u;
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
const TH = 5u;
const TW = 2u;
const TAPS = 3u;
const KEPT = 2u;
const LAG = 1u;
const LEAD = 1u;
const SPAN = 4u;
const TILESH = 1u;
const TILESW = 3u;
const TILES = 3u;
const STRIP = 2u;
const HELD = 1u;
const STREAMED = 0u;
const TN = 1u;
const WX = 1u;
const WY = 64u;
const F = 0u;
const G = 0u;
const T = 0u;
const A = 0u;
const B = 0u;
const M = 0u;
const Q = 0u;
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
  let strip = id.y / (TILESW * TILESH) * STRIP;
  //! unroll Q < HELD
  //! unroll A < KH
  //! unroll B < KW
  let w_A_B = load_w(A * KW + B, c);
  //! end
  //! end
  //! end
  //! unroll A < KH
  const f_A = (A + S * PH - PH) % S; // the line of a block that tap A meets,
  const m_A = (LAG * S + A - f_A - PH) / S; // and in which of the lines of blocks
  //! end
  //! unroll B < KW
  const g_B = (B + S * PW - PW) % S;
  const t_B = (LEAD * S + g_B + PW - B) / S;
  //! end
  var d: array<vec4f, SPAN>;
  begin(c);
  for (var n = strip; n < min(strip + STRIP, N); n++) {
    var x = array<vec4f, TAPS * S * TW * S>(); // of line f of the uppermost blocks but M at (M · S + f) · TW · S
    let last = min(line + TH, (H + S - 1u) / S) + KEPT;
    for (var i = max(line, KEPT - LAG); i < last; i++) {
      let u = i + LAG - KEPT; // wraps above OH where it is outside
      let start = (n * OH + min(u, OH - 1u)) * OW;
      //! unroll B < SPAN
      let v_B = column + B - LEAD;
      d[B] = select(vec4f(), load_dy(start + min(v_B, OW - 1u), c), (u < OH) & (v_B < OW));
      //! end
      //! unroll A < KH
      //! unroll B < KW
      //! unroll Q < STREAMED
      let w_A_B = load_w(A * KW + B, c);
      //! end
      //! unroll T < TW
      x[((m_A * S + f_A) * TW + T) * S + g_B] =
        fma(d[T + t_B], w_A_B, x[((m_A * S + f_A) * TW + T) * S + g_B]);
      //! end
      //! end
      //! end
      let o = i - KEPT; // wraps above H before the first line
      if (o >= line && o < H) {
        //! unroll F < S
        //! unroll T < TW
        //! unroll G < S
        let v_F_T_G = (column + T) * S + G;
        if (o * S + F < H && v_F_T_G < W) {
          store_dx((n * H + o * S + F) * W + v_F_T_G, c, x[(F * TW + T) * S + G]);
        }
        //! end
        //! end
        //! end
      }
      //! unroll M < KEPT
      //! unroll F < S
      //! unroll T < TW
      //! unroll G < S
      x[((M * S + F) * TW + T) * S + G] = x[(((M + 1u) * S + F) * TW + T) * S + G];
      //! end
      //! end
      //! end
      //! end
      //! unroll F < S
      //! unroll T < TW
      //! unroll G < S
      x[((KEPT * S + F) * TW + T) * S + G] = vec4f();
      //! end
      //! end
      //! end
    }
  }
  done(0u);
}

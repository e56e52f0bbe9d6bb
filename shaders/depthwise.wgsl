// Y[n, i, j, c] = Σ x[n, i·S − PH + a, j·S − PW + b, c] · w[a, b, c]: one filter for each channel.
// X is [N, H, W, 4·C4], W is [KH, KW, 4·C4], Y is [N, OH, OW, 4·C4].
// A thread computes TH lines by TW columns of one quad of channels in STRIP images, one of TILES. It walks
// down the lines of X, S at a time, reads each once, and keeps the sums of the TAPS lines of Y whose windows
// meet them; the uppermost is complete with each turn, KEPT others are not. Weights stay in registers where HELD is 1, and are
// loaded where STREAMED is.

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
const J = 0u;
const T = 0u;
const A = 0u;
const B = 0u;
const M = 0u;
const Q = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
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
  var x: array<vec4f, S * SPAN>;
  begin(c);
  for (var n = strip; n < min(strip + STRIP, N); n++) {
    var y = array<vec4f, TAPS * TW>(); // of line i − M at M · TW
    let last = min(line + TH, OH) + KEPT;
    for (var i = max(line, min(PH / S, line + KEPT)); i < last; i++) {
      //! unroll J < S
      let u_J = i * S + J - PH; // wraps above H where it is outside
      let start_J = (n * H + min(u_J, H - 1u)) * W;
      //! unroll B < SPAN
      let v_J_B = column * S + B - PW;
      x[J * SPAN + B] = select(vec4f(), load_x(start_J + min(v_J_B, W - 1u), c), (u_J < H) & (v_J_B < W));
      //! end
      //! end
      //! unroll A < KH
      //! unroll B < KW
      //! unroll Q < STREAMED
      let w_A_B = load_w(A * KW + B, c);
      //! end
      //! unroll T < TW
      y[A / S * TW + T] = fma(x[A % S * SPAN + T * S + B], w_A_B, y[A / S * TW + T]);
      //! end
      //! end
      //! end
      let o = i - KEPT; // wraps above OH before the first line
      if (o >= line && o < OH) {
        //! unroll T < TW
        if (column + T < OW) { store_y((n * OH + o) * OW + column + T, c, y[KEPT * TW + T]); }
        //! end
      }
      //! unroll T < TW
      //! unroll M < KEPT
      y[(KEPT - M) * TW + T] = y[(KEPT - M - 1u) * TW + T];
      //! end
      y[T] = vec4f();
      //! end
    }
  }
  done(0u);
}

// Y[n, i, j, c] = Σ x[n, i·S − PH + a, j·S − PW + b, c] · w[a, b, c]: one filter for each channel.
// X is [N, H, W, 4·C4], W is [KH, KW, 4·C4], Y is [N, OH, OW, 4·C4].
// A thread computes TH lines by TW columns of one quad of channels, one of TILES, all in registers, from
// a block of SPANH × SPANW pixels, for KA rows of the window at a time: all, or one where registers are few. Where one
// tile covers an image, positions are known and loads outside vanish.

//! consts
const H = 5u;
const W = 6u;
const OH = 5u;
const OW = 6u;
const C4 = 1u;
const KH = 3u;
const KW = 3u;
const KA = 3u;
const S = 1u;
const PH = 1u;
const PW = 1u;
const TH = 1u;
const TW = 2u;
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
  let n = id.y / (TILESW * TILESH);
  var x: array<vec4f, SPANH * SPANW>;
  var y: array<vec4f, TH * TW>;
  for (var a = 0u; a < KH; a += KA) {
  //! unroll A < SPANH
  let i_A = line * S + a + A - PH; // wraps above H where it is outside
  let start_A = (n * H + min(i_A, H - 1u)) * W;
  //! unroll B < SPANW
  let j_A_B = column * S + B - PW;
  x[A * SPANW + B] = select(vec4f(), load_x(start_A + min(j_A_B, W - 1u), c), (i_A < H) & (j_A_B < W));
  //! end
  //! end
  //! unroll A < KA
  //! unroll B < KW
  let w_A_B = load_w((a + A) * KW + B, c);
  //! unroll L < TH
  //! unroll T < TW
  y[L * TW + T] = fma(x[(L * S + A) * SPANW + T * S + B], w_A_B, y[L * TW + T]);
  //! end
  //! end
  //! end
  //! end
  }
  begin(c);
  //! unroll L < TH
  //! unroll T < TW
  if (line + L < OH && column + T < OW) {
    store_y((n * OH + line + L) * OW + column + T, c, y[L * TW + T]);
  }
  //! end
  //! end
  done(0u);
}

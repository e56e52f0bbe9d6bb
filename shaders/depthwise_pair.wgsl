// Both gradients of a depthwise convolution from one reading of dY:
// dX[n, i, j, c] = Σ dy[n, (i + PH − a) / S, (j + PW − b) / S, c] · w[a, b, c] over the whole quotients,
// dW[p, a, b, c] = Σ x[n, i, j, c] · dy of the same quotients over the pixels (n, i, j) of part p.
// With stride S the pixels fall into S × S phases, id.z, that meet different taps of the window: pixel
// i = S·u + f meets the taps a = a0 + S·m with a0 = (f + PH) mod S, from line u + (f + PH) / S − m of dY.
// A part is one tile of TH lines by TW columns (of each phase), in STRIP images, and belongs to one thread
// for each phase and quad of channels. It walks the lines, CT columns at a time: all, or few where registers
// are few; the sums of its taps stay in registers.
// X and dX are [N, H, W, 4·C4], dY is [N, OH, OW, 4·C4], W is [KH·KW, 4·C4], dW is [PARTS, KH·KW, 4·C4].

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
const TH = 1u;
const TW = 2u;
const CT = 2u;
const TAPSH = 3u;
const TAPSW = 3u;
const SPANW = 4u;
const TILESH = 5u;
const TILESW = 3u;
const STRIP = 1u;
const PARTS = 30u;
const TN = 1u;
const WX = 1u;
const WY = 64u;
const T = 0u;
const A = 0u;
const B = 0u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dw: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * C4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * C4 + c]; }
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn store_dx(row: u32, c: u32, v: vec4f) { dx[row * C4 + c] = v; }
fn store_dw(row: u32, c: u32, v: vec4f) { dw[row * C4 + c] = v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= C4 || id.y >= PARTS) { return; }
  let column = id.y % TILESW * TW;
  let first_line = id.y / TILESW % TILESH * TH;
  let strip = id.y / (TILESW * TILESH);
  let phase = vec2u(id.z % (S * S) / S, id.z % S);
  let padded = phase + vec2u(PH, PW);
  let first = padded % S;
  let shift = padded / S;
  var g: array<vec4f, TAPSH * TAPSW>;
  var d: array<vec4f, SPANW>;
  begin(c);
  let columns = min(TW, OW - column); // known at run time only: unrolled, the loop would fill all registers
  let end = min((strip + 1u) * STRIP, N);
  for (var n = strip * STRIP; n < end; n++) {
    for (var line = first_line; line < first_line + TH; line++) {
      let u = line * S + phase.x;
      if (u >= H) { break; }
      let start = (n * H + u) * W;
      for (var t = 0u; t < columns; t += CT) {
      //! unroll T < CT
      let v_T = (column + t + T) * S + phase.y;
      let inside_T = (t + T < TW) & (v_T < W);
      let x_T = select(vec4f(), load_x(start + min(v_T, W - 1u), c), inside_T);
      //! end
      var y = array<vec4f, CT>();
      //! unroll A < TAPSH
      let i_A = line + shift.x - A; // wraps above OH where it is outside
      let start_A = (n * OH + min(i_A, OH - 1u)) * OW;
      //! unroll B < SPANW
      let j_A_B = column + t + shift.y + B - (TAPSW - 1u);
      d[B] = select(vec4f(), load_dy(start_A + min(j_A_B, OW - 1u), c), (i_A < OH) & (j_A_B < OW));
      //! end
      //! unroll B < TAPSW
      let a_A_B = first.x + S * A;
      let b_A_B = first.y + S * B;
      if (a_A_B < KH && b_A_B < KW) {
        let w_A_B = load_w(a_A_B * KW + b_A_B, c);
        //! unroll T < CT
        y[T] = fma(d[T + TAPSW - 1u - B], w_A_B, y[T]);
        g[A * TAPSW + B] = fma(x_T, d[T + TAPSW - 1u - B], g[A * TAPSW + B]);
        //! end
      }
      //! end
      //! end
      //! unroll T < CT
      if (inside_T) { store_dx(start + v_T, c, y[T]); }
      //! end
      }
    }
  }
  //! unroll A < TAPSH
  //! unroll B < TAPSW
  let tap_A_B = (first + S * vec2u(A, B));
  if (tap_A_B.x < KH && tap_A_B.y < KW) {
    store_dw(id.y * (KH * KW) + tap_A_B.x * KW + tap_A_B.y, c, g[A * TAPSW + B]);
  }
  //! end
  //! end
  done(0u);
}

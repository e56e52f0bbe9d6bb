// dW[p, a, b, c, o] = Σ x[n, i·S − PH + a, j·S − PW + b, c] · dy[n, i, j, o] over the lines (n, i) of strip p.
// X is [N, H, W, 4·C4], dY is LINES = N·OH lines of [OW, 4·TILES·TN], dW is [parts, KH·KW·CIN, 4·TILES·TN].
// A thread keeps one row of the window, one quad of input channels and TN quads of output channels in
// registers. Along a line it loads S new columns of X and one of dY, and shifts the rest of the window.
// Threads count input channels first, some of them beyond C4 in FAST. LANES of them side by side may share the
// quads of dY: each loads LOADS of them and hands them to the others.

//! consts
const H = 5u;
const W = 6u;
const OH = 5u;
const OW = 6u;
const LINES = 10u;
const STRIP = 5u;
const C4 = 1u;
const CIN = 3u;
const KH = 3u;
const KW = 3u;
const S = 1u;
const PH = 1u;
const PW = 1u;
const TN = 1u;
const TILES = 2u;
const CJ = 3u;
const THREADS = 12u;
const FAST = 1u;
const LANES = 1u;
const LOADS = 1u;
const KEEP = 2u;
const NEW = 1u;
const C = 0u;
const J = 0u;
const B = 0u;
const I = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dw: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * TILES * TN + c]; }
fn store_dw(row: u32, c: u32, v: vec4f) { dw[row * TILES * TN + c] = v; }
fn share(v: vec4f, lane: u32) -> vec4f { return v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= THREADS) { return; }
  let c = min(id.x % FAST, C4 - 1u);
  let n = id.x / FAST % TILES * TN;
  let a = id.x / (FAST * TILES) % KH;
  let p = id.x / (FAST * TILES * KH);
  var d: array<vec4f, LOADS>;
  var y: array<vec4f, KW * 4u * TN>;
  var x: array<vec4f, KW>;
  let end = min((p + 1u) * STRIP, LINES);
  for (var line = p * STRIP; line < end; line++) {
    let i = line % OH * S + a - PH; // wraps above H where it is outside
    if (i >= H) { continue; }
    let start = (line / OH * H + i) * W;
    //! unroll B < KEEP
    if (B >= PW && B < W + PW) { x[B + NEW] = load_x(start + B - PW, c); } else { x[B + NEW] = vec4f(); }
    //! end
    for (var j = 0u; j < OW; j++) {
      //! unroll B < KEEP
      x[B] = x[B + NEW];
      //! end
      //! unroll B < NEW
      let j_B = j * S + KEEP + B - PW;
      x[KEEP + B] = select(vec4f(), load_x(start + min(j_B, W - 1u), c), j_B < W);
      //! end
      //! unroll I < LOADS
      d[I] = load_dy(line * OW + j, n + min(I * LANES + id.x % LANES, TN - 1u));
      //! end
      //! unroll C < TN
      let d_C = share(d[C / LANES], C % LANES);
      //! unroll B < KW
      //! unroll J < CJ
      y[(B * 4u + J) * TN + C] = fma(vec4f(x[B][J]), d_C, y[(B * 4u + J) * TN + C]);
      //! end
      //! end
      //! end
    }
  }
  //! unroll B < KW
  //! unroll J < CJ
  if (id.x % FAST < C4 && 4u * c + J < CIN) {
    //! unroll C < TN
    store_dw(((p * KH + a) * KW + B) * CIN + 4u * c + J, n + C, y[(B * 4u + J) * TN + C]);
    //! end
  }
  //! end
  //! end
}

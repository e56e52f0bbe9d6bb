// Y = X · W. X is ROWS × K4 quads, W is K × COLS quads, Y is ROWS × COLS quads.
// A thread computes TM rows by TN quads of columns, all in registers; a step of the loop loads one
// quad of K from each of its rows and the four rows of W that belong to it.
// Long sums are added up in blocks of BLOCK quads, which keeps float32's rounding small.
// A workgroup has WX × WY threads; axis M of their ids counts rows, the other one columns. LANES threads
// along x may share the quads of W: each loads LOADS of them and hands them to the others.
// Rows come in runs of RUN, which are cut into SPAN tiles each; a workgroup has rows of one run only.

//! consts
const ROWS = 5u;
const COLS = 2u;
const K = 7u;
const K4 = 2u;
const BLOCK = 16u;
const TM = 1u;
const TN = 1u;
const WX = 8u;
const WY = 8u;
const M = 1u;
const LANES = 1u;
const LOADS = 4u;
const RUN = 5u;
const SPAN = 8u;
const R = 0u;
const C = 0u;
const J = 0u;
const I = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * K4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * COLS + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * COLS + c] = v; }
fn share(v: vec4f, lane: u32) -> vec4f { return v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id[1u - M] * TN;
  let run = id[M] / SPAN * RUN;
  let m = run + id[M] % SPAN * TM;
  let end = run + RUN;
  if (n >= COLS || (LANES == 1u && m >= end) || run >= ROWS) { return; }
  let lane = id.x % LANES;
  var w: array<vec4f, LOADS>;
  //! unroll R < TM
  let row_R = min(m + R, end - 1u);
  //! unroll C < TN
  var total_R_C = vec4f();
  //! end
  //! end
  for (var block = 0u; block < K4; block += BLOCK) {
  //! unroll R < TM
  //! unroll C < TN
  var y_R_C = vec4f();
  //! end
  //! end
  for (var k = block; k < min(block + BLOCK, K4); k++) {
    //! unroll R < TM
    let x_R = load_x(row_R, k);
    //! end
    //! unroll I < LOADS
    let i_I = min(I * LANES + lane, 4u * TN - 1u);
    w[I] = load_w(min(4u * k + i_I / TN, K - 1u), n + i_I % TN); // beyond K the quad of X holds zeros
    //! end
    //! unroll C < TN
    //! unroll J < 4
    let w_J_C = share(w[(J * TN + C) / LANES], (J * TN + C) % LANES);
    //! end
    //! unroll R < TM
    //! unroll J < 4
    y_R_C = fma(vec4f(x_R[J]), w_J_C, y_R_C);
    //! end
    //! end
    //! end
  }
  //! unroll R < TM
  //! unroll C < TN
  total_R_C += y_R_C;
  //! end
  //! end
  }
  //! unroll C < TN
  begin(n + C);
  //! unroll R < TM
  if (m + R < end) { store_y(m + R, n + C, total_R_C); }
  //! end
  done(C);
  //! end
}

// Y = X · W. X is ROWS × K4 quads, W is K × COLS quads, Y is ROWS × COLS quads.
// A thread computes TM rows by TN quads of columns, all in registers; a step of the loop loads one
// quad of K from each of its rows and the four rows of W that belong to it.
// Long sums are added up in blocks of BLOCK quads, which keeps float32's rounding small.
// A workgroup has WX × WY threads, WX along the columns. Rows come in runs of RUN, which are cut into
// SPAN tiles each; a workgroup has rows of one run only.

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
const RUN = 5u;
const SPAN = 8u;
const R = 0u;
const C = 0u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * K4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * COLS + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * COLS + c] = v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x * TN;
  let run = id.y / SPAN * RUN;
  let m = run + id.y % SPAN * TM;
  let end = run + RUN;
  if (n >= COLS || m >= end || run >= ROWS) { return; }
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
    //! unroll J < 4
    let k_J = min(4u * k + J, K - 1u); // beyond K the quad of X holds zeros
    //! unroll C < TN
    let w_J_C = load_w(k_J, n + C);
    //! unroll R < TM
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

// Y = A · Wᵀ. A is ROWS × N4 quads, W is K × N4 quads, Y is ROWS × COLS quads, 4·COLS ≥ K.
// A thread computes TM rows by TN quads of columns; column 4n+j is the dot product of a row of A
// with row 4n+j of W, so that both are read along their rows.
// Long sums are added up in blocks of BLOCK quads, which keeps float32's rounding small.
// A workgroup has WX × WY threads; axis M of their ids counts rows, the other one columns. LANES threads
// along x may share the quads of W: each loads LOADS of them and hands them to the others.
// Rows come in runs of RUN, which are cut into SPAN tiles each; a workgroup has rows of one run only.

//! consts
const ROWS = 5u;
const COLS = 2u;
const K = 7u;
const N4 = 2u;
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
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_a(row: u32, c: u32) -> vec4f { return a[row * N4 + c]; }
fn load_w(row: u32, c: u32) -> vec4f { return w[row * N4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * COLS + c] = v; }
fn share(v: vec4f, lane: u32) -> vec4f { return v; }
fn begin(c: u32) {} // before the first row of a quad of channels
fn done(column: u32) {} // after the last row of one of the thread's quads of channels
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id[1u - M] * TN;
  let run = id[M] / SPAN * RUN;
  let m = run + id[M] % SPAN * TM;
  let end = run + RUN;
  if (k >= COLS || (LANES == 1u && m >= end) || run >= ROWS) { return; }
  let lane = id.x % LANES;
  var w: array<vec4f, LOADS>;
  //! unroll R < TM
  let row_R = min(m + R, end - 1u);
  //! unroll C < TN
  var total_R_C = vec4f();
  //! end
  //! end
  for (var block = 0u; block < N4; block += BLOCK) {
  //! unroll R < TM
  //! unroll C < TN
  var y_R_C = vec4f();
  //! end
  //! end
  for (var n = block; n < min(block + BLOCK, N4); n++) {
    //! unroll R < TM
    let a_R = load_a(row_R, n);
    //! end
    //! unroll I < LOADS
    w[I] = load_w(min(4u * k + min(I * LANES + lane, 4u * TN - 1u), K - 1u), n);
    //! end
    //! unroll C < TN
    //! unroll J < 4
    let w_C_J = share(w[(4u * C + J) / LANES], (4u * C + J) % LANES);
    //! unroll R < TM
    y_R_C[J] += dot(a_R, w_C_J);
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
  begin(k + C);
  //! unroll R < TM
  if (m + R < end) { store_y(m + R, k + C, total_R_C); }
  //! end
  done(C);
  //! end
}

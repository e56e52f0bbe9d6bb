// Y[p] = Σ x[r]ᵀ · d[r] over the rows r of strip p: a weight gradient in parts (split K).
// X is ROWS × K4 quads, D is ROWS × COLS quads, Y is [parts, K, 4·COLS].
// A thread keeps 4·TK rows by TN quads of one part in registers and walks the rows of its strip, UNROLL at
// a time. Tiles are counted along one axis first, AXIS 0 for columns, in FAST threads, some of them beyond
// its end; then along the other, in SLOW. LANES threads side by side may share the operand that they have
// in common: each loads some of its quads (XLANES or DLANES is LANES, the other 1) and hands them on.

//! consts
const ROWS = 70u;
const K = 4u;
const K4 = 1u;
const COLS = 1u;
const STRIP = 35u;
const AXIS = 0u;
const FAST = 1u;
const SLOW = 1u;
const THREADS = 2u;
const TK = 1u;
const TN = 1u;
const UNROLL = 1u;
const XLANES = 1u;
const DLANES = 1u;
const XLOADS = 1u;
const DLOADS = 1u;
const Q = 0u;
const C = 0u;
const J = 0u;
const I = 0u;
const U = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> d: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * K4 + c]; }
fn load_d(row: u32, c: u32) -> vec4f { return d[row * COLS + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * COLS + c] = v; }
fn share_x(v: vec4f, lane: u32) -> vec4f { return v; }
fn share_d(v: vec4f, lane: u32) -> vec4f { return v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= THREADS) { return; }
  let tile = vec2u(id.x % FAST, id.x / FAST % SLOW);
  let n = tile[AXIS] * TN;
  let k = tile[1u - AXIS] * TK;
  let p = id.x / (FAST * SLOW);
  //! unroll Q < TK
  //! unroll J < 4
  //! unroll C < TN
  var y_Q_J_C = vec4f();
  //! end
  //! end
  //! end
  var x: array<vec4f, XLOADS>;
  var d: array<vec4f, DLOADS>;
  let end = min((p + 1u) * STRIP, ROWS);
  for (var row = p * STRIP; row < end; row += UNROLL) {
    //! unroll U < UNROLL
    let r_U = min(row + U, end - 1u);
    //! unroll I < DLOADS
    let n_U_I = min(n + min(I * DLANES + id.x % DLANES, TN - 1u), COLS - 1u);
    d[I] = select(vec4f(), load_d(r_U, n_U_I), row + U < end);
    //! end
    //! unroll I < XLOADS
    x[I] = load_x(r_U, min(k + min(I * XLANES + id.x % XLANES, TK - 1u), K4 - 1u));
    //! end
    //! unroll C < TN
    let d_U_C = share_d(d[C / DLANES], C % DLANES);
    //! end
    //! unroll Q < TK
    let x_U_Q = share_x(x[Q / XLANES], Q % XLANES);
    //! end
    //! end
    //! unroll Q < TK
    //! unroll J < 4
    //! unroll C < TN
    //! unroll U < UNROLL
    y_Q_J_C = fma(vec4f(x_U_Q[J]), d_U_C, y_Q_J_C);
    //! end
    //! end
    //! end
    //! end
  }
  //! unroll Q < TK
  //! unroll J < 4
  //! unroll C < TN
  if (4u * (k + Q) + J < K && n + C < COLS) {
    store_y(p * K + 4u * (k + Q) + J, n + C, y_Q_J_C);
  }
  //! end
  //! end
  //! end
}

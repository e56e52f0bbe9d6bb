// Y[p] = Σ x[r]ᵀ · d[r] over the rows r of strip p: a weight gradient in parts (split K).
// X is ROWS × (KTILES·TK) quads, D is ROWS × (TILES·TN) quads, Y is [parts, K, 4·TILES·TN].
// A thread keeps 4·TK rows by TN quads of one part in registers and walks the rows of its strip.

//! consts
const ROWS = 70u;
const K = 4u;
const STRIP = 35u;
const TILES = 1u;
const KTILES = 1u;
const THREADS = 2u;
const TK = 1u;
const TN = 1u;
const Q = 0u;
const C = 0u;
const J = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> d: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
fn load_x(row: u32, c: u32) -> vec4f { return x[row * KTILES * TK + c]; }
fn load_d(row: u32, c: u32) -> vec4f { return d[row * TILES * TN + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * TILES * TN + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= THREADS) { return; }
  let n = id.x % TILES * TN;
  let k = id.x / TILES % KTILES * TK;
  let p = id.x / (TILES * KTILES);
  //! unroll Q < TK
  //! unroll J < 4
  //! unroll C < TN
  var y_Q_J_C = vec4f();
  //! end
  //! end
  //! end
  let end = min((p + 1u) * STRIP, ROWS);
  for (var r = p * STRIP; r < end; r++) {
    //! unroll C < TN
    let d_C = load_d(r, n + C);
    //! end
    //! unroll Q < TK
    let x_Q = load_x(r, k + Q);
    //! unroll J < 4
    //! unroll C < TN
    y_Q_J_C = fma(vec4f(x_Q[J]), d_C, y_Q_J_C);
    //! end
    //! end
    //! end
  }
  //! unroll Q < TK
  //! unroll J < 4
  if (4u * (k + Q) + J < K) {
    //! unroll C < TN
    store_y(p * K + 4u * (k + Q) + J, n + C, y_Q_J_C);
    //! end
  }
  //! end
  //! end
}

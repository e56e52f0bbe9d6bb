// y[p] = [Σ dy · x̂, Σ dy] over the rows of strip p, x̂ = (x − mean) / √(variance + ε): the gradients of
// batch norm's weight and bias, in parts. dY and X are COUNT × C4 quads, moments M is [2, 4·C4],
// Y is [parts, 2, 4·C4]; a thread walks a strip of one quad of channels.

//! consts
const COUNT = 9u;
const STRIP = 5u;
const C4 = 2u;
const THREADS = 4u;
const EPSILON_E9 = 10000u;
const U = 0u;
//! holes
@group(0) @binding(0) var<storage, read> dy: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> m: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
fn load_dy(row: u32, c: u32) -> vec4f { return dy[row * C4 + c]; }
fn load_x(row: u32, c: u32) -> vec4f { return x[row * C4 + c]; }
fn load_m(row: u32, c: u32) -> vec4f { return m[row * C4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row * C4 + c] = v; }
//! end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= THREADS) { return; }
  let c = id.x % C4;
  let p = id.x / C4;
  let mean = load_m(0u, c);
  let inverse = 1.0 / sqrt(load_m(1u, c) + f32(EPSILON_E9) * 1e-9);
  let end = min((p + 1u) * STRIP, COUNT);
  var products: array<vec4f, 4>; // four sums side by side round less than one
  var sum: array<vec4f, 4>;
  for (var r = p * STRIP; r < end; r += 4u) {
    //! unroll U < 4
    if (r + U < end) {
      let d_U = load_dy(r + U, c);
      sum[U] += d_U;
      products[U] = fma(d_U, load_x(r + U, c) - mean, products[U]);
    }
    //! end
  }
  store_y(2u * p, c, ((products[0] + products[1]) + (products[2] + products[3])) * inverse);
  store_y(2u * p + 1u, c, (sum[0] + sum[1]) + (sum[2] + sum[3]));
}

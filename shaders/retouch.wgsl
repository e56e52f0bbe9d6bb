// Y[n] = image n after one operation: P[n] says which and how, as engine/ops/retouch.ts describes it.
// X and Y are levels / 255, [n, H, W, 3]; T is a table of levels for each image, [n, 256, 3].
// A workgroup makes 8 × 8 pixels of one image, so all its threads take the same branches.

//! consts
const H = 3u;
const W = 4u;
const P4 = 10u;
const MIRROR = 1u;
const FLIP = 2u;
const NEAREST = 3u;
const BILINEAR = 4u;
const SATURATE = 5u;
const HUE = 6u;
const SHARPEN = 7u;
const BLUR = 8u;
const NOISE = 9u;
const ERASE = 10u;
const TABLE = 11u;
const FALLS0 = 0u;
const FALLS1 = 0u;
const FALLS2 = 0u;
const FALLS3 = 0u;
const FALLS4 = 0u;
const FALLS5 = 0u;
const FALLS6 = 0u;
const FALLS7 = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> t: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
fn load_x(row: u32, c: u32) -> vec4f { return unpack4x8unorm(x[row]); }
fn load_p(row: u32, c: u32) -> vec4f { return p[row * P4 + c]; }
fn load_t(row: u32, c: u32) -> vec4f { return unpack4x8unorm(t[row]); }
fn store_y(row: u32, c: u32, v: vec4f) { y[row] = pack4x8unorm(v); }
fn uniform4(seed: u32, i: u32) -> vec4f { return vec4f(); }
//! end

// Levels of the pixel at (u, v) of image n, which must be in it.
fn pixel(n: u32, u: u32, v: u32) -> vec3f {
  return round(load_x((n * H + v) * W + u, 0u).xyz * 255.0);
}

fn cut(levels: vec3f) -> vec3f { return clamp(levels, vec3f(), vec3f(255.0)); }

// `levels` mixed with others by a factor, cut towards 0.
fn blended(levels: vec3f, other: vec3f, factor: f32) -> vec3f {
  return floor(cut(other + factor * (levels - other)));
}

fn grey(levels: vec3f) -> f32 {
  let v = vec3u(levels) * vec3u(19595u, 38470u, 7471u);
  return f32((v.x + v.y + v.z + 32768u) >> 16u);
}

// Numerators and the denominator of a place, each as whole / 65536 + rest: exact where it is near a border.
struct Place { whole: vec3i, rest: vec3f }

fn fixed(whole: vec3f, parts: vec3f) -> vec3i { return vec3i(whole) * 65536 + vec3i(parts); }

fn place(n: u32, at: vec2u) -> Place {
  let a = vec2i(at);
  let f = vec2f(at);
  return Place(
    fixed(load_p(n, 1u).xyz, load_p(n, 4u).xyz) * a.x +
      fixed(load_p(n, 2u).xyz, load_p(n, 5u).xyz) * a.y + fixed(load_p(n, 3u).xyz, load_p(n, 6u).xyz),
    load_p(n, 7u).xyz * f.x + load_p(n, 8u).xyz * f.y + load_p(n, 9u).xyz,
  );
}

// The pixel in which numerator k of a place falls along an axis of `size`, and where in it, 0 … 1.
fn cell(q: Place, k: u32, size: u32) -> vec2f {
  let z = f32(q.whole.z) / 65536.0 + q.rest.z;
  let edge = round((f32(q.whole[k]) / 65536.0 + q.rest[k]) / z);
  let near = clamp(edge, -2.0, f32(size) + 2.0);
  let beyond = f32(q.whole[k] - i32(near) * q.whole.z) / 65536.0 + (q.rest[k] - near * q.rest.z);
  let step = select(0.0, 1.0, beyond / z < 0.0);
  return vec2f(near - step, beyond / z + step);
}

// Two neighbours along an axis, those beyond a border the border, and the share of the second.
fn neighbours(c: vec2f, size: u32) -> vec3f {
  let first = select(c.x, c.x - 1.0, c.y < 0.5);
  return vec3f(max(first, 0.0), min(first + 1.0, f32(size) - 1.0), c.x - first + c.y - 0.5);
}

fn warped(n: u32, at: vec2u, linear: bool) -> vec3f {
  let q = place(n, at);
  let u = cell(q, 0u, W);
  let v = cell(q, 1u, H);
  if (u.x < 0.0 || v.x < 0.0 || u.x >= f32(W) || v.x >= f32(H)) {
    return vec3f(load_p(n, 1u).w, load_p(n, 2u).w, load_p(n, 3u).w);
  }
  if (!linear) { return pixel(n, u32(u.x), u32(v.x)); }
  let xs = neighbours(u, W);
  let ys = neighbours(v, H);
  let columns = vec2u(xs.xy);
  let rows = vec2u(ys.xy);
  let a = pixel(n, columns.x, rows.x);
  let b = pixel(n, columns.x, rows.y);
  let above = a + (pixel(n, columns.y, rows.x) - a) * xs.z;
  let below = b + (pixel(n, columns.y, rows.y) - b) * xs.z;
  return floor(above + (below - above) * ys.z);
}

// Levels with the circle of colours turned by `turn` of its 255 parts: 8-bit HSV, in whole numbers.
fn turned(levels: vec3f, turn: u32) -> vec3f {
  let v = vec3i(levels);
  let most = max(max(v.x, v.y), v.z);
  let range = most - min(min(v.x, v.y), v.z);
  let s8 = 255 * range / max(most, 1);
  if (s8 == 0) { return vec3f(f32(most)); }
  let side = select(select(vec2i(170, v.x - v.y), vec2i(85, v.z - v.x), v.y == most), vec2i(0, v.y - v.z), v.x == most);
  let parts = 85 * side.y + 2 * range * (side.x + 255);
  let h = u32(parts / (2 * range)) % 255u;
  var falls = array<u32, 8>(FALLS0, FALLS1, FALLS2, FALLS3, FALLS4, FALLS5, FALLS6, FALLS7);
  let exact = parts % (2 * range) == 0;
  let h8 = h - select(0u, (falls[h / 32u] >> (h % 32u)) & 1u, exact);
  let sixths = ((h8 + turn) & 255u) * 6u;
  let f = f32(sixths % 255u) / 255.0;
  let s = f32(s8) / 255.0;
  let m = f32(most);
  let p = floor(m * (1.0 - s) + 0.5);
  let q = floor(m * (1.0 - s * f) + 0.5);
  let t = floor(m * (1.0 - s * (1.0 - f)) + 0.5);
  switch (sixths / 255u % 6u) {
    case 0u: { return vec3f(m, t, p); }
    case 1u: { return vec3f(q, m, p); }
    case 2u: { return vec3f(p, m, t); }
    case 3u: { return vec3f(p, q, m); }
    case 4u: { return vec3f(t, p, m); }
    default: { return vec3f(m, p, q); }
  }
}

// What a 3 × 3 filter of ones with a 5 in the middle makes of a pixel; the border stays.
fn softened(n: u32, at: vec2u) -> vec3f {
  let middle = pixel(n, at.x, at.y);
  if (at.x == 0u || at.y == 0u || at.x + 1u >= W || at.y + 1u >= H) { return middle; }
  var sum = 4.0 * middle;
  for (var k = 0u; k < 9u; k += 1u) {
    sum += pixel(n, at.x + k % 3u - 1u, at.y + k / 3u - 1u);
  }
  return vec3f((2u * vec3u(sum) + 13u) / 26u);
}

// The place in a line of `size` that stands for i, mirrored at its ends without repeating them.
fn reflected(i: i32, size: u32) -> u32 {
  let period = max(1, 2 * i32(size) - 2);
  let at = (i % period + period) % period;
  return u32(min(at, select(period - at, at, at < i32(size))));
}

fn bell(distance: f32, sigma: f32) -> f32 {
  let t = distance / sigma;
  return exp(-0.5 * t * t);
}

fn blurred(n: u32, at: vec2u, taps: vec2i, sigma: vec2f) -> vec3f {
  var sum = vec4f(); // the fourth is of the weights
  for (var j = 0; j < taps.y; j += 1) {
    let dy = j - taps.y / 2;
    let row = reflected(i32(at.y) + dy, H);
    var line = vec4f();
    for (var i = 0; i < taps.x; i += 1) {
      let dx = i - taps.x / 2;
      line += bell(f32(dx), sigma.x) * vec4f(pixel(n, reflected(i32(at.x) + dx, W), row), 1.0);
    }
    sum += bell(f32(dy), sigma.y) * line;
  }
  return round(sum.xyz / sum.w);
}

// Standard normal numbers for the channels of pixel i (Box and Muller), by angles from −π to π.
fn normal(seed: u32, i: u32) -> vec3f {
  let v = uniform4(seed, i);
  let radius = sqrt(-2.0 * log(1.0 - v.xz));
  let turn = 6.2831853 * (v.yw - 0.5);
  return -radius.xxy * vec3f(cos(turn.x), sin(turn.x), cos(turn.y));
}

// A rectangle of other levels, or of noise where the seed is not below 0.
fn erased(n: u32, at: vec2u, seed: f32) -> vec3f {
  let box = load_p(n, 1u);
  let fill = load_p(n, 2u).xyz;
  let a = vec2f(at);
  if (any(a < box.xy) || any(a >= box.zw)) { return pixel(n, at.x, at.y); }
  if (seed < 0.0) { return fill; }
  return floor(cut(fill + load_p(n, 3u).xyz * normal(u32(seed), at.y * W + at.x)));
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.xy;
  if (at.x >= W || at.y >= H) { return; }
  let n = id.z;
  let head = load_p(n, 0u);
  let code = u32(head.x);
  var v: vec3f;
  if (code == MIRROR) {
    v = pixel(n, W - 1u - at.x, at.y);
  } else if (code == FLIP) {
    v = pixel(n, at.x, H - 1u - at.y);
  } else if (code == NEAREST || code == BILINEAR) {
    v = warped(n, at, code == BILINEAR);
  } else if (code == BLUR) {
    v = blurred(n, at, vec2i(head.yz), load_p(n, 1u).xy);
  } else {
    v = pixel(n, at.x, at.y);
    if (code == SATURATE) {
      v = blended(v, vec3f(grey(v)), head.y);
    } else if (code == HUE) {
      v = turned(v, u32(head.y));
    } else if (code == SHARPEN) {
      v = blended(v, softened(n, at), head.y);
    } else if (code == NOISE) {
      v = round(cut(v + head.z + head.w * normal(u32(head.y), at.y * W + at.x)));
    } else if (code == ERASE) {
      v = erased(n, at, head.y);
    } else if (code >= TABLE) {
      let row = 256u * n + vec3u(v);
      v = round(vec3f(load_t(row.x, 0u).x, load_t(row.y, 0u).y, load_t(row.z, 0u).z) * 255.0);
    }
  }
  store_y((n * H + at.y) * W + at.x, 0u, vec4f(v / 255.0, 0.0));
}

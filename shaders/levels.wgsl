// y[n, 0, level] = the level that takes the place of `level` in image n, channel by channel: a table of 256.
// P[n] = (what to make, how much, 0, 0), as engine/ops/retouch.ts says; images are counted where that needs it.
// X and Y are levels / 255: X is [n, PIXELS, 3], Y is [n, 256, 3]. A workgroup makes the table of one image.

//! consts
const PIXELS = 12u;
const P4 = 10u;
const BRIGHTEN = 11u;
const POSTERIZE = 12u;
const SOLARIZE = 13u;
const CONTRAST = 14u;
const STRETCH = 15u;
const EQUALIZE = 16u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
fn load_x(row: u32, c: u32) -> vec4f { return unpack4x8unorm(x[row]); }
fn load_p(row: u32, c: u32) -> vec4f { return p[row * P4 + c]; }
fn store_y(row: u32, c: u32, v: vec4f) { y[row] = pack4x8unorm(v); }
//! end

var<workgroup> counts: array<atomic<u32>, 768>; // how often each level occurs: red, green, blue
var<workgroup> grey: atomic<u32>; // sum over the image

// Counts of one channel below a level, at its greatest level, and which its least and greatest levels are.
struct Spread { below: u32, last: u32, least: u32, most: u32 }

fn spread(c: u32, level: u32) -> Spread {
  var s = Spread(0u, 0u, 256u, 0u);
  for (var k = 0u; k < 256u; k += 1u) {
    let count = atomicLoad(&counts[c * 256u + k]);
    s.below += select(0u, count, k < level);
    if (count > 0u) {
      s.last = count;
      s.least = min(s.least, k);
      s.most = k;
    }
  }
  return s;
}

// The cumulative histogram in steps of 1/255 of what lies below the greatest level.
fn equalized(s: Spread, level: u32) -> f32 {
  let step = (PIXELS - s.last) / 255u;
  if (step == 0u) { return f32(level); }
  return f32(min((step / 2u + s.below) / step, 255u));
}

fn stretched(s: Spread, level: u32) -> f32 {
  if (s.most <= s.least) { return f32(level); }
  return f32(clamp(level, s.least, s.most) - s.least) * 255.0 / f32(s.most - s.least);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) level: u32) {
  let n = id.x;
  let head = load_p(n, 0u);
  let code = u32(head.x);
  if (code >= CONTRAST) {
    var sum = 0u;
    for (var i = level; i < PIXELS; i += 256u) {
      let v = vec4u(load_x(n * PIXELS + i, 0u) * 255.0 + 0.5);
      atomicAdd(&counts[v.x], 1u);
      atomicAdd(&counts[256u + v.y], 1u);
      atomicAdd(&counts[512u + v.z], 1u);
      sum += (19595u * v.x + 38470u * v.y + 7471u * v.z + 32768u) >> 16u;
    }
    atomicAdd(&grey, sum);
  }
  workgroupBarrier();
  let l = f32(level);
  var to = vec3f(l);
  if (code == BRIGHTEN) {
    to = vec3f(head.y * l);
  } else if (code == POSTERIZE) {
    to = vec3f(f32(level & ~(255u >> u32(head.y))));
  } else if (code == SOLARIZE) {
    to = vec3f(select(l, 255.0 - l, l >= head.y));
  } else if (code == CONTRAST) {
    let mean = f32((2u * atomicLoad(&grey) + PIXELS) / (2u * PIXELS));
    to = vec3f(mean + head.y * (l - mean));
  } else if (code >= STRETCH) {
    for (var c = 0u; c < 3u; c += 1u) {
      let s = spread(c, level);
      to[c] = select(stretched(s, level), equalized(s, level), code == EQUALIZE);
    }
  }
  store_y(n * 256u + level, 0u, vec4f(floor(clamp(to, vec3f(), vec3f(255.0))) / 255.0, 0.0));
}

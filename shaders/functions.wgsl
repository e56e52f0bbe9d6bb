// Functions that expressions of pointwise ops call; the emitter adds those that a kernel uses.

// dy · d(x·σ(x))/dx = dy · σ · (1 + x·(1 − σ))
fn silu_grad(dy: vec4f, x: vec4f) -> vec4f {
  let s = 1.0 / (1.0 + exp(clamp(-x, vec4f(-80.0), vec4f(80.0))));
  return dy * s * (1.0 + x * (1.0 - s));
}

// Four numbers in [0, 1): a mix of `seed` and the counters 4i … 4i+3, 24 bits each.
fn uniform4(seed: u32, i: u32) -> vec4f {
  var h = vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u);
  h = (h + vec4u(seed)) * 0x9E3779B9u;
  h = (h ^ (h >> vec4u(16u))) * 0x85EBCA6Bu;
  h = (h ^ (h >> vec4u(13u))) * 0xC2B2AE35u;
  h = (h ^ (h >> vec4u(16u))) + vec4u(seed * 0x27D4EB2Fu);
  h = (h ^ (h >> vec4u(15u))) * 0x2C1B3C6Du;
  h = h ^ (h >> vec4u(12u));
  return vec4f(h >> vec4u(8u)) * (1.0 / 16777216.0);
}

// The vector that lane `lane` has loaded, where each thread loads for itself.
fn share(v: vec4f, lane: u32) -> vec4f { return v; }

// Four numbers as halves, rounded to the nearest and infinite from 65520 on: `pack2x16float` leaves both open.
fn to_halves(v: vec4f) -> vec2u {
  let bits = bitcast<vec4u>(v);
  let size = bits & vec4u(0x7FFFFFFFu);
  let even = (size >> vec4u(13u)) & vec4u(1u);
  let normal = min((size - vec4u(0x37FFF001u) + even) >> vec4u(13u), vec4u(0x7C00u));
  let tiny = bitcast<vec4u>(abs(v) + 0.5) - vec4u(0x3F000000u); // in steps of 2⁻²⁴, below 2⁻¹⁴
  let number = select(normal, tiny, size < vec4u(0x38800000u));
  let h = select(number, vec4u(0x7E00u), size > vec4u(0x7F800000u)) | ((bits >> vec4u(16u)) & vec4u(0x8000u));
  return h.xz | (h.yw << vec2u(16u));
}

// The numbers that two words of halves are.
fn from_halves(v: vec2u) -> vec4f {
  return vec4f(unpack2x16float(v.x), unpack2x16float(v.y));
}

// 1 − e⁻ᵠ for q from 0 on, exact where q is small.
fn focal_gap(q: vec4f) -> vec4f {
  return select(1.0 - exp(-q), q * (1.0 - q * (0.5 - q / 6.0)), q < vec4f(0.01));
}

// (1 − p)^g · q, gap being 1 − p; g above 0.
fn focal(q: vec4f, gap: vec4f, g: f32) -> vec4f {
  return select(pow(gap, vec4f(g)), vec4f(), gap == vec4f()) * q;
}

// The derivative of that in q = −ln p.
fn focal_slope(q: vec4f, gap: vec4f, g: f32) -> vec4f {
  let some = max(gap, vec4f(1e-30));
  return pow(some, vec4f(g)) * (1.0 + g * q * exp(-q) / some);
}

// Mean and biased variance of rows: a state is [count, mean, Σ (x − mean)²] of the rows that joined it.
// Rows join by Welford's rule, states by Chan's: no sum of squares, so a large mean swallows nothing.

alias State = array<vec4f, 3>;

fn join(s: State, x: vec4f) -> State {
  let n = s[0] + 1.0;
  let d = x - s[1];
  let mean = fma(d, vec4f(1.0 / n.x), s[1]);
  return State(n, mean, fma(d, x - mean, s[2]));
}

fn merge(a: State, b: State) -> State {
  let n = a[0] + b[0];
  let share = b[0].x / max(n.x, 1.0); // of no rows at all where both are empty
  let d = b[1] - a[1];
  return State(n, fma(d, vec4f(share), a[1]), a[2] + b[2] + d * d * (a[0] * share));
}

fn result(s: State) -> array<vec4f, 2> {
  return array<vec4f, 2>(s[1], s[2] / s[0]);
}

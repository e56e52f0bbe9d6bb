// Sums of rows of two operands: a state is [Σ a · b, Σ a] of the rows that joined it.

alias State = array<vec4f, 2>;

fn join(s: State, a: vec4f, b: vec4f) -> State {
  return State(fma(a, b, s[0]), s[1] + a);
}

fn merge(a: State, b: State) -> State {
  return State(a[0] + b[0], a[1] + b[1]);
}

fn result(s: State) -> array<vec4f, 2> {
  return s;
}

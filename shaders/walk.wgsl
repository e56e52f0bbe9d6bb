// Visits every row of C4 quads once: for values that are summed up where they are computed or read.
// Rows come in runs of RUN; tile t of a run, of SPAN tiles, belongs to one thread and has TM rows.
// The rows of the WY tiles of a workgroup are dealt out in turn, so that threads side by side read rows
// side by side; a thread's own rows are dealt out to four sums, which round less than one and need not
// wait for each other, and which join the sum of all after BLOCK rows.
// A workgroup has WX × WY threads, WX along the channels.

//! consts
const C4 = 2u;
const RUN = 9u;
const TM = 2u;
const SPAN = 8u;
const WX = 8u;
const WY = 8u;
const BLOCK = 128u;
const U = 0u;
//! holes
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn begin(c: u32) {}
fn visit(row: u32, c: u32, sum: u32) { y[row * C4 + c] = x[row * C4 + c]; }
fn rest() {}
fn done(column: u32) {}
//! end

@compute @workgroup_size(WX, WY)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= C4) { return; }
  begin(c);
  let run = id.y / SPAN * RUN;
  let t = id.y % SPAN;
  for (var block = 0u; block < TM; block += BLOCK) {
    let end = min(block + BLOCK, TM);
    for (var r = block; r < end; r += 4u) {
      //! unroll U < 4
      let row_U = (t / WY * TM + r + U) * WY + t % WY;
      if (r + U < end && row_U < RUN) { visit(run + row_U, c, U); }
      //! end
    }
    rest();
  }
  done(0u);
}

// Running sums, products, extremes and log-sum-exps along the middle of [outer, n, inner]. Long lines are cut into
// pieces: their totals first, then what comes before each, then the elements. Sums are carried in float64 or wrap.
#include "scan_job.h"
#include "vectors.h"

namespace {

// log(exp(a) + exp(b)) without overflow; equal infinities stay.
DEVICE double log_add(double a, double b) {
  if (a != a || b != b) return a + b;
  const double high = a > b ? a : b, low = a > b ? b : a;
  if (high - low != high - low) return high;
  return high + log1p(exp(low - high));
}

// Of equal elements the last one is reported, and a NaN stays once it came: as in PyTorch.
template <class W> DEVICE bool replaces(int op, W before, W now) {
  if (now != now) return true;
  if (before != before) return false;
  return op == kCummax ? now >= before : now <= before;
}

// An earlier prefix followed by a later one. One function for every op, compiled once.
SHARED_CODE Prefix joined(int op, bool is_whole, const Prefix& a, const Prefix& b) {
  if (a.place < 0) return b;
  if (b.place < 0) return a;
  Prefix r = b;
  switch (op) {
    case kCumsum:
      r.real = a.real + b.real;
      r.whole = int64_t(uint64_t(a.whole) + uint64_t(b.whole));
      break;
    case kCumprod:
      r.real = a.real * b.real;
      r.whole = int64_t(uint64_t(a.whole) * uint64_t(b.whole));
      break;
    case kLogcumsumexp: r.real = log_add(a.real, b.real); break;
    default:
      if (is_whole ? !replaces(op, a.whole, b.whole) : !replaces(op, a.real, b.real)) r = a;
  }
  return r;
}

DEVICE Prefix nothing() { return {0, 0, -1}; }

DEVICE Prefix element(const ScanJob& job, bool is_whole, int64_t at, int64_t place) {
  Prefix p = {0, 0, place};
  if (is_whole) p.whole = load_as<int64_t>(job.in, job.in_dtype, at);
  else p.real = load_as<double>(job.in, job.in_dtype, at);
  return p;
}

DEVICE void store(const ScanJob& job, bool is_whole, int64_t at, const Prefix& p) {
  if (is_whole) store_as(job.out, job.out_dtype, at, p.whole);
  else store_as(job.out, job.out_dtype, at, p.real);
  if (job.indices) job.indices[at] = p.place;
}

DEVICE Prefix shuffled_up(const Prefix& p, int by) {
  return {__shfl_up_sync(~0u, p.real, by), __shfl_up_sync(~0u, p.whole, by), __shfl_up_sync(~0u, p.place, by)};
}

// What all threads before this one hold, joined in order; `total` is that of the whole block.
DEVICE Prefix before_thread(int op, bool is_whole, const Prefix& mine, Prefix* total) {
  __shared__ Prefix warps[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  Prefix inclusive = mine;
  for (int by = 1; by < 32; by *= 2) {
    const Prefix left = shuffled_up(inclusive, by);
    if (lane >= by) inclusive = joined(op, is_whole, left, inclusive);
  }
  Prefix exclusive = shuffled_up(inclusive, 1);
  if (lane == 0) exclusive = nothing();
  __syncthreads();  // those of the round before have been read
  if (lane == 31) warps[warp] = inclusive;
  __syncthreads();
  Prefix before = nothing(), all = nothing();
  for (int w = 0; w < int(blockDim.x / 32); w++) {
    if (w == warp) before = all;
    all = joined(op, is_whole, all, warps[w]);
  }
  *total = all;
  return joined(op, is_whole, before, exclusive);
}

constexpr int kPerThread = 4;

}  // namespace

// One block per piece of a line that is one run of memory. `writes` 0: only the piece's total is kept.
KERNEL(scan_runs, (GRID_CONSTANT ScanJob job, int is_whole, int writes)) {
  const int64_t line = blockIdx.x, piece = blockIdx.y;
  const int64_t begin = piece * job.piece, end = smaller(begin + job.piece, job.n);
  Prefix carried = job.pieces > 1 && writes ? job.pieces_before[line * job.pieces + piece] : nothing();
  for (int64_t at = begin; at < end; at += int64_t(blockDim.x) * kPerThread) {
    const int64_t first = at + int64_t(threadIdx.x) * kPerThread;
    Prefix mine[kPerThread];
    Prefix own = nothing();
    for (int i = 0; i < kPerThread; i++) {
      mine[i] = first + i < end ? element(job, is_whole, line * job.n + first + i, first + i) : nothing();
      own = joined(job.op, is_whole, own, mine[i]);
    }
    Prefix total;
    Prefix running = joined(job.op, is_whole, carried, before_thread(job.op, is_whole, own, &total));
    carried = joined(job.op, is_whole, carried, total);
    for (int i = 0; i < kPerThread && writes && first + i < end; i++) {
      running = joined(job.op, is_whole, running, mine[i]);
      store(job, is_whole, line * job.n + first + i, running);
    }
  }
  if (!writes && threadIdx.x == 0) job.pieces_before[line * job.pieces + piece] = carried;
}

// A thread per line and piece, lanes on neighbouring lines.
KERNEL(scan_columns, (GRID_CONSTANT ScanJob job, int is_whole, int writes)) {
  const int64_t line = thread_index(), piece = blockIdx.y;
  if (line >= job.lines) return;
  const int64_t above = quotient(line, job.inner);
  const int64_t base = above * job.n * job.inner + line - above * job.inner;
  const int64_t begin = piece * job.piece, end = smaller(begin + job.piece, job.n);
  Prefix running = job.pieces > 1 && writes ? job.pieces_before[line * job.pieces + piece] : nothing();
  for (int64_t i = begin; i < end; i++) {
    const int64_t at = base + i * job.inner;
    running = joined(job.op, is_whole, running, element(job, is_whole, at, i));
    if (writes) store(job, is_whole, at, running);
  }
  if (!writes) job.pieces_before[line * job.pieces + piece] = running;
}

// Totals of pieces become what comes before each.
KERNEL(scan_pieces, (GRID_CONSTANT ScanJob job, int is_whole)) {
  const int64_t line = thread_index();
  if (line >= job.lines) return;
  Prefix* pieces = job.pieces_before + line * job.pieces;
  Prefix before = nothing();
  for (int piece = 0; piece < job.pieces; piece++) {
    const Prefix own = pieces[piece];
    pieces[piece] = before;
    before = joined(job.op, is_whole, before, own);
  }
}

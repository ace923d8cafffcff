// The reduce kernels. Threads of a block share the elements of an output along x (rows: neighbours in memory are taken
// together) or along y (columns: neighbours in memory are neighbouring outputs); long reductions are cut into pieces
// that reduce_finish puts together. The cut and the order depend on sizes alone, so every run gives the same bits.
#include "reduce_rules.h"

namespace {

SHARED_CODE int64_t offset_of(const Axes& axes, int64_t index, int dims) {
  int64_t offset = 0;
  for (int d = dims - 1; d > 0; d--) {
    const int64_t above = quotient(index, axes.size[d]);
    offset += (index - above * axes.size[d]) * axes.stride[d];
    index = above;
  }
  return dims > 0 ? offset + index * axes.stride[0] : 0;
}

// Elements of one dtype.
template <class T, class W> struct Typed {
  static constexpr int kVector = kPerVector<T>;
  const T* at;
  DEVICE explicit Typed(const ReduceJob& job) : at((const T*)job.in) {}
  DEVICE W one(int64_t offset) const { return convert<W>(at[offset]); }
  template <int V> DEVICE void some(W (&x)[V], int64_t offset) const { load_wide<V>(x, at + offset); }
  DEVICE int64_t misplaced(int64_t offset) const { return int64_t(uintptr_t(at + offset) % 16 / sizeof(T)); }
};

// Elements of any dtype, one at a time.
template <class W> struct Any {
  static constexpr int kVector = 1;
  const void* at;
  int dtype;
  DEVICE explicit Any(const ReduceJob& job) : at(job.in), dtype(job.in_dtype) {}
  DEVICE W one(int64_t offset) const { return load_as<W>(at, dtype, offset); }
  template <int V> DEVICE void some(W (&x)[V], int64_t offset) const {
    UNROLL for (int i = 0; i < V; i++) x[i] = one(offset + i);
  }
  DEVICE int64_t misplaced(int64_t) const { return 0; }
};

SHARED_CODE void store_result(void* out, int dtype, int64_t k, double real, int64_t whole, bool is_whole) {
  if (is_whole) store_as(out, dtype, k, whole);
  else store_as(out, dtype, k, real);
}

// What becomes of everything that was taken in.
SHARED_CODE void emit(const ReduceJob& job, int64_t k, const Partial& p, bool is_whole) {
  const double none = double(not_a_number());
  const int64_t n = job.elements;
  double real = p.a;
  int64_t whole = p.i;
  switch (job.op) {
    case kMean:
      real = (is_whole ? double(p.i) : p.a) / double(n);
      is_whole = false;
      break;
    case kArgmax:
    case kArgmin:
      whole = p.j;
      is_whole = true;
      break;
    case kMax:
    case kMin:
      if (job.out2) ((int64_t*)job.out2)[k] = p.j;
      break;
    case kAny:
    case kAll: {
      const int64_t count = is_whole ? p.i : int64_t(p.a);
      whole = job.op == kAny ? count > 0 : count == n;
      is_whole = true;
      break;
    }
    case kVariance: {
      const double freedom = double(n) - job.parameter;
      real = (n == 0 ? none : p.b) / (freedom > 0 ? freedom : 0);
      if (job.out2) store_result(job.out2, job.out_dtype, k, n == 0 ? none : p.a, 0, false);
      break;
    }
    case kLogSumExp: real = (p.a - p.a == 0 ? p.a : 0) + log(p.b); break;
    default: break;
  }
  store_result(job.out, job.out_dtype, k, real, whole, is_whole);
}

template <class Rule, class W> DEVICE void leave(const ReduceJob& job, int64_t k, const typename Rule::State& s) {
  Partial p = {0, 0, 0, 0};
  Rule::pack(p, s, job.op);
  if (job.pieces == 1) emit(job, k, p, kIsWhole<W>);
  else job.partials[blockIdx.y * job.outputs + k] = p;
}

// Elements begin, begin + 1, ... below end of one run of memory: whole vectors where it can be, single elements before,
// behind and between. `place` is that of the run's first element.
template <class Rule, class W, class In>
DEVICE void take_run(typename Rule::State& s, const In& in, int op, int64_t base, int64_t stride, int64_t begin,
                     int64_t end, int64_t place) {
  const int64_t lane = threadIdx.x, lanes = blockDim.x;
  constexpr int V = In::kVector;
  int64_t head = end - begin, middle = 0;
  if (V > 1 && stride == 1) {
    const int64_t off = in.misplaced(base + begin);
    head = smaller(off ? V - off : 0, end - begin);
    const int64_t vectors = (end - begin - head) / V;
    middle = vectors * V;
    const int64_t first = begin + head;
    for (int64_t v = lane; v < vectors; v += 4 * lanes) {
      W x[4][V];
      UNROLL for (int u = 0; u < 4; u++) {
        if (v + u * lanes < vectors) in.template some<V>(x[u], base + first + (v + u * lanes) * V);
      }
      UNROLL for (int u = 0; u < 4; u++) {
        const int64_t at = first + (v + u * lanes) * V;
        if (v + u * lanes < vectors) Rule::template take<V>(s, x[u], place + at, 1, op);
      }
    }
  }
  const int64_t singles = end - begin - middle;
  for (int64_t j = lane; j < singles; j += 4 * lanes) {
    W x[4][1];
    int64_t at[4];
    UNROLL for (int u = 0; u < 4; u++) {
      const int64_t single = j + u * lanes;
      at[u] = begin + single + (single < head ? 0 : middle);
      if (single < singles) x[u][0] = in.one(base + at[u] * stride);
    }
    UNROLL for (int u = 0; u < 4; u++) {
      if (j + u * lanes < singles) Rule::template take<1>(s, x[u], place + at[u], 1, op);
    }
  }
}

// Above this length a run is walked for itself; shorter ones would leave threads idle.
constexpr int64_t kLongRun = 64;

template <class Rule, class In, class W> DEVICE void reduce_rows(const ReduceJob& job) {
  const int64_t k = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  const bool is_there = k < job.outputs;
  auto s = Rule::start();
  if (is_there) {
    const In in(job);
    const Axes& axes = job.reduced;
    const int64_t base = offset_of(job.kept, k, job.kept.n);
    const int64_t begin = job.elements / job.pieces * blockIdx.y + smaller(blockIdx.y, job.elements % job.pieces);
    const int64_t end = begin + job.elements / job.pieces + (blockIdx.y < job.elements % job.pieces);
    const int last = axes.n - 1;
    const int64_t inner = axes.n ? axes.size[last] : 1;
    if (axes.n <= 1) {
      take_run<Rule, W>(s, in, job.op, base, axes.n ? axes.stride[0] : 1, begin, end, 0);
    } else if (inner >= kLongRun && inner >= int64_t(blockDim.x)) {
      for (int64_t i = begin; i < end;) {
        const int64_t run = quotient(i, inner);
        const int64_t from = i - run * inner, to = smaller(inner, from + end - i);
        const int64_t place = run * inner;
        take_run<Rule, W>(s, in, job.op, base + offset_of(axes, run, last), axes.stride[last], from, to, place);
        i = place + to;
      }
    } else {
      for (int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) {
        const W x[1] = {in.one(base + offset_of(axes, i, axes.n))};
        Rule::template take<1>(s, x, i, 1, job.op);
      }
    }
  }
  s = join_row(s, [](typename Rule::State a, const typename Rule::State& b) {
    Rule::join(a, b);
    return a;
  });
  if (threadIdx.x == 0 && is_there) leave<Rule, W>(job, k, s);
}

// V neighbouring columns per thread; rows of the block's threads take every blockDim.y-th element.
template <class Rule, class In, class W, int V> DEVICE void reduce_columns(const ReduceJob& job) {
  using State = typename Rule::State;
  constexpr int kRows = 8 / V < 2 ? 2 : 8 / V;  // in flight at once
  const int64_t strips = (job.columns + blockDim.x * V - 1) / (blockDim.x * V);
  const int64_t above = quotient(blockIdx.x, strips);
  const int64_t column = ((blockIdx.x - above * strips) * blockDim.x + threadIdx.x) * V;
  const bool is_there = column < job.columns;
  State s[V];
  UNROLL for (int v = 0; v < V; v++) s[v] = Rule::start();
  if (is_there) {
    const In in(job);
    const Axes& axes = job.reduced;
    const int64_t base = offset_of(job.kept, above, job.kept.n - 1) + column;
    const int64_t begin = job.elements / job.pieces * blockIdx.y + smaller(blockIdx.y, job.elements % job.pieces);
    const int64_t end = begin + job.elements / job.pieces + (blockIdx.y < job.elements % job.pieces);
    const int64_t step = blockDim.y;
    int64_t i = begin + threadIdx.y;
    for (; i + (kRows - 1) * step < end; i += kRows * step) {
      W x[V][kRows];
      UNROLL for (int r = 0; r < kRows; r++) {
        W row[V];
        in.template some<V>(row, base + offset_of(axes, i + r * step, axes.n));
        UNROLL for (int v = 0; v < V; v++) x[v][r] = row[v];
      }
      UNROLL for (int v = 0; v < V; v++) Rule::template take<kRows>(s[v], x[v], i, step, job.op);
    }
    for (; i < end; i += step) {
      W row[V];
      in.template some<V>(row, base + offset_of(axes, i, axes.n));
      UNROLL for (int v = 0; v < V; v++) {
        const W x[1] = {row[v]};
        Rule::template take<1>(s[v], x, i, 1, job.op);
      }
    }
  }
  __shared__ double memory[256 * sizeof(State) / 8];  // no constructors
  State* states = (State*)memory;
  const int place = threadIdx.y * blockDim.x + threadIdx.x;
  UNROLL for (int v = 0; v < V; v++) {
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
      __syncthreads();  // those of the round before have been read
      if (int(threadIdx.y) >= half && int(threadIdx.y) < 2 * half) states[place] = s[v];
      __syncthreads();
      if (int(threadIdx.y) < half) Rule::join(s[v], states[place + half * blockDim.x]);
    }
    if (threadIdx.y == 0 && is_there) leave<Rule, W>(job, above * job.columns + column + v, s[v]);
  }
}

// Partial results of all pieces, joined in order by one warp per output.
SHARED_CODE void join_partials(int op, Partial& a, const Partial& b, bool is_whole) {
  switch (op) {
    case kProd:
      a.a *= b.a;
      a.i = int64_t(uint64_t(a.i) * uint64_t(b.i));
      return;
    case kMax:
    case kMin:
    case kArgmax:
    case kArgmin: {
      const bool smallest = is_smallest(op);
      bool wins, ties;
      if (is_whole) {
        wins = smallest ? b.i < a.i : b.i > a.i;
        ties = a.i == b.i;
      } else {
        const bool is_nan = b.a != b.a, was_nan = a.a != a.a;
        wins = (smallest ? b.a < a.a : b.a > a.a) || (is_nan && !was_nan);
        ties = a.a == b.a || (is_nan && was_nan);
      }
      if (wins || (ties && b.j < a.j)) a = b;
      return;
    }
    case kVariance: {
      if (b.i == 0) return;
      if (a.i == 0) {
        a = b;
        return;
      }
      const double n = double(a.i) + double(b.i);
      const double shift = b.a - a.a, share = double(b.i) / n;
      a.a += shift * share;
      a.b += b.b + shift * shift * (double(a.i) * share);
      a.i += b.i;
      return;
    }
    case kLogSumExp: {
      using Rule = LogSumExpRule<double>;
      Rule::State s = {a.a, a.b};
      Rule::join(s, {b.a, b.b});
      a.a = s.largest;
      a.b = s.sum;
      return;
    }
    default:
      a.a += b.a;
      a.i = int64_t(uint64_t(a.i) + uint64_t(b.i));
  }
}

}  // namespace

KERNEL(reduce_finish, (GRID_CONSTANT ReduceJob job, int is_whole)) {
  const int64_t k = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  const bool is_there = k < job.outputs;
  const int lane = threadIdx.x;
  const int per_lane = (job.pieces + 31) / 32;
  // Lanes take neighbouring pieces; what a lane without any holds is its neighbour's business to skip.
  const int first = lane * per_lane;
  const int count = int(smaller(per_lane, larger(0, job.pieces - first)));
  Partial total = {0, 0, 0, 0};
  int has = is_there && count > 0;
  if (has) total = job.partials[first * job.outputs + k];
  for (int i = 1; i < count && has; i++) {
    join_partials(job.op, total, job.partials[(first + i) * job.outputs + k], is_whole != 0);
  }
  for (int offset = 1; offset < 32; offset *= 2) {
    const Partial other = swap_lanes(total, offset);
    const int other_has = __shfl_xor_sync(~0u, has, offset);
    const bool is_first = (lane & offset) == 0;
    Partial low = is_first ? total : other;
    const Partial high = is_first ? other : total;
    const int low_has = is_first ? has : other_has, high_has = is_first ? other_has : has;
    if (low_has && high_has) join_partials(job.op, low, high, is_whole != 0);
    total = low_has ? low : high;
    has = low_has || high_has;
  }
  if (lane == 0 && is_there) emit(job, k, total, is_whole != 0);
}

#define REDUCE_ROWS(name, rule, suffix, in, wide) \
  KERNEL_BOUNDED(reduce_rows_##name##_##suffix, 512, 1, (GRID_CONSTANT ReduceJob job)) { \
    reduce_rows<rule<wide>, in, wide>(job); \
  }
#define REDUCE_COLUMNS(name, rule, suffix, in, wide) \
  KERNEL_BOUNDED(reduce_columns_##name##_##suffix, 256, 1, (GRID_CONSTANT ReduceJob job)) { \
    reduce_columns<rule<wide>, in, wide, kReduceColumns>(job); \
  }

using Float32 = Typed<float, float>;
using Float16 = Typed<Half, float>;
using Bfloat16 = Typed<Brain, float>;

// Floats as fast as memory; everything else through one loader per type it is computed in.
#define REDUCE_FLOATS(name, rule) \
  REDUCE_ROWS(name, rule, float32, Float32, float) \
  REDUCE_ROWS(name, rule, float16, Float16, float) \
  REDUCE_ROWS(name, rule, bfloat16, Bfloat16, float) \
  REDUCE_COLUMNS(name, rule, float32, Float32, float) \
  REDUCE_COLUMNS(name, rule, float16, Float16, float) \
  REDUCE_COLUMNS(name, rule, bfloat16, Bfloat16, float)
#define REDUCE_REAL(name, rule) REDUCE_ROWS(name, rule, real, Any<double>, double)
#define REDUCE_WHOLE(name, rule) REDUCE_ROWS(name, rule, whole, Any<int64_t>, int64_t)

REDUCE_FLOATS(sum, SumRule)
REDUCE_REAL(sum, SumRule)
REDUCE_WHOLE(sum, SumRule)
REDUCE_FLOATS(mapped, MappedSumRule)
REDUCE_REAL(mapped, MappedSumRule)
REDUCE_WHOLE(mapped, MappedSumRule)
REDUCE_REAL(product, ProductRule)
REDUCE_WHOLE(product, ProductRule)
REDUCE_FLOATS(extreme, ExtremeRule)
REDUCE_FLOATS(place, PlaceRule)
REDUCE_REAL(place, PlaceRule)
REDUCE_WHOLE(place, PlaceRule)
REDUCE_FLOATS(variance, VarianceRule)
REDUCE_REAL(variance, VarianceRule)
REDUCE_FLOATS(logsumexp, LogSumExpRule)
REDUCE_REAL(logsumexp, LogSumExpRule)

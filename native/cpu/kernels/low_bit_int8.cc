// Products of four-bit weights with activations in eight bits: a few rows straight against the packed weights, which
// are read once, more rows in panels. Decides between the two; how activations are rounded stands in low_bit_int8.h.
#include "low_bit_int8.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kFewRows = 6;            // that are multiplied straight from the packed weights
constexpr int64_t kChunkBytes = 64 << 10;  // of packed weights that are worth a chunk

#if defined(LW_LOW_BIT_VECTORS)
// Rows of x for products along rows: of each block the even elements, then the odd ones, as the halves of bytes meet
// them.
struct FewRows {
  int8_t* q;
  float* scale;       // [m, runs]
  int32_t* begin;     // [m, sums_row]: what a middle of 8 takes off each lane; zeros where weights have zero points
  float* group_sums;  // [m, groups]: of x by groups of weights, for their zero points
  int64_t row, sums_row;
  FewRows from(int64_t i, const Int4Product& p) const {
    return {q + i * row, scale + i * p.runs, begin + i * sums_row, group_sums + i * p.w.groups, row, sums_row};
  }
};

template <class S> bool quantize_few(Context* context, FewRows* to, const Int4Product& p, const S* x, int64_t x_row) {
  to->row = p.runs * kRun + 64;  // a line more: rows a page apart would fight for the same lines of the cache
  to->sums_row = p.runs * kRun / 8;
  char* room = (char*)context->scratch(context, 0, size_t(p.m * (to->row + (to->sums_row + p.runs + p.w.groups) * 4)));
  if (!room) return false;
  to->begin = (int32_t*)room;
  to->scale = (float*)(to->begin + p.m * to->sums_row);
  to->group_sums = to->scale + p.m * p.runs;
  to->q = (int8_t*)(to->group_sums + p.m * p.w.groups);
  const int64_t pieces = p.m * p.runs;
  parallel_for(context, pieces, (32 << 10) / kRun, [&, to = *to](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; piece++) {
      const int64_t i = piece / p.runs, run = piece % p.runs;
      int8_t q[kRun];
      to.scale[piece] = quantize_run(q, x + i * x_row + run * kRun, smaller(kRun, p.w.k - run * kRun));
      int8_t* out = to.q + i * to.row + run * kRun;
      for (int64_t b = 0; b < kRun; b += kBlock) {
        for (int64_t s = 0; s < kBlock / 2; s++) out[b + s] = q[b + 2 * s];
        for (int64_t s = 0; s < kBlock / 2; s++) out[b + kBlock / 2 + s] = q[b + 2 * s + 1];
        const Integers ones = all_lanes(0x01010101), even = load_integers(out + b);
        const Integers odd = load_integers(out + b + kBlock / 2);
        Ints sum = (Ints)dot_bytes<false>(dot_bytes<false>(all_lanes(0), ones, even), ones, odd);
        if (!p.w.zero) sum *= -8;
        memcpy(to.begin + i * to.sums_row + (run * kRun + b) / 8, &sum, sizeof sum);
      }
    }
  });
  if (!p.w.zero) return true;
  for (int64_t i = 0; i < p.m; i++) {
    int32_t* lane_sums = to->begin + i * to->sums_row;
    float* sums = to->group_sums + i * p.w.groups;
    for (int64_t group = 0, lane = 0; group < p.w.groups; group++) {
      float sum = 0;
      const int64_t end = smaller(ceil_div((group + 1) * p.w.group, 8), to->sums_row);
      for (; lane < end; lane++) sum += float(lane_sums[lane]) * to->scale[i * p.runs + lane * 8 / kRun];
      sums[group] = sum;
    }
    memset(lane_sums, 0, size_t(to->sums_row) * 4);
  }
  return true;
}

// How groups of weights lie in blocks: a block within one of them (kWhole), so many of them in a block, or anything.
constexpr int kWhole = 0, kAny = -1;
struct Groups {
  Lanes lanes;
  int shift;  // of kWhole: block >> shift is its group
};

template <int way> LW_INLINE Floats scale_of(const Groups& g, const LowBitWeights& w, int64_t b, const float* scale) {
  if constexpr (way == kWhole) return Floats{} + scale[b >> g.shift];
  else if constexpr (way == kAny) return scales_of(g.lanes, w, b, scale);
  else {
    const __m128 few = way == 4 ? _mm_loadu_ps(scale + b * 4) : (__m128)_mm_loadl_epi64((const __m128i*)(scale + b * 2));
#if defined(__AVX512F__)
    return (Floats)_mm512_permutexvar_ps((__m512i)g.lanes.within, _mm512_castps128_ps512(few));
#else
    return (Floats)_mm256_permutevar8x32_ps(_mm256_castps128_ps256(few), (__m256i)g.lanes.within);
#endif
  }
}

// What zero points take off: sum of zero * scale * the group's sum of x, to be added up over the lanes.
LW_STATIC Floats shift_of(const LowBitWeights& w, const FewRows& x, int64_t i, int64_t n) {
  const float *scale = w.scale + n * w.groups, *sums = x.group_sums + i * w.groups;
  const uint8_t* zero = w.zero + n * w.groups;
  Floats total = {};
  int64_t g = 0;
  for (; g + kFloatLanes <= w.groups; g += kFloatLanes) {
    total += floats_of_bytes(zero + g) * vector_at(scale + g) * vector_at(sums + g);
  }
  for (; g < w.groups; g++) total[0] += float(zero[g]) * scale[g] * sums[g];
  return total;
}

template <bool bytes, int way, int R, int C>
LW_INLINE void add_block(const Int4Product& p, const Groups& g, const FewRows& x, int64_t n, int64_t b, const uint8_t* data,
                         int64_t row_bytes, Floats (&sum)[R][C]) {
  const LowBitWeights& w = p.w;
  Integers low[C], high[C];
  Floats scale[C];
#pragma GCC unroll 4
  for (int j = 0; j < C; j++) {
    const Integers d = load_integers(data + j * row_bytes);
    low[j] = low_halves(d);
    high[j] = high_halves(d);
    scale[j] = scale_of<way>(g, w, b, w.scale + (n + j) * w.groups);
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; i++) {
    const int8_t* q = x.q + i * x.row + b * kBlock;
    const Integers even = load_integers(q), odd = load_integers(q + kBlock / 2);
    const Integers begin = load_integers(x.begin + i * x.sums_row + b * kFloatLanes);
    const float x_scale = x.scale[i * p.runs + b * kBlock / kRun];
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) {
      const Integers products = dot_bytes<bytes>(dot_bytes<bytes>(begin, low[j], even), high[j], odd);
      sum[i][j] += __builtin_convertvector((Ints)products, Floats) * (scale[j] * x_scale);
    }
  }
}

// R rows against columns [n, n + C).
template <bool bytes, int way, int R, int C>
void few_tile(const Int4Product& p, const Groups& g, const FewRows& x, int64_t n, float* out) {
  const LowBitWeights& w = p.w;
  Floats sum[R][C] = {};
  const uint8_t* data = w.data + n * w.row_bytes;
  const int64_t whole = w.k / kBlock;
  for (int64_t b = 0; b < whole; b++) {
    add_block<bytes, way, R, C>(p, g, x, n, b, data + b * kBlock / 2, w.row_bytes, sum);
  }
  if (whole * kBlock < w.k) {
    uint8_t rest[C][LW_VECTOR_BYTES] = {};
    for (int j = 0; j < C; j++) {
      memcpy(rest[j], data + j * w.row_bytes + whole * kBlock / 2, size_t(w.row_bytes - whole * kBlock / 2));
    }
    constexpr int last_way = way == kWhole ? kWhole : kAny;  // groups that do not exist are not read
    add_block<bytes, last_way, R, C>(p, g, x, n, whole, rest[0], LW_VECTOR_BYTES, sum);
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) {
      out[i * C + j] = sum_vector(w.zero ? sum[i][j] - shift_of(w, x, i, n + j) : sum[i][j]);
    }
  }
}

template <bool bytes, int way, class Store>
void few_rows(const Int4Product& p, const Groups& g, const FewRows& x, int64_t begin, int64_t end, const Store& store) {
  auto tile = [&](auto tall, auto wide, auto kind, int64_t i, int64_t n) {
    constexpr int R = decltype(tall)::value, C = decltype(wide)::value;
    float out[R * C];
    few_tile<bytes, decltype(kind)::value, R, C>(p, g, x.from(i, p), n, out);
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) store(i + r, n + c, out[r * C + c]);
    }
  };
  auto rows = [&](auto wide, auto kind, int64_t n) {
    int64_t i = 0;
    for (; i + 4 <= p.m && i + 4 != p.m - 1; i += 4) tile(Count<4>(), wide, kind, i, n);
    for (; i + 3 <= p.m; i += 3) tile(Count<3>(), wide, kind, i, n);
    for (; i + 2 <= p.m; i += 2) tile(Count<2>(), wide, kind, i, n);
    if (i < p.m) tile(Count<1>(), wide, kind, i, n);
  };
  int64_t n = begin;
  if (p.m == 1) {
    for (; n + 4 <= end; n += 4) tile(Count<1>(), Count<4>(), Count<way>(), 0, n);
  }
  for (; n + 2 <= end; n += 2) rows(Count<2>(), Count<way>(), n);
  for (; n < end; n++) rows(Count<1>(), Count<kAny>(), n);
}

template <class Store>
void multiply_few(const Int4Product& p, const FewRows& x, int64_t begin, int64_t end, const Store& store) {
  Groups g = {lanes_of(p.w.group), 0};
  const int64_t blocks = g.lanes.blocks_of_group;
  const bool is_whole = g.lanes.groups_of_block == 0 && (blocks & (blocks - 1)) == 0;
  while (is_whole && (1 << g.shift) < blocks) g.shift++;
  if (!has_byte_dots()) return few_rows<false, kAny>(p, g, x, begin, end, store);
  if (is_whole) return few_rows<true, kWhole>(p, g, x, begin, end, store);
  if (g.lanes.groups_of_block == 2) return few_rows<true, 2>(p, g, x, begin, end, store);
  if (g.lanes.groups_of_block == 4) return few_rows<true, 4>(p, g, x, begin, end, store);
  few_rows<true, kAny>(p, g, x, begin, end, store);
}

template <class S> bool multiply_with_vectors(Context* context, const Int4Product& p, S* out, const S* from, int64_t x_row) {
  if (p.m > kFewRows) {
    if (has_byte_dots()) return multiply_word_panels<true>(context, p, out, from, x_row);
    return multiply_word_panels<false>(context, p, out, from, x_row);
  }
  FewRows x;
  if (!quantize_few(context, &x, p, from, x_row)) return false;
  auto store = [&](int64_t i, int64_t n, float sum) { put(out + i * p.n + n, sum + (p.bias ? p.bias[n] : 0)); };
  const int64_t grain = ceil_div(kChunkBytes / larger(p.w.row_bytes, 1) + 1, 4) * 4;
  const bool is_worth = p.m * p.n * p.w.k >= 1000000;
  parallel_for(context, p.n, is_worth ? grain : p.n, [&](int64_t begin, int64_t end) {
    multiply_few(p, x, begin, end, store);
  });
  return true;
}
#else

// Without vectors: the same numbers, one after the other.
template <class S> bool multiply_plain(Context* context, const Int4Product& p, S* out, const S* from, int64_t x_row) {
  const LowBitWeights& w = p.w;
  const int64_t row = p.runs * kRun;
  float* x_scale = (float*)context->scratch(context, 0, size_t(p.m * (p.runs * 4 + row)));
  if (!x_scale) return false;
  int8_t* x = (int8_t*)(x_scale + p.m * p.runs);
  for (int64_t i = 0; i < p.m; i++) {
    for (int64_t run = 0; run < p.runs; run++) {
      const S* of_run = from + i * x_row + run * kRun;
      x_scale[i * p.runs + run] = quantize_run(x + i * row + run * kRun, of_run, smaller(kRun, w.k - run * kRun));
    }
  }
  parallel_for(context, p.n, 1000000 / larger(p.m * w.k, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++) {
      for (int64_t i = 0; i < p.m; i++) {
        float sum = 0;
        for (int64_t at = 0; at < w.k;) {
          const int64_t group = at / w.group;
          const int64_t until = smaller(smaller((group + 1) * w.group, (at / kRun + 1) * kRun), w.k);
          const int32_t zero = int32_t(w.zero_at(n * w.groups + group));
          const float scale = w.scale[n * w.groups + group] * x_scale[i * p.runs + at / kRun];
          int32_t products = 0;
          for (; at < until; at++) {
            const int32_t q = w.data[n * w.row_bytes + at / 2] >> 4 * (at & 1) & 15;
            products += (q - zero) * x[i * row + at];
          }
          sum += float(products) * scale;
        }
        put(out + i * p.n + n, sum + (p.bias ? p.bias[n] : 0));
      }
    }
  });
  return true;
}
#endif

}  // namespace

// dtype out x weight scale zero bias m n k group x_row
KERNEL(matmul_int4_int8) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *x = args.pointer();
  Int4Product p;
  p.w.format = kNibblesFormat;
  p.w.dtype = kUint8;
  p.w.data = args.pointer<uint8_t>();
  p.w.scale = args.pointer<float>();
  p.w.zero = args.pointer<uint8_t>();
  p.w.table = nullptr;
  p.bias = args.pointer<float>();
  p.m = args.integer();
  p.n = args.integer();
  p.w.k = args.integer();
  p.w.group = args.integer();
  const int64_t x_row = args.integer();
  p.w.measure();
  p.runs = ceil_div(p.w.k, kRun);
  const bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
#if defined(LW_LOW_BIT_VECTORS)
    const bool is_done = multiply_with_vectors(context, p, (S*)out, (const S*)x, x_row);
#else
    const bool is_done = multiply_plain(context, p, (S*)out, (const S*)x, x_row);
#endif
    if (!is_done) context->fail(context, "[matmul_int4_int8] out of memory for the quantized rows");
  });
  if (!known) context->fail(context, "[matmul_int4_int8] expected a floating dtype");
}

}  // namespace layerwise::NS

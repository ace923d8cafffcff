// Products of four-bit weights with activations in eight bits. Sums within a run of x and a group of weights are integers,
// exact; they meet in single precision, one group after the other. How both lie in memory stands in low_bit_int8.h.
#include "low_bit_int8.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kChunkProducts = 1 << 20;  // that are worth a chunk
constexpr int64_t kPieceSteps = 128;         // of a panel that stay in the first-level cache while rows pass

// Vectors of sums that are not finished to results yet; beyond them there are registers for no more.
constexpr int kMostHeld = 8;

// Of a tile. Sums of more than eight rows leave no registers to finish them in.
constexpr int kMostRows = kByteRows < 8 ? kByteRows : 8;

#if defined(__AVX2__)
LW_STATIC Integers low_halves(Integers x) { return (Integers)((Uints)x & 0x0f0f0f0fu); }
LW_STATIC Integers high_halves(Integers x) { return (Integers)((Uints)x >> 4 & 0x0f0f0f0fu); }
LW_STATIC Integers bytes_to_lanes(const uint8_t* p) {
#if defined(__AVX512F__)
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)p));
#else
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p));
#endif
}

// Products of a step. Without an instruction for bytes they are added up in 16 bits, which hold four of 15 * 128.
template <bool bytes> LW_INLINE Integers dot_step(Integers sum, Integers low, Integers high, Integers even, Integers odd) {
  if constexpr (bytes) return ByteDots::dot(ByteDots::dot(sum, low, even), high, odd);
#if defined(__AVX512F__)
  else {
    const Integers pairs = _mm512_add_epi16(_mm512_maddubs_epi16(low, even), _mm512_maddubs_epi16(high, odd));
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
#else
  else {
    const Integers pairs = _mm256_add_epi16(_mm256_maddubs_epi16(low, even), _mm256_maddubs_epi16(high, odd));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
#endif
}

// What zero points add to the sums of a segment: a zero point, below 2^8, times a sum below 2^15, fits a product of 16 bits.
LW_STATIC Integers times_sum(Integers zero, int32_t sum) {
#if defined(__AVX512F__)
  return _mm512_madd_epi16(zero, _mm512_set1_epi32(sum));
#else
  return _mm256_madd_epi16(zero, _mm256_set1_epi32(sum));
#endif
}

// R rows against V vectors of a panel's columns. Sums lie kByteColumns apart and are added to unless is_first.
template <bool bytes, int R, int V>
void int4_tile(const Int4Pack& w, const Int8Rows& rows, int64_t count, float* sums, bool is_first) {
  // A few rows wait for sums rather than for multipliers: the halves of bytes get sums of their own, and the upper halves
  // stay where they are, sixteen times too large.
  constexpr bool apart = bytes && R <= 2;
  constexpr bool held = R * V <= kMostHeld;
  const uint32_t* code = w.codes;
  const Word* x[R];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) x[i] = (const Word*)(rows.x + i * rows.stride);
  int64_t word = 0;
  Floats total[held ? R : 1][V] = {};
  if (held && !is_first) {
#pragma GCC unroll 16
    for (int i = 0; i < (held ? R : 1); i++) {
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) total[i][j] = floats_at(sums + i * kByteColumns + j * kByteLanes);
    }
  }
  for (int64_t s = 0; s < count; s++) {
    const Segment segment = rows.segments[s];
    const int32_t* x_sums = rows.sums + s * rows.m;
    Integers sum[R][V], upper[apart ? R : 1][V];
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) {
      if (w.zero) {
        const Integers zero = bytes_to_lanes(w.zero + segment.group * kByteColumns + j * kByteLanes);
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) sum[i][j] = times_sum(zero, x_sums[i]);
      } else {
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) sum[i][j] = all_lanes(8 * x_sums[i]);
      }
#pragma GCC unroll 2
      for (int i = 0; i < (apart ? R : 1); i++) upper[i][j] = all_lanes(0);
    }
    auto step = [&]() __attribute__((always_inline)) {
      Integers low[V], high[V];
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) {
        const Integers d = load_integers(code + j * kByteLanes);
        low[j] = low_halves(d);
        high[j] = apart ? (Integers)((Uints)d & 0xf0f0f0f0u) : high_halves(d);
      }
#pragma GCC unroll 16
      for (int i = 0; i < R; i++) {
        const Integers even = all_lanes(int32_t(x[i][word])), odd = all_lanes(int32_t(x[i][word + 1]));
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) {
          if constexpr (apart) {
            sum[i][j] = ByteDots::dot(sum[i][j], low[j], even);
            upper[i][j] = ByteDots::dot(upper[i][j], high[j], odd);
          } else {
            sum[i][j] = dot_step<bytes>(sum[i][j], low[j], high[j], even, odd);
          }
        }
      }
      code += kByteColumns;
      word += 2;
    };
    int64_t left = segment.steps;
    if constexpr (R <= 4) {
      for (; left >= 4; left -= 4) {
#pragma GCC unroll 4
        for (int u = 0; u < 4; u++) step();
      }
    }
    for (; left > 0; left--) step();
    Floats scale[V];
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) scale[j] = floats_at(w.scale + segment.group * kByteColumns + j * kByteLanes);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const float by_row = rows.scale[segment.run * rows.m + i];
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) {
        Ints whole = (Ints)sum[i][j];
        if constexpr (apart) whole += (Ints)upper[i][j] >> 4;
        const Floats part = __builtin_convertvector(whole, Floats);
        if constexpr (held) {
          total[i][j] += part * (scale[j] * by_row);
        } else {
          float* to = sums + i * kByteColumns + j * kByteLanes;
          const Floats v = part * (scale[j] * by_row) + (is_first && s == 0 ? Floats{} : floats_at(to));
          memcpy(to, &v, sizeof v);
        }
      }
    }
  }
  if constexpr (held) {
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) memcpy(sums + i * kByteColumns + j * kByteLanes, &total[i][j], sizeof(Floats));
    }
  }
}

template <bool bytes, int V> auto tile_of(int64_t rows) -> decltype(&int4_tile<bytes, 1, V>) {
  switch (rows) {
    case 1: return int4_tile<bytes, 1, V>;
    case 2: return int4_tile<bytes, 2, V>;
    case 3: return int4_tile<bytes, 3, V>;
    case 4: return int4_tile<bytes, 4, V>;
    case 5: return int4_tile<bytes, 5, V>;
    case 6: return int4_tile<bytes, 6, V>;
#if defined(__AVX512F__)
    case 7: return int4_tile<bytes, 7, V>;
    case 8: return int4_tile<bytes, 8, V>;
#endif
    default: return nullptr;
  }
}
auto tile_for(int64_t rows, bool is_narrow) {
  if (has_byte_dots()) return is_narrow ? tile_of<true, 1>(rows) : tile_of<true, 2>(rows);
  return is_narrow ? tile_of<false, 1>(rows) : tile_of<false, 2>(rows);
}
#else

// Without vectors of bytes: the same numbers, one after the other.
template <int R> void plain_tile(const Int4Pack& w, const Int8Rows& rows, int64_t count, float* sums, bool is_first) {
  const uint8_t* code = (const uint8_t*)w.codes;
  const int8_t* x = rows.x;
  for (int64_t s = 0; s < count; s++) {
    const Segment segment = rows.segments[s];
    int32_t sum[R][kByteColumns];
    for (int i = 0; i < R; i++) {
      for (int j = 0; j < kByteColumns; j++) {
        const int32_t zero = w.zero ? w.zero[segment.group * kByteColumns + j] : 8;
        sum[i][j] = zero * rows.sums[s * rows.m + i];
      }
    }
    for (int64_t q = 0; q < segment.steps; q++, code += 4 * kByteColumns, x += kStep) {
      for (int i = 0; i < R; i++) {
        const int8_t *even = x + i * rows.stride, *odd = even + 4;
        for (int j = 0; j < kByteColumns; j++) {
          for (int e = 0; e < 4; e++) sum[i][j] += (code[4 * j + e] & 15) * even[e] + (code[4 * j + e] >> 4) * odd[e];
        }
      }
    }
    for (int i = 0; i < R; i++) {
      const float by_row = rows.scale[segment.run * rows.m + i];
      for (int j = 0; j < kByteColumns; j++) {
        const float before = is_first && s == 0 ? 0 : sums[i * kByteColumns + j];
        sums[i * kByteColumns + j] = before + float(sum[i][j]) * (w.scale[segment.group * kByteColumns + j] * by_row);
      }
    }
  }
}
auto tile_for(int64_t rows, bool) -> decltype(&plain_tile<1>) {
  switch (rows) {
    case 1: return plain_tile<1>;
    case 2: return plain_tile<2>;
    case 3: return plain_tile<3>;
    case 4: return plain_tile<4>;
    default: return nullptr;
  }
}
#endif

// Sums of one row and some columns become results.
template <class S> void finish(S* out, const float* sums, const float* bias, int64_t columns) {
  float row[kByteColumns];
  if (bias) {
    for (int64_t j = 0; j < columns; j++) row[j] = sums[j] + bias[j];
    sums = row;
  }
  if constexpr (!is_same<S, double>) {
    if (columns == kByteColumns) {
      store(out, floats_at(sums));
      return store(out + kByteLanes, floats_at(sums + kByteLanes));
    }
  }
  store_run(out, sums, 1, columns);
}

template <class S>
void multiply(Context* context, const Int4Product& p, const Int4Pack& w, S* out, const S* x, int64_t x_row) {
  auto out_of_memory = [=] { context->fail(context, "[matmul_int4_int8] out of memory for the quantized rows"); };
  Int8Rows rows;
  if (!quantize_rows(context, &rows, p, x, x_row)) return out_of_memory();
  const int64_t height = ceil_div(p.m, ceil_div(p.m, kMostRows)), panels = ceil_div(p.n, kByteColumns);
  const int64_t grain = kChunkProducts / (p.m * p.k * kByteColumns + 1) + 1;
  parallel_for(context, panels, grain, [&](int64_t begin, int64_t end) {
    float* sums = (float*)context->scratch(context, 1, size_t(p.m * kByteColumns) * 4);
    if (!sums) return out_of_memory();
    for (int64_t b = begin; b < end; b++) {
      const int64_t n = b * kByteColumns, columns = smaller(kByteColumns, p.n - n);
      if (p.k == 0) memset(sums, 0, size_t(p.m * kByteColumns) * 4);
      Int4Pack panel = w.panel(b, p);
      int64_t first = 0, step = 0;
      while (first < rows.segment_count) {
        // One tile meets the panel as a whole; where there are more, a piece of it stays at hand for all of them.
        int64_t last = first, steps = 0;
        if (p.m <= height) last = rows.segment_count;
        else while (last < rows.segment_count && steps < kPieceSteps) steps += rows.segments[last++].steps;
        for (int64_t i = 0; i < p.m; i += height) {
          const auto tile = tile_for(smaller(height, p.m - i), columns <= kByteLanes);
          tile(panel, rows.from(i, step, first), last - first, sums + i * kByteColumns, first == 0);
        }
        panel.codes += steps * kByteColumns;
        step += steps;
        first = last;
      }
      const float* bias = p.bias ? p.bias + n : nullptr;
      for (int64_t i = 0; i < p.m; i++) finish(out + i * p.n + n, sums + i * kByteColumns, bias, columns);
    }
  });
}

}  // namespace

// pack weight scale zero n k group
KERNEL(pack_int4) {
  void* pack = args.pointer();
  const uint8_t* weight = args.pointer<uint8_t>();
  const float* scale = args.pointer<float>();
  const uint8_t* zero = args.pointer<uint8_t>();
  Int4Product p = {};
  p.n = args.integer();
  p.k = args.integer();
  p.group = args.integer();
  p.has_zeros = zero != nullptr;
  p.measure();
  const Int4Pack to = Int4Pack::at(pack, p);
  const int64_t row_bytes = p.k / 2;
  parallel_for(context, ceil_div(p.n, kByteColumns), (256 << 10) / (row_bytes * kByteColumns + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) {
      const int64_t n = b * kByteColumns, count = smaller(kByteColumns, p.n - n);
      const Int4Pack panel = to.panel(b, p);
      pack_codes(panel.codes, weight + n * row_bytes, row_bytes, count, p.steps);
      memset(panel.scale, 0, size_t(p.groups * kByteColumns) * 4);
      transpose_elements((uint32_t*)panel.scale, kByteColumns, (const uint32_t*)scale + n * p.groups, p.groups, count, p.groups);
      if (!zero) continue;
      memset(panel.zero, 0, size_t(p.groups * kByteColumns));
      transpose_elements(panel.zero, kByteColumns, zero + n * p.groups, p.groups, count, p.groups);
    }
  });
}

// dtype out x pack has_zeros bias m n k group x_row
KERNEL(matmul_int4_int8) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *x = args.pointer(), *pack = args.pointer();
  Int4Product p;
  p.has_zeros = args.integer() != 0;
  p.bias = args.pointer<float>();
  p.m = args.integer();
  p.n = args.integer();
  p.k = args.integer();
  p.group = args.integer();
  const int64_t x_row = args.integer();
  p.measure();
  const bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    multiply(context, p, Int4Pack::at(pack, p), (S*)out, (const S*)x, x_row);
  });
  if (!known) context->fail(context, "[matmul_int4_int8] expected a floating dtype");
}

}  // namespace layerwise::NS

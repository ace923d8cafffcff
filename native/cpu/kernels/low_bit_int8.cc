// Products of four-bit weights with activations in eight bits: each row of x is quantized by runs of 128 around zero,
// sums within a block are integers, exact, and blocks are added in single precision. Few or many rows alike: the
// weights are read packed, four rows at a time.
#include "bytes.h"
#include "low_bit_lanes.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kRun = 128;              // elements of x with one scale, on every instruction set
constexpr int64_t kChunkBytes = 64 << 10;  // of packed weights that are worth a chunk

struct Int4Product {
  LowBitWeights w;
  const float* bias;
  int64_t m, n, runs;
};

// x as integers, padded with zeros to whole runs. Where there are vectors, a block's even elements come first, then its
// odd ones, as the halves of bytes meet them, and `sums` has the sum of each lane's eight elements.
struct Quantized {
  int8_t* q;
  float* scale;  // [m, runs]
  int32_t* sums;
  int64_t row, sums_row;
};

float quantize_run(int8_t* out, const float* x, int64_t count) {
  float most = 0;
  for (int64_t i = 0; i < count; i++) {
    const float size = x[i] < 0 ? -x[i] : x[i];
    most = size > most ? size : most;
  }
  const float scale = most / 127;
  const float inverse = most > 0 ? 127 / most : 0;
  for (int64_t i = 0; i < kRun; i++) {
    const float v = i < count ? x[i] * inverse : 0;
    out[i] = int8_t(__builtin_rintf(v));
  }
  return scale;
}

#if defined(LW_LOW_BIT_VECTORS)
constexpr int kLanes8 = kFloatLanes;

// Sums of products of the low halves of bytes with signed bytes, four to a lane. Halves are at most 15: nothing saturates.
template <bool bytes> LW_INLINE Integers dot_halves(Integers sum, Integers halves, Integers x) {
#if defined(__AVX512F__)
  if constexpr (bytes) return ByteDots::dot(sum, halves, x);
  else return _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(halves, x), _mm512_set1_epi16(1)));
#else
  if constexpr (bytes) return ByteDots::dot(sum, halves, x);
  else return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(halves, x), _mm256_set1_epi16(1)));
#endif
}
LW_STATIC Integers low_halves(Integers x) {
#if defined(__AVX512F__)
  return _mm512_and_si512(x, _mm512_set1_epi8(15));
#else
  return _mm256_and_si256(x, _mm256_set1_epi8(15));
#endif
}
LW_STATIC Integers high_halves(Integers x) {
#if defined(__AVX512F__)
  return _mm512_and_si512(_mm512_srli_epi16(x, 4), _mm512_set1_epi8(15));
#else
  return _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(15));
#endif
}

template <bool bytes, int R, int C, bool zeros>
void tile(const Int4Product& p, const Lanes& l, const Quantized& x, int64_t i0, int64_t n, float* out) {
  const LowBitWeights& w = p.w;
  Floats sum[R][C] = {};
  const int64_t blocks = ceil_div(w.k, kBlock);
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t left = w.row_bytes - b * kBlock / 2;
    Integers low[C], high[C];
    Floats scale[C], shift[C];
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) {
      const uint8_t* from = w.data + (n + j) * w.row_bytes + b * kBlock / 2;
      uint8_t rest[LW_VECTOR_BYTES] = {};
      if (left < kBlock / 2) {
        memcpy(rest, from, size_t(left));
        from = rest;
      }
      const Integers d = load_integers(from);
      low[j] = low_halves(d);
      high[j] = high_halves(d);
      scale[j] = scales_of(l, w, b, w.scale + (n + j) * w.groups);
      if (zeros) shift[j] = by_lane(l, w, b, [&](int64_t g) { return float(w.zero[(n + j) * w.groups + g]); });
    }
#pragma GCC unroll 4
    for (int i = 0; i < R; i++) {
      const int8_t* q = x.q + (i0 + i) * x.row + b * kBlock;
      const Integers even = load_integers(q), odd = load_integers(q + kBlock / 2);
      const Floats x_scale = Floats{} + x.scale[(i0 + i) * p.runs + b * kBlock / kRun];
      Ints lane_sums;
      memcpy(&lane_sums, x.sums + (i0 + i) * x.sums_row + b * kLanes8, sizeof lane_sums);
      const Integers begin = zeros ? all_lanes(0) : (Integers)(lane_sums * -8);
#pragma GCC unroll 4
      for (int j = 0; j < C; j++) {
        const Integers products = dot_halves<bytes>(dot_halves<bytes>(begin, low[j], even), high[j], odd);
        Floats v = __builtin_convertvector((Ints)products, Floats);
        if (zeros) v -= shift[j] * __builtin_convertvector(lane_sums, Floats);
        sum[i][j] += v * (scale[j] * x_scale);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) out[i * C + j] = sum_vector(sum[i][j]);
  }
}

template <bool bytes, bool zeros, class Store>
void multiply_blocks(const Int4Product& p, const Quantized& x, int64_t begin, int64_t end, const Store& store) {
  const Lanes l = lanes_of(p.w.group);
  cover(p.m, begin, end, [&](auto tall, auto wide, int64_t i, int64_t j) {
    constexpr int R = decltype(tall)::value, C = decltype(wide)::value;
    float out[R * C];
    tile<bytes, R, C, zeros>(p, l, x, i, j, out);
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) store(i + r, j + c, out[r * C + c]);
    }
  });
}
#endif

// Without vectors: the same numbers, one after the other.
template <class Store>
void multiply_plain(const Int4Product& p, const Quantized& x, int64_t begin, int64_t end, const Store& store) {
  const LowBitWeights& w = p.w;
  for (int64_t n = begin; n < end; n++) {
    for (int64_t i = 0; i < p.m; i++) {
      float sum = 0;
      for (int64_t at = 0; at < w.k;) {
        const int64_t group = at / w.group;
        const int64_t until = smaller(smaller((group + 1) * w.group, (at / kRun + 1) * kRun), w.k);
        const int32_t zero = int32_t(w.zero_at(n * w.groups + group));
        const float scale = w.scale[n * w.groups + group] * x.scale[i * p.runs + at / kRun];
        int32_t products = 0;
        for (; at < until; at++) {
          const int32_t q = w.data[n * w.row_bytes + at / 2] >> 4 * (at & 1) & 15;
          products += (q - zero) * x.q[i * x.row + at];
        }
        sum += float(products) * scale;
      }
      store(i, n, sum);
    }
  }
}

template <class S> bool quantize(Context* context, Quantized* x, const Int4Product& p, const S* from, int64_t x_row) {
  x->row = p.runs * kRun + 64;
  x->sums_row = p.runs * kRun / 8;
  const int64_t bytes = ceil_div(p.m * x->row, 64) * 64;
  char* room = (char*)context->scratch(context, 0, size_t(bytes + p.m * (x->sums_row + p.runs) * 4));
  if (!room) {
    context->fail(context, "[matmul_int4_int8] out of memory for the quantized rows");
    return false;
  }
  x->q = (int8_t*)room;
  x->sums = (int32_t*)(room + bytes);
  x->scale = (float*)(x->sums + p.m * x->sums_row);
  parallel_for(context, p.m, (16 << 10) / larger(p.w.k, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      for (int64_t run = 0; run < p.runs; run++) {
        const int64_t count = smaller(kRun, p.w.k - run * kRun);
        float piece[kRun];
        int8_t q[kRun];
        load_run(piece, from + i * x_row + run * kRun, 1, count);
        x->scale[i * p.runs + run] = quantize_run(q, piece, count);
        int8_t* to = x->q + i * x->row + run * kRun;
#if defined(LW_LOW_BIT_VECTORS)
        for (int64_t b = 0; b < kRun; b += kBlock) {
          for (int64_t s = 0; s < kBlock / 2; s++) {
            to[b + s] = q[b + 2 * s];
            to[b + kBlock / 2 + s] = q[b + 2 * s + 1];
          }
        }
        for (int64_t lane = 0; lane < kRun / 8; lane++) {
          int32_t sum = 0;
          for (int s = 0; s < 8; s++) sum += q[8 * lane + s];
          x->sums[i * x->sums_row + run * kRun / 8 + lane] = sum;
        }
#else
        memcpy(to, q, kRun);
#endif
      }
    }
  });
  return true;
}

template <class S> void multiply(Context* context, const Int4Product& p, S* out, const S* from, int64_t x_row) {
  Quantized x;
  if (!quantize(context, &x, p, from, x_row)) return;
  auto store = [&](int64_t i, int64_t n, float sum) { put(out + i * p.n + n, sum + (p.bias ? p.bias[n] : 0)); };
  const int64_t grain = ceil_div(kChunkBytes / larger(p.w.row_bytes, 1) + 1, 4) * 4;
  const bool is_worth = p.m * p.n * p.w.k >= 1000000;
  parallel_for(context, p.n, is_worth ? grain : p.n, [&](int64_t begin, int64_t end) {
#if defined(LW_LOW_BIT_VECTORS)
    if (has_byte_dots()) {
      if (p.w.zero) return multiply_blocks<true, true>(p, x, begin, end, store);
      return multiply_blocks<true, false>(p, x, begin, end, store);
    }
    if (p.w.zero) return multiply_blocks<false, true>(p, x, begin, end, store);
    multiply_blocks<false, false>(p, x, begin, end, store);
#else
    multiply_plain(p, x, begin, end, store);
#endif
  });
}

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
    multiply(context, p, (S*)out, (const S*)x, x_row);
  });
  if (!known) context->fail(context, "[matmul_int4_int8] expected a floating dtype");
}

}  // namespace layerwise::NS

// Products with weights of few bits: a few rows of x straight against the packed weights, which are read once, and the
// weights spelled out for those who multiply many rows. Sums are in single precision.
#include "low_bit_panels.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kChunkBytes = 64 << 10;  // of packed weights that are worth a chunk
constexpr int64_t kPiece = 512;            // numbers that are spelled out at a time
constexpr int64_t kFewRows = 6;            // that are multiplied straight from the packed weights

// Any format, any groups: pieces of a row spelled out, then dots.
template <class Store>
void multiply_pieces(const Product& p, const float* x, int64_t x_row, int64_t n, const Store& store) {
  float piece[kPiece];
  constexpr int64_t kRows = 16;
  for (int64_t first = 0; first < p.m; first += kRows) {
    const int64_t rows = smaller(kRows, p.m - first);
    float sums[kRows] = {};
    for (int64_t at = 0; at < p.w.k; at += kPiece) {
      const int64_t count = smaller(kPiece, p.w.k - at);
      spell_run(piece, p.w, n, at, count);
      for (int64_t i = 0; i < rows; i++) {
        const float* row = x + (first + i) * x_row + at;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t q = 0; q < count; q++) sum += row[q] * piece[q];
        sums[i] += sum;
      }
    }
    for (int64_t i = 0; i < rows; i++) store(first + i, n, sums[i]);
  }
}

#if defined(LW_LOW_BIT_VECTORS)
// R rows against C columns of a format of whole bytes; groups are whole vectors, x is padded with zeros.
template <class Read, int R, int C, bool zeros>
void bytes_tile(const LowBitWeights& w, const float* x, int64_t x_row, int64_t n, float* out) {
  constexpr int lanes = kFloatLanes;
  Floats sum[R][C] = {};
  const uint8_t* row = w.data + n * w.row_bytes;
  const float* scale = w.scale + n * w.groups;
  for (int64_t g = 0; g < w.groups; g++) {
    Floats part[R][C] = {};
    Floats zero[C] = {};
    if (zeros) {
#pragma GCC unroll 4
      for (int j = 0; j < C; j++) zero[j] = Floats{} + w.zero_at((n + j) * w.groups + g);
    }
    const int64_t end = smaller((g + 1) * w.group, w.k);
    int64_t p = g * w.group;
    for (; p + lanes <= end; p += lanes) {
#pragma GCC unroll 4
      for (int j = 0; j < C; j++) {
        Floats v = Read::at(row + j * w.row_bytes + p * Read::kBytes);
        if (zeros) v -= zero[j];
#pragma GCC unroll 4
        for (int i = 0; i < R; i++) part[i][j] += v * vector_at(x + i * x_row + p);
      }
    }
    if (p < end) {
#pragma GCC unroll 4
      for (int j = 0; j < C; j++) {
        uint8_t rest[2 * lanes] = {};
        memcpy(rest, row + j * w.row_bytes + p * Read::kBytes, size_t((end - p) * Read::kBytes));
        Floats v = Read::at(rest);
        if (zeros) v -= zero[j];
#pragma GCC unroll 4
        for (int i = 0; i < R; i++) {
          Floats left = {};
          memcpy(&left, x + i * x_row + p, size_t(end - p) * 4);
          part[i][j] += v * left;
        }
      }
    }
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) {
      const Floats factor = Floats{} + scale[j * w.groups + g] * Read::kFactor;
#pragma GCC unroll 4
      for (int i = 0; i < R; i++) sum[i][j] += part[i][j] * factor;
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) out[i * C + j] = sum_vector(sum[i][j]);
  }
}

template <int R, int C, bool zeros>
void nibbles_tile(const LowBitWeights& w, const Lanes& l, const Lookup& lookup, const float* x, int64_t x_row,
                  const float* x_sums, int64_t sums_row, int64_t n, float* out) {
  Floats sum[R][C] = {};
  const int64_t blocks = ceil_div(w.k, kBlock);
  for (int64_t b = 0; b < blocks; b++) {
    Uints d[C];
    const int64_t left = w.row_bytes - b * kBlock / 2;
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) {
      const uint8_t* from = w.data + (n + j) * w.row_bytes + b * kBlock / 2;
      if (left >= kBlock / 2) {
        memcpy(&d[j], from, sizeof d[j]);
      } else {
        d[j] = Uints{};
        memcpy(&d[j], from, size_t(left));
      }
    }
    Floats part[R][C] = {};
#pragma GCC unroll 8
    for (int s = 0; s < 8; s++) {
      Floats u[R];
#pragma GCC unroll 4
      for (int i = 0; i < R; i++) u[i] = vector_at(x + i * x_row + b * kBlock + s * kFloatLanes);
#pragma GCC unroll 4
      for (int j = 0; j < C; j++) {
        const Floats v = lookup.of(d[j] >> (4 * s));
#pragma GCC unroll 4
        for (int i = 0; i < R; i++) part[i][j] += v * u[i];
      }
    }
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) {
      const Floats scale = scales_of(l, w, b, w.scale + (n + j) * w.groups);
      Floats shift = {};
      if (zeros) {
        shift = scale * by_lane(l, w, b, [&](int64_t g) { return float(w.zero[(n + j) * w.groups + g]); });
      }
#pragma GCC unroll 4
      for (int i = 0; i < R; i++) {
        sum[i][j] += part[i][j] * scale;
        if (zeros) sum[i][j] -= shift * vector_at(x_sums + i * sums_row + b * kFloatLanes);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; i++) {
#pragma GCC unroll 4
    for (int j = 0; j < C; j++) out[i * C + j] = sum_vector(sum[i][j]);
  }
}

template <class Read, bool zeros, class Store>
void multiply_bytes(const Product& p, const float* x, int64_t x_row, int64_t begin, int64_t end, const Store& store) {
  cover(p.m, begin, end, [&](auto tall, auto wide, int64_t i, int64_t j) {
    constexpr int R = decltype(tall)::value, C = decltype(wide)::value;
    float out[R * C];
    bytes_tile<Read, R, C, zeros>(p.w, x + i * x_row, x_row, j, out);
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) store(i + r, j + c, out[r * C + c]);
    }
  });
}

template <bool zeros, class Store>
void multiply_nibbles(const Product& p, const float* x, int64_t x_row, const float* x_sums, int64_t sums_row,
                      int64_t begin, int64_t end, const Store& store) {
  float numbers[16];
  for (int q = 0; q < 16; q++) {
    numbers[q] = p.w.format == kTableFormat ? p.w.table[q] : float(q - (zeros ? 0 : 8));
  }
  const Lookup lookup(numbers);
  const Lanes l = lanes_of(p.w.group);
  cover(p.m, begin, end, [&](auto tall, auto wide, int64_t i, int64_t j) {
    constexpr int R = decltype(tall)::value, C = decltype(wide)::value;
    float out[R * C];
    nibbles_tile<R, C, zeros>(p.w, l, lookup, x + i * x_row, x_row, x_sums + i * sums_row, sums_row, j, out);
    for (int r = 0; r < R; r++) {
      for (int c = 0; c < C; c++) store(i + r, j + c, out[r * C + c]);
    }
  });
}
#endif

// x in single precision, rows `row` apart; in the order of nibbles, with the sums of lanes, when asked.
struct Left {
  float* x;
  int64_t row;
  float* sums;
  int64_t sums_row;
};

template <class S> bool load_left(Context* context, Left* left, const Product& p, const S* x, int64_t x_row, bool turned) {
#if defined(LW_LOW_BIT_VECTORS)
  const int64_t blocks = ceil_div(p.w.k, kBlock);
  // A vector more than needed: rows that lie a page apart would fight for the same lines of the cache.
  left->row = turned ? blocks * kBlock + kFloatLanes : ceil_div(p.w.k, 16) * 16 + kFloatLanes;
  left->sums_row = turned ? blocks * kFloatLanes : 0;
#else
  left->row = p.w.k;
  left->sums_row = 0;
#endif
  left->x = (float*)context->scratch(context, 0, size_t(p.m * (left->row + left->sums_row) + 1) * 4);
  if (!left->x) {
    context->fail(context, "[matmul_low_bit] out of memory for the rows");
    return false;
  }
  left->sums = left->x + p.m * left->row;
  for (int64_t i = 0; i < p.m; i++) {
    float* row = left->x + i * left->row;
    if (!turned) {
      load_run(row, x + i * x_row, 1, p.w.k);
      if (p.rounds) round_run(row, p.w.k);
      for (int64_t q = p.w.k; q < left->row; q++) row[q] = 0;
      continue;
    }
#if defined(LW_LOW_BIT_VECTORS)
    for (int64_t b = 0; b < blocks; b++) {
      float block[kBlock] = {};
      load_run(block, x + i * x_row + b * kBlock, 1, smaller(kBlock, p.w.k - b * kBlock));
      for (int lane = 0; lane < kFloatLanes; lane++) {
        float sum = 0;
        for (int s = 0; s < 8; s++) {
          row[b * kBlock + s * kFloatLanes + lane] = block[8 * lane + s];
          sum += block[8 * lane + s];
        }
        left->sums[i * left->sums_row + b * kFloatLanes + lane] = sum;
      }
    }
#endif
  }
  return true;
}

template <class S>
void multiply(Context* context, const Product& p, S* out, const S* x, int64_t x_row) {
  Left left;
#if defined(LW_LOW_BIT_VECTORS)
  const bool turned = p.w.is_nibbles();
  const bool is_even = p.w.group % kFloatLanes == 0;
#else
  const bool turned = false;
#endif
  if (!load_left(context, &left, p, x, x_row, turned)) return;
  auto store = [&](int64_t i, int64_t n, float sum) { put(out + i * p.n + n, sum + (p.bias ? p.bias[n] : 0)); };
  const int64_t grain = ceil_div(kChunkBytes / larger(p.w.row_bytes, 1) + 1, 4) * 4;
  // From some tens of thousands of products on, half of them take longer than it takes to call a second thread.
  const int64_t products = p.m * p.n * p.w.k;
  const int64_t half = products >= 50000 ? ceil_div(p.n, 8) * 4 : p.n;
  parallel_for(context, p.n, products >= 500000 ? grain : half, [&](int64_t begin, int64_t end) {
    auto pieces = [&](int64_t from, int64_t to) {
      for (int64_t n = from; n < to; n++) multiply_pieces(p, left.x, left.row, n, store);
    };
#if defined(LW_LOW_BIT_VECTORS)
    if (turned) {
      if (p.w.zero) return multiply_nibbles<true>(p, left.x, left.row, left.sums, left.sums_row, begin, end, store);
      return multiply_nibbles<false>(p, left.x, left.row, left.sums, left.sums_row, begin, end, store);
    }
    if (!is_even) return pieces(begin, end);
    switch (p.w.format) {
      case kBytesFormat:
        if (p.w.zero) return multiply_bytes<ReadBytes, true>(p, left.x, left.row, begin, end, store);
        return multiply_bytes<ReadBytes, false>(p, left.x, left.row, begin, end, store);
      case kHalfFormat:
        if (p.w.dtype == kFloat16) return multiply_bytes<ReadHalf, false>(p, left.x, left.row, begin, end, store);
        return multiply_bytes<ReadBrain, false>(p, left.x, left.row, begin, end, store);
      case kFloat8Format:
        if (p.w.dtype != LowBitWeights::kE4m3fn) {
          return multiply_bytes<ReadE5m2, false>(p, left.x, left.row, begin, end, store);
        }
        for (int64_t n = begin; n < end; n += 4) {
          const int64_t last = smaller(n + 4, end);
          if (has_nan(p.w.data + n * p.w.k, (last - n) * p.w.k)) pieces(n, last);
          else multiply_bytes<ReadE4m3, false>(p, left.x, left.row, n, last, store);
        }
        return;
      default: break;
    }
#endif
    pieces(begin, end);
  });
}

template <class S> void spell(Context* context, const LowBitWeights& w, S* out, int64_t n) {
  const int64_t grain = (32 << 10) / larger(w.k, 1) + 1;
  parallel_for(context, n, grain, [&](int64_t begin, int64_t end) {
    float piece[kPiece];
    for (int64_t i = begin; i < end; i++) {
      for (int64_t at = 0; at < w.k; at += kPiece) {
        const int64_t count = smaller(kPiece, w.k - at);
        spell_run(piece, w, i, at, count);
        store_run(out + i * w.k + at, piece, 1, count);
      }
    }
  });
}

}  // namespace

// dtype out x format weight_dtype weight scale zero table bias m n k group x_row rounds (x to bfloat16, for weights of whole bytes)
KERNEL(matmul_low_bit) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *x = args.pointer();
  Product p;
  p.w.format = (WeightFormat)args.integer();
  p.w.dtype = int(args.integer());
  p.w.data = args.pointer<uint8_t>();
  p.w.scale = args.pointer<float>();
  p.w.zero = args.pointer<uint8_t>();
  p.w.table = args.pointer<float>();
  p.bias = args.pointer<float>();
  p.m = args.integer();
  p.n = args.integer();
  p.w.k = args.integer();
  p.w.group = args.integer();
  const int64_t x_row = args.integer();
  p.rounds = args.integer() != 0;
  p.w.measure();
  const bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if constexpr (!is_same<S, double>) {
      if (p.m <= kFewRows || p.w.k == 0) multiply(context, p, (S*)out, (const S*)x, x_row);
      else multiply_panels(context, p, (S*)out, (const S*)x, x_row);
    }
  });
  if (!known || dtype == kFloat64) context->fail(context, "[matmul_low_bit] expected float32, float16 or bfloat16");
}

// format dtype out weight_dtype weight scale zero table n k group
KERNEL(dequantize_low_bit) {
  context->cancellable = true;
  LowBitWeights w;
  w.format = (WeightFormat)args.integer();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  w.dtype = int(args.integer());
  w.data = args.pointer<uint8_t>();
  w.scale = args.pointer<float>();
  w.zero = args.pointer<uint8_t>();
  w.table = args.pointer<float>();
  const int64_t n = args.integer();
  w.k = args.integer();
  w.group = args.integer();
  w.measure();
  const bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    spell(context, w, (S*)out, n);
  });
  if (!known) context->fail(context, "[dequantize_low_bit] expected a floating dtype");
}

}  // namespace layerwise::NS

// Linear layers of eight-bit integers: quantizing activations on the fly, the product, and what becomes of the sums. Few
// rows read the weights where they lie, many share panels that are packed on the way; nothing is kept between calls.
#include "bytes.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kMostRowsAlong = 4;            // more rows are worth packing the weights for
constexpr int64_t kDeep = 3072;                   // weights so deep cost more to pack
constexpr int64_t kAlongBytes = 64 << 10;        // of weights that are worth a chunk
constexpr int64_t kParallelProducts = 1 << 20;   // below this a second thread comes too late to help
constexpr int64_t kRowBlock = 4 * kByteRows;

// Rows of x as the loops want them, with what they still need to become real.
template <class Dots> struct Rows {
  const typename Dots::Element* data;
  int64_t stride;
  RowNumbers* numbers;
};

// Whole runs, and never a multiple of a page: rows that lie so would fight for the same lines of the cache.
template <class Dots> int64_t row_stride(int64_t k) {
  const int64_t whole = larger(1, ceil_div(k, Dots::kRun)) * Dots::kRun;
  return whole * int64_t(sizeof(typename Dots::Element)) % 512 ? whole : whole + Dots::kRun;
}

// Room for m rows and their numbers, in slot 0.
template <class Dots> bool make_rows(Context* context, Rows<Dots>* rows, int64_t m, int64_t k) {
  rows->stride = row_stride<Dots>(k);
  const int64_t data_bytes = ceil_div(m * rows->stride * int64_t(sizeof(typename Dots::Element)), 64) * 64;
  char* room = (char*)context->scratch(context, 0, size_t(data_bytes + m * int64_t(sizeof(RowNumbers))));
  rows->data = (typename Dots::Element*)room;
  rows->numbers = (RowNumbers*)(room + data_bytes);
  if (!room) context->fail(context, "[linear_int8] out of memory for the quantized rows");
  return room != nullptr;
}

template <class Element> int32_t sum_of_row(const Element* x, int64_t k) {
  int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t p = 0; p < k; p++) sum += x[p];
  return sum;
}

// ---- quantizing -----------------------------------------------------------------------------------------------------

struct Range {
  float low, high;
  void take(Range other) {
    low = other.low < low ? other.low : low;
    high = other.high > high ? other.high : high;
  }
};

Range range_of(const float* x, int64_t k) {
  Floats low[4] = {}, high[4] = {};  // a range always holds zero
  int64_t p = 0;
  for (; p + 4 * kByteLanes <= k; p += 4 * kByteLanes) {
    for (int u = 0; u < 4; u++) {
      const Floats v = floats_at(x + p + u * kByteLanes);
      low[u] = v < low[u] ? v : low[u];
      high[u] = v > high[u] ? v : high[u];
    }
  }
  Range r = {0, 0};
  for (int u = 0; u < 4; u++) {
    for (int i = 0; i < kByteLanes; i++) r.take({low[u][i], high[u][i]});
  }
  for (; p < k; p++) r.take({x[p], x[p]});
  return r;
}

struct Scale {
  float scale;
  int32_t zero;
};

double magnitude(double x) { return x < 0 ? -x : x; }

// PyTorch's and FBGEMM's choice, the same as qparamsOf in src/runtime/ops/affine.ts.
Scale scale_of(Range r, int32_t most) {
  constexpr float smallest = 6.1e-5f;
  double low = r.low, high = r.high;
  double scale = (high - low) / most;
  if (scale <= 0x1p-128) scale = 0.1;
  if (scale < smallest) {
    const double grown = smallest / scale, widest = double(smallest) * most;
    if (low == 0) {
      high = widest;
    } else if (high == 0) {
      low = -widest;
    } else {
      low *= grown;
      high *= grown;
    }
    scale = smallest;
  }
  const double from_low = -low / scale, from_high = most - high / scale;
  const double low_error = -magnitude(low / scale), high_error = most - magnitude(high / scale);
  double zero = __builtin_nearbyint(low_error < high_error ? from_low : from_high);
  zero = zero > 0 ? zero : 0;
  return {float(scale), int32_t(zero < most ? zero : most)};
}

// One row into bytes from zero, or into 16 bits around it.
template <class Dots>
void quantize_row(typename Dots::Element* out, const float* x, int64_t k, Scale s, int32_t most) {
  typedef typename Dots::Element Vector __attribute__((vector_size(kByteLanes * sizeof(typename Dots::Element))));
  const Floats inverse = Floats{} + 1 / s.scale;
  const Floats low = Floats{} + float(-s.zero), high = Floats{} + float(most - s.zero);
  const int32_t shift = Dots::kBytes ? s.zero : 0;
  auto vector_at = [&](Floats v) {
    v *= inverse;
    v = v > low ? v : low;
    v = v < high ? v : high;
    return __builtin_convertvector(rounded(v) + shift, Vector);
  };
  int64_t p = 0;
  for (; p + kByteLanes <= k; p += kByteLanes) {
    const Vector q = vector_at(floats_at(x + p));
    memcpy(out + p, &q, sizeof q);
  }
  if (p == k) return;
  float rest[kByteLanes] = {};
  memcpy(rest, x + p, size_t(k - p) * 4);
  const Vector q = vector_at(floats_at(rest));
  memcpy(out + p, &q, size_t(k - p) * sizeof(typename Dots::Element));
}

// Row i of x in single precision: itself, or spelled out into the calling thread's slot 3.
template <class S> const float* float_row(Context* context, const S* x, int64_t i, int64_t k) {
  if constexpr (is_same<S, float>) {
    return x + i * k;
  } else {
    float* row = (float*)context->scratch(context, 3, size_t(larger(k, 1)) * 4);
    if (row) load_run(row, x + i * k, 1, k);
    return row;
  }
}

constexpr const char* kNoRoom = "[linear_int8_dynamic] out of memory for a row";

template <class Dots, class S>
bool quantize_rows(Context* context, Rows<Dots>* rows, const S* x, int64_t m, int64_t k, bool by_row, int32_t most,
                   bool needs_sums) {
  if (!make_rows(context, rows, m, k)) return false;
  constexpr int64_t kPieces = 64;
  Range ranges[kPieces];
  for (Range& r : ranges) r = {0, 0};
  const int64_t grain = (32 << 10) / larger(k, 1) + 1;
  const int64_t rows_of_piece = larger(ceil_div(m, kPieces), grain);
  Scale whole = {1, 0};
  if (!by_row) {
    parallel_for(context, ceil_div(m, rows_of_piece), 1, [&](int64_t begin, int64_t end) {
      for (int64_t piece = begin; piece < end; piece++) {
        const int64_t last = smaller((piece + 1) * rows_of_piece, m);
        for (int64_t i = piece * rows_of_piece; i < last; i++) {
          const float* row = float_row(context, x, i, k);
          if (!row) return context->fail(context, kNoRoom);
          ranges[piece].take(range_of(row, k));
        }
      }
    });
    for (int64_t piece = 1; piece < kPieces; piece++) ranges[0].take(ranges[piece]);
    whole = scale_of(ranges[0], most);
  }
  parallel_for(context, m, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const float* row = float_row(context, x, i, k);
      if (!row) return context->fail(context, kNoRoom);
      const Scale s = by_row ? scale_of(range_of(row, k), most) : whole;
      typename Dots::Element* to = (typename Dots::Element*)rows->data + i * rows->stride;
      quantize_row<Dots>(to, row, k, s, most);
      rows->numbers[i] = {s.scale, Dots::kBytes ? s.zero : 0, needs_sums ? sum_of_row(to, k) : 0};
    }
  });
  return true;
}

// Rows that are integers already; only their form changes. `zero` is theirs.
template <class Dots>
bool adopt_rows(Context* context, Rows<Dots>* rows, Dtype dtype, const uint8_t* x, int64_t m, int64_t k, int32_t zero,
                bool needs_sums) {
  if (!make_rows(context, rows, m, k)) return false;
  const bool is_signed = dtype == kInt8;
  const int32_t left = Dots::kBytes ? zero + (is_signed ? 128 : 0) : 0;
  const bool is_ready = Dots::kBytes && !is_signed && k % Dots::kRun == 0;
  parallel_for(context, m, (64 << 10) / larger(k, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const uint8_t* from = x + i * k;
      typename Dots::Element* to = (typename Dots::Element*)rows->data + i * rows->stride;
      if (Dots::kBytes) {
        const uint8_t flipped = is_signed ? 128 : 0;
        if (!is_ready) {
#pragma omp simd
          for (int64_t p = 0; p < k; p++) to[p] = from[p] ^ flipped;
        }
      } else if (is_signed) {
#pragma omp simd
        for (int64_t p = 0; p < k; p++) to[p] = int16_t(int8_t(from[p]) - zero);
      } else {
#pragma omp simd
        for (int64_t p = 0; p < k; p++) to[p] = int16_t(from[p] - zero);
      }
      int32_t sum = 0;
      if (needs_sums) sum = is_ready ? sum_of_row(from, k) : sum_of_row(to, k);
      rows->numbers[i] = {1, left, sum};
    }
  });
  if (is_ready) {
    rows->data = (const typename Dots::Element*)x;
    rows->stride = k;
  }
  return true;
}

// ---- the product ----------------------------------------------------------------------------------------------------

// Each column of weights against all rows, read once from where it lies.
template <class Dots, class Sink>
void multiply_along(Context* context, const Rows<Dots>& rows, int64_t m, int64_t n, int64_t k, const int8_t* w,
                    const Columns& c, const Sink& sink) {
  const bool is_worth = m * n * k >= kParallelProducts;
  const int64_t grain = ceil_div(kAlongBytes / larger(k, 1) + 1, kByteColumns) * kByteColumns;
  parallel_for(context, n, is_worth ? grain : n, [&](int64_t begin, int64_t end) {
    for (int64_t column = begin; column < end; column += kByteColumns) {
      const int64_t width = smaller(kByteColumns, end - column);
      int32_t tile[kMostRowsAlong * kByteColumns], of_columns[kByteColumns] = {};
      auto multiply = [&](auto tall, auto wide, int64_t i, int64_t j) {
        constexpr int R = decltype(tall)::value, C = decltype(wide)::value;
        int32_t sums[R * C];
        const typename Dots::Element* x = rows.data + i * rows.stride;
        const int8_t* weights = w + (column + j) * k;
        if (Dots::kBytes && i == 0) {
          Dots::template along<R, C, true>(k, x, rows.stride, weights, k, sums, of_columns + j);
        } else {
          Dots::template along<R, C, false>(k, x, rows.stride, weights, k, sums, nullptr);
        }
        for (int r = 0; r < R; r++) {
          for (int q = 0; q < C; q++) tile[(i + r) * kByteColumns + j + q] = sums[r * C + q];
        }
      };
      auto all_rows = [&](auto wide, int64_t j) {
        int64_t i = 0;
        for (; i + 4 <= m; i += 4) multiply(Number<4>(), wide, i, j);
        if (i + 2 <= m) multiply(Number<2>(), wide, i, j), i += 2;
        if (i < m) multiply(Number<1>(), wide, i, j);
      };
      int64_t j = 0;
      for (; j + 4 <= width; j += 4) all_rows(Number<4>(), j);
      for (; j < width; j++) all_rows(Number<1>(), j);
      for (int64_t i = 0; i < m; i++) {
        sink.row(i, column, width, {tile + i * kByteColumns, of_columns}, c, rows.numbers[i]);
      }
    }
  });
}

// Panels of columns, each packed by the thread that multiplies it and used while it is near. Where there are few of
// them, several threads pack the same panel for rows of their own.
template <class Dots, class Sink>
void multiply_tiles(Context* context, const Rows<Dots>& rows, int64_t m, int64_t n, int64_t k, const int8_t* w,
                    const Columns& c, const Sink& sink) {
  const int64_t words = ceil_div(k, Dots::kPerWord);
  const int64_t panel_words = words * kByteColumns;
  const int64_t panels = ceil_div(n, kByteColumns);
  const bool is_worth = m * n * k >= kParallelProducts && context->threads > 1;
  int64_t splits = is_worth ? smaller(ceil_div(4 * context->threads, panels), ceil_div(m, kRowBlock)) : 1;
  const int64_t rows_of_split = ceil_div(ceil_div(m, splits), kByteRows) * kByteRows;
  splits = ceil_div(m, rows_of_split);
  const int64_t tasks = panels * splits;
  parallel_for(context, tasks, is_worth ? 1 : tasks, [&](int64_t begin, int64_t end) {
    uint32_t* panel = (uint32_t*)context->scratch(context, 3, size_t(panel_words) * 8);
    if (!panel) return context->fail(context, "[linear_int8] out of memory for a panel of weights");
    int64_t packed = -1;
    int32_t of_columns[kByteColumns] = {};
    for (int64_t task = begin; task < end; task++) {
      const int64_t column = task / splits * kByteColumns, width = smaller(kByteColumns, n - column);
      if (column != packed) {
        pack_weights<Dots>(panel, w + column * k, k, k, int(width), words, (char*)(panel + panel_words));
        if (Dots::kBytes) Dots::sum_columns(words, panel, of_columns);
        packed = column;
      }
      const int64_t first = task % splits * rows_of_split, last = smaller(first + rows_of_split, m);
      for (int64_t row = first; row < last; row += kByteRows) {
        const int height = int(smaller(kByteRows, last - row));
        const typename Dots::Element* pointers[kByteRows];
        for (int r = 0; r < height; r++) pointers[r] = rows.data + (row + r) * rows.stride;
        int32_t tile[kByteRows * kByteColumns];
        tile_for<Dots>(height, width)(1, words, pointers, panel, tile);
        for (int r = 0; r < height; r++) {
          sink.row(row + r, column, width, {tile + r * kByteColumns, of_columns}, c, rows.numbers[row + r]);
        }
      }
    }
  });
}

template <class Dots, class Sink>
void multiply(Context* context, const Rows<Dots>& rows, int64_t m, int64_t n, int64_t k, const int8_t* w,
              const Columns& c, const Sink& sink) {
  if (m <= kMostRowsAlong || (m <= 2 * kMostRowsAlong && k >= kDeep) || k == 0) {
    for (int64_t at = 0; at < m; at += kMostRowsAlong) {
      const Rows<Dots> some = {rows.data + at * rows.stride, rows.stride, rows.numbers + at};
      multiply_along(context, some, smaller(kMostRowsAlong, m - at), n, k, w, c, sink.from(at));
    }
  } else {
    multiply_tiles(context, rows, m, n, k, w, c, sink);
  }
}

// ---- where results go -----------------------------------------------------------------------------------------------

template <class S> struct RealSink {
  S* out;
  int64_t n, k;
  bool relu;

  void row(int64_t i, int64_t column, int64_t width, Sums sums, const Columns& c,
           const RowNumbers& numbers) const {
    float y[kByteColumns];
    finish_real(y, sums, column, width, c, numbers, k, relu);
    store_run(out + i * n + column, y, 1, width);
  }
  RealSink from(int64_t i) const { return {out + i * n, n, k, relu}; }
};

struct ByteSink {
  uint8_t* out;
  int64_t n, k;
  Requantize rule;

  void row(int64_t i, int64_t column, int64_t width, Sums sums, const Columns& c,
           const RowNumbers& numbers) const {
    uint8_t y[kByteColumns];
    finish_bytes(y, sums, column, width, c, numbers, k, rule);
    memcpy(out + i * n + column, y, size_t(width));
  }
  ByteSink from(int64_t i) const { return {out + i * n, n, k, rule}; }
};

struct SumSink {
  int32_t* out;
  int64_t n, k;

  void row(int64_t i, int64_t column, int64_t width, Sums sums, const Columns& c,
           const RowNumbers& numbers) const {
    for (int64_t j = 0; j < width; j += kByteLanes) {
      const Ints s = centred_sums(sums, j, c, column, numbers, k);
      memcpy(out + i * n + column + j, &s, size_t(smaller(kByteLanes, width - j)) * 4);
    }
  }
  SumSink from(int64_t i) const { return {out + i * n, n, k}; }
};

bool make_columns(Context* context, Columns* c, int64_t n, const FinishArguments& f, float x_scale) {
  char* room = (char*)context->scratch(context, 2, Columns::bytes(n));
  if (!room) context->fail(context, "[linear_int8] out of memory for the scales");
  if (room) *c = Columns::make(room, n, f, x_scale);
  return room != nullptr;
}

}  // namespace

// out_dtype out x_dtype x weight FINISH m n k
KERNEL(linear_int8) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const Dtype x_dtype = args.dtype();
  const uint8_t* x = args.pointer<uint8_t>();
  const int8_t* w = args.pointer<int8_t>();
  const FinishArguments f = FinishArguments::read(args);
  const int64_t m = args.integer(), n = args.integer(), k = args.integer();
  Columns c;
  if (!make_columns(context, &c, n, f, *f.x_scale)) return;
  with_dots([&](auto dots) {
    using Dots = decltype(dots);
    Rows<Dots> rows;
    if (!adopt_rows(context, &rows, x_dtype, x, m, k, *f.x_zero, f.weight_zero != nullptr)) return;
    if (f.out_scale) {
      return multiply(context, rows, m, n, k, w, c, ByteSink{(uint8_t*)out, n, k, Requantize::of(f, dtype)});
    }
    with_float(dtype, [&](auto tag) {
      using S = typename decltype(tag)::type;
      multiply(context, rows, m, n, k, w, c, RealSink<S>{(S*)out, n, k, f.relu});
    });
  });
}

// dtype out x weight weight_scale step weight_zero step bias by_row most relu m n k
KERNEL(linear_int8_dynamic) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *x = args.pointer();
  const int8_t* w = args.pointer<int8_t>();
  FinishArguments f = {};
  f.weight_scale = args.pointer<float>();
  f.weight_scale_step = args.integer();
  f.weight_zero = args.pointer<int32_t>();
  f.weight_zero_step = args.integer();
  f.bias = args.pointer<float>();
  const bool by_row = args.integer() != 0;
  const int32_t most = int32_t(args.integer());
  f.relu = args.integer() != 0;
  const int64_t m = args.integer(), n = args.integer(), k = args.integer();
  Columns c;
  if (!make_columns(context, &c, n, f, 1)) return;
  with_dots([&](auto dots) {
    using Dots = decltype(dots);
    with_float(dtype, [&](auto tag) {
      using S = typename decltype(tag)::type;
      Rows<Dots> rows;
      if (!quantize_rows(context, &rows, (const S*)x, m, k, by_row, most, f.weight_zero != nullptr)) return;
      multiply(context, rows, m, n, k, w, c, RealSink<S>{(S*)out, n, k, f.relu});
    });
  });
}

// out x_dtype x weight m n k: the weight's rows along k
KERNEL(int_mm) {
  context->cancellable = true;
  int32_t* out = args.pointer<int32_t>();
  const Dtype x_dtype = args.dtype();
  const uint8_t* x = args.pointer<uint8_t>();
  const int8_t* w = args.pointer<int8_t>();
  const int64_t m = args.integer(), n = args.integer(), k = args.integer();
  static const float one = 1;
  FinishArguments f = {};
  f.weight_scale = &one;
  Columns c;
  if (!make_columns(context, &c, n, f, 1)) return;
  with_dots([&](auto dots) {
    using Dots = decltype(dots);
    Rows<Dots> rows;
    if (!adopt_rows(context, &rows, x_dtype, x, m, k, 0, false)) return;
    multiply(context, rows, m, n, k, w, c, SumSink{out, n, k});
  });
}

}  // namespace layerwise::NS

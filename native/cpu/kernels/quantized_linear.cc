// Linear layers of eight-bit integers: packing weights, the product, and what becomes of the sums. Who keeps packed weights,
// and for how long, is src/runtime/packs.ts's business.
#include "byte_rows.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kChunkBytes = 64 << 10;       // of weights that are worth a chunk
constexpr int64_t kParallelProducts = 1 << 21;  // below this a second thread comes too late to help
constexpr int64_t kRowBlock = 4 * kByteRows;

typedef uint8_t ByteVector __attribute__((vector_size(kByteLanes)));

Ints ints_at(const int32_t* p) {
  Ints v;
  memcpy(&v, p, sizeof v);
  return v;
}

// What the sums of some columns need to become results, padded to whole vectors. Made once for all rows.
struct alignas(64) PanelNumbers {
  static constexpr int kMost = kMostVectors * kByteLanes;
  float factor[kMost];   // of a sum: a scale, or the quotient of two
  float addend[kMost];   // real: added after scaling; requantized: before
  int32_t begin[kMost];  // where sums begin: what the zero of all rows takes off them
  int32_t shift[kMost];  // what one step of a row's zero takes off a sum
  int32_t zero[kMost];   // of the weights
  bool has_zero, is_even;

  template <class Dots>
  void make(const FinishArguments& f, const Rows<Dots>& rows, const PackedWeight& w, int64_t column, int64_t width,
            int64_t k) {
    const float* scale = f.weight_scale + column * f.weight_scale_step;
    const int64_t padded = ceil_div(width, kByteLanes) * kByteLanes;
    has_zero = f.weight_zero != nullptr;
    is_even = rows.is_even;
    const float x_scale = is_even ? rows.facts[0].scale : 1;
    const int32_t x_zero = is_even ? rows.facts[0].zero : 0;
    if (f.weight_scale_step) memcpy(factor, scale, size_t(width) * 4);
    else for (int64_t j = 0; j < width; j++) factor[j] = scale[0];
    for (int64_t j = width; j < padded; j++) factor[j] = 1;
    for (int64_t j = 0; j < padded; j++) factor[j] *= x_scale;
    memset(addend, 0, size_t(padded) * 4);
    if (f.bias) memcpy(addend, f.bias + column, size_t(width) * 4);
    if (f.out_scale) {
      const float out_scale = *f.out_scale;
      if (f.bias) for (int64_t j = 0; j < padded; j++) addend[j] /= factor[j];
      for (int64_t j = 0; j < padded; j++) factor[j] /= out_scale;
    }
    memcpy(shift, w.sums + column, size_t(padded) * 4);
    if (has_zero) {
      memset(zero, 0, size_t(padded) * 4);
      for (int64_t j = 0; j < width; j++) zero[j] = f.weight_zero[(column + j) * f.weight_zero_step];
      for (int64_t j = 0; j < width; j++) shift[j] -= zero[j] * int32_t(k);
    }
    for (int64_t j = 0; j < padded; j++) begin[j] = -x_zero * shift[j];
  }

  // Are sums finished as they are?
  bool is_plain() const { return is_even && !has_zero; }

  // Sums of (x - zero) * (w - zero) at a vector of columns.
  LW_INLINE Ints sums_at(const int32_t* sums, int64_t j, const RowFacts& row) const {
    Ints s = ints_at(sums);
    if (has_zero) s -= ints_at(zero + j) * row.sum;
    if (!is_even) s -= ints_at(shift + j) * row.zero;
    return s;
  }
};

// Sums of `height` rows and `width` columns, rows `stride` apart, and where their results go.
struct Tile {
  const int32_t* sums;
  int64_t stride, height, width;
};

// ---- where results go -----------------------------------------------------------------------------------------------

template <class S> LW_STATIC void put_floats(S* to, Floats y, int64_t count) {
  if constexpr (!is_same<S, double>) {
    if (count == kByteLanes) return store(to, y);
  }
  float values[kByteLanes];
  memcpy(values, &y, sizeof y);
  store_run(to, values, 1, count);
}

template <class S> struct RealSink {
  using Element = S;
  S* out;
  bool relu;

  void finish(S* to, int64_t n, const Tile& t, const PanelNumbers& c, const RowFacts* rows) const {
    for (int64_t j = 0; j < t.width; j += kByteLanes) {
      const Floats factor = floats_at(c.factor + j), addend = floats_at(c.addend + j);
      const int64_t count = smaller(kByteLanes, t.width - j);
      auto each = [&](auto value) __attribute__((always_inline)) {
        for (int64_t r = 0; r < t.height; r++) put_floats(to + r * n + j, value(r), count);
      };
      const int32_t* sums = t.sums + j;
      auto plain = [&](int64_t r) __attribute__((always_inline)) {
        return __builtin_convertvector(ints_at(sums + r * t.stride), Floats) * factor + addend;
      };
      auto positive = [](Floats y) __attribute__((always_inline)) { return y > 0 ? y : Floats{}; };
      if (c.is_plain()) {
        if (relu) each([&](int64_t r) __attribute__((always_inline)) { return positive(plain(r)); });
        else each(plain);
        continue;
      }
      each([&](int64_t r) __attribute__((always_inline)) {
        const Floats s = __builtin_convertvector(c.sums_at(sums + r * t.stride, j, rows[r]), Floats);
        const Floats y = s * (c.is_even ? factor : factor * rows[r].scale) + addend;
        return relu ? positive(y) : y;
      });
    }
  }
};

struct ByteSink {
  using Element = uint8_t;
  uint8_t* out;
  Requantize rule;

  void finish(uint8_t* to, int64_t n, const Tile& t, const PanelNumbers& c, const RowFacts* rows) const {
    const Floats low = Floats{} + rule.low, high = Floats{} + rule.high;
    for (int64_t j = 0; j < t.width; j += kByteLanes) {
      const Floats factor = floats_at(c.factor + j), addend = floats_at(c.addend + j);
      const size_t count = size_t(smaller(kByteLanes, t.width - j));
      for (int64_t r = 0; r < t.height; r++) {
        Floats y = __builtin_convertvector(c.sums_at(t.sums + r * t.stride + j, j, rows[r]), Floats) + addend;
        y *= factor;
        y = y > low ? y : low;
        y = y < high ? y : high;
        const ByteVector bytes = __builtin_convertvector(rounded(y) + rule.zero, ByteVector);
        if (count == kByteLanes) memcpy(to + r * n + j, &bytes, sizeof bytes);
        else memcpy(to + r * n + j, &bytes, count);
      }
    }
  }
};

struct SumSink {
  using Element = int32_t;
  int32_t* out;

  void finish(int32_t* to, int64_t n, const Tile& t, const PanelNumbers& c, const RowFacts* rows) const {
    for (int64_t r = 0; r < t.height; r++) {
      for (int64_t j = 0; j < t.width; j += kByteLanes) {
        const Ints s = c.sums_at(t.sums + r * t.stride + j, j, rows[r]);
        memcpy(to + r * n + j, &s, size_t(smaller(kByteLanes, t.width - j)) * 4);
      }
    }
  }
};

// ---- the product ----------------------------------------------------------------------------------------------------

// All rows against all columns. A task is some panels and some rows: where there are few panels, several threads read the
// same ones for rows of their own.
template <class Dots, class Sink>
void multiply(Context* context, const Rows<Dots>& rows, int64_t m, int64_t n, int64_t k, const PackedWeight& w,
              const FinishArguments& f, const Sink& sink) {
  const bool is_worth = context->threads > 1 && m * n * k >= kParallelProducts;
  const int64_t panels = ceil_div(n, kByteColumns);
  const int64_t blocks = ceil_div(m, kByteRows);
  // Blocks of equal height: a last one of a row or two would keep the machine waiting.
  const int most = vectors_for(int(ceil_div(m, blocks)));
  int64_t panels_of_task = larger(most / 2, 1);
  if (blocks == 1) panels_of_task *= ceil_div(kChunkBytes, w.panel_bytes * panels_of_task + 1);
  const int64_t groups = ceil_div(panels, panels_of_task);
  int64_t splits = is_worth ? smaller(ceil_div(4 * context->threads, groups), ceil_div(m, kRowBlock)) : 1;
  const int64_t blocks_of_split = ceil_div(blocks, splits);
  splits = ceil_div(blocks, blocks_of_split);
  const int64_t tasks = groups * splits;
  parallel_for(context, tasks, is_worth ? 1 : tasks, [&](int64_t begin, int64_t end) {
    PanelNumbers numbers;
    alignas(64) int32_t tile[kMostSums * kByteLanes];
    for (int64_t task = begin; task < end; task++) {
      const int64_t first_block = task % splits * blocks_of_split;
      const int64_t last_block = smaller(first_block + blocks_of_split, blocks);
      int64_t column = task / splits * panels_of_task * kByteColumns;
      const int64_t last = smaller(column + panels_of_task * kByteColumns, n);
      while (column < last) {
        const int64_t left = ceil_div(last - column, kByteLanes);
        int vectors = most;
        while (vectors > left) vectors /= 2;
        const int64_t width = smaller(vectors * kByteLanes, last - column);
        numbers.make(f, rows, w, column, width, k);
        const int8_t* panel = w.panels + column / kByteColumns * w.panel_bytes;
        for (int64_t block = first_block; block < last_block; block++) {
          const int64_t row = block * m / blocks, height = (block + 1) * m / blocks - row;
          typename Sink::Element* to = sink.out + row * n + column;
          for (int64_t r = 0; r < height; r++) {
            for (int64_t j = 0; j < width; j += 64 / int64_t(sizeof *to)) __builtin_prefetch(to + r * n + j, 1);
          }
          panels_for<Dots>(int(height), vectors)(w.depth / Dots::kPerWord, rows.data + row * rows.stride, rows.stride, panel,
                                                 w.panel_bytes, numbers.begin, tile);
          sink.finish(to, n, {tile, vectors * kByteLanes, height, width}, numbers, rows.facts + row);
        }
        column += vectors * kByteLanes;
      }
    }
  });
}

}  // namespace

// pack weight n k n_step k_step
KERNEL(pack_linear_int8) {
  void* pack = args.pointer();
  const int8_t* w = args.pointer<int8_t>();
  const int64_t n = args.integer(), k = args.integer(), n_step = args.integer(), k_step = args.integer();
  const PackedWeight to = PackedWeight::at(pack, n, k);
  const int64_t panels = ceil_div(n, kByteColumns);
  parallel_for(context, panels, ceil_div(256 << 10, to.panel_bytes + 1), [&](int64_t begin, int64_t end) {
    char* stage = (char*)context->scratch(context, 3, size_t(to.panel_bytes + 1));
    if (!stage) return context->fail(context, "[linear_int8] out of memory for a panel of weights");
    for (int64_t panel = begin; panel < end; panel++) {
      const int64_t column = panel * kByteColumns;
      const int count = int(smaller(kByteColumns, n - column));
      with_dots([&](auto dots) {
        pack_panel<decltype(dots)>(to, panel, w + column * n_step, n_step, k_step, count, k, stage);
      });
    }
  });
}

// Where the results of rows go, by the dtype that they are wanted in.
template <class Dots>
static void multiply_into(Context* context, Dtype dtype, void* out, const Rows<Dots>& rows, int64_t m, int64_t n, int64_t k,
                          const PackedWeight& w, const FinishArguments& f) {
  if (dtype == kInt32) return multiply(context, rows, m, n, k, w, f, SumSink{(int32_t*)out});
  if (f.out_scale) return multiply(context, rows, m, n, k, w, f, ByteSink{(uint8_t*)out, Requantize::of(f, dtype)});
  with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    multiply(context, rows, m, n, k, w, f, RealSink<S>{(S*)out, f.relu});
  });
}

// out_dtype out x_dtype x pack FINISH least most m n k: floats are quantized to least..most first, int32 results are sums
KERNEL(linear_int8) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const Dtype x_dtype = args.dtype();
  void *x = args.pointer(), *pack = args.pointer();
  FinishArguments f = FinishArguments::read(args);
  static const float one = 1;
  if (!f.weight_scale) f.weight_scale = &one;
  const int32_t least = int32_t(args.integer()), most = int32_t(args.integer());
  const int64_t m = args.integer(), n = args.integer(), k = args.integer();
  const PackedWeight w = PackedWeight::at(pack, n, k);
  const bool needs_sums = f.weight_zero != nullptr;
  with_dots([&](auto dots) {
    using Dots = decltype(dots);
    Rows<Dots> rows;
    const Scale given = {*f.x_scale, *f.x_zero};
    if (x_dtype == kUint8 || x_dtype == kInt8) {
      if (!adopt_rows(context, &rows, x_dtype, (const uint8_t*)x, m, k, given, needs_sums)) return;
    } else {
      // Signed integers become unsigned ones: the same differences, 128 higher.
      const int32_t shift = least < 0 ? 128 : 0;
      const Quantize how = {least + shift, most + shift, true, false, false, {given.scale, given.zero + shift}};
      bool is_done = false;
      with_float(x_dtype, [&](auto tag) {
        using S = typename decltype(tag)::type;
        is_done = quantize_rows(context, &rows, (const S*)x, m, k, how, needs_sums);
      });
      if (!is_done) return;
    }
    multiply_into(context, dtype, out, rows, m, n, k, w, f);
  });
}

// dtype out x pack weight_scale step weight_zero step bias by_row most relu m n k; by_row: 1 is by row, 2 symmetric, 3 both
KERNEL(linear_int8_dynamic) {
  context->cancellable = true;
  const Dtype dtype = args.dtype();
  void *out = args.pointer(), *x = args.pointer(), *pack = args.pointer();
  FinishArguments f = {};
  f.weight_scale = args.pointer<float>();
  f.weight_scale_step = args.integer();
  f.weight_zero = args.pointer<int32_t>();
  f.weight_zero_step = args.integer();
  f.bias = args.pointer<float>();
  Quantize how = {};
  const int64_t ranges = args.integer();
  how.by_row = ranges & 1;
  how.is_symmetric = ranges & 2;
  how.most = int32_t(args.integer());
  f.relu = args.integer() != 0;
  const int64_t m = args.integer(), n = args.integer(), k = args.integer();
  const PackedWeight w = PackedWeight::at(pack, n, k);
  with_dots([&](auto dots) {
    using Dots = decltype(dots);
    with_float(dtype, [&](auto tag) {
      using S = typename decltype(tag)::type;
      Rows<Dots> rows;
      if (!quantize_rows(context, &rows, (const S*)x, m, k, how, f.weight_zero != nullptr)) return;
      multiply(context, rows, m, n, k, w, f, RealSink<S>{(S*)out, f.relu});
    });
  });
}

}  // namespace layerwise::NS

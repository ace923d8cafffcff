// What stands between products of eight-bit integers: sums of two tensors, functions of one by a table, maxima and
// averages over windows. Images are [N, H, W, C]; planes come as images of one channel. Rounds where PyTorch's kernels
// round. Scales arrive as numbers; nothing here multiplies weights.
#include <cpuid.h>

#include "codes.h"

namespace layerwise::NS {
namespace {

LW_STATIC int32_t held(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }

// a * b + c, rounded once; the product has few enough bits to be exact in double precision.
LW_STATIC Floats joined(Floats a, float b, float c) {
#if defined(__FMA__)
  return a * b + c;
#else
  Floats out;
  for (int i = 0; i < kCodeLanes; i++) out[i] = float(double(a[i]) * double(b) + double(c));
  return out;
#endif
}

struct Meaning {
  float scale, offset;  // a number is q * scale + offset
  int32_t zero;
  static Meaning read(Args& args) {
    Meaning m;
    m.scale = float(args.real());
    m.zero = int32_t(args.integer());
    m.offset = -apart(m.scale * float(m.zero));
    return m;
  }
  template <class T> Floats at(const T* p) const {
    return joined(__builtin_convertvector(widened(p), Floats), scale, offset);
  }
  template <class T> float one(T q) const { return apart(float(int32_t(q) - zero) * scale); }
};

// PyTorch takes so many elements at once and the rest one by one, and these round elsewhere.
constexpr int64_t kAtOnce = 64;

template <class T>
void add_runs(Context* context, T* out, const T* a, const Meaning& ma, const T* b, const Meaning& mb, float inverse,
              int32_t zero, bool relu, int64_t n) {
  const int32_t least = least_of<T>(), most = least + 255;
  const float low = float(least - zero), high = float(most - zero);
  const Floats floor = Floats{} + (relu ? 0.0f : -__builtin_inff());
  const int64_t blocks = n / kAtOnce;
  parallel_for(context, blocks, kTaskBytes / (3 * kAtOnce), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kAtOnce; i < end * kAtOnce; i += kCodeLanes) {
      Floats sum = ma.at(a + i) + mb.at(b + i);
      sum = sum > floor ? sum : floor;
      Floats y = sum * inverse;
      y = y > low ? y : Floats{} + low;
      y = y < high ? y : Floats{} + high;
      narrow_into(out + i, nearest(y) + zero);
    }
  });
  for (int64_t i = blocks * kAtOnce; i < n; i++) {
    float sum = apart(ma.one(a[i]) + mb.one(b[i]));
    if (relu && sum < 0) sum = 0;
    float y = apart(sum * inverse) + float(zero);
    y = y < float(least) ? float(least) : y > float(most) ? float(most) : y;
    out[i] = T(nearest_of(y));
  }
}

#if defined(__AVX512F__)
#pragma GCC push_options
#pragma GCC target("avx512vbmi")
void map_with_permutes(uint8_t* out, const uint8_t* in, int64_t n, const uint8_t* table) {
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  for (int64_t i = 0; i < n; i += 64) {
    const __mmask64 inside = n - i >= 64 ? ~0ull : (1ull << (n - i)) - 1;
    const __m512i x = _mm512_maskz_loadu_epi8(inside, in + i);
    const __m512i low = _mm512_permutex2var_epi8(t0, x, t1), high = _mm512_permutex2var_epi8(t2, x, t3);
    _mm512_mask_storeu_epi8(out + i, inside, _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high));
  }
}
#pragma GCC pop_options

bool has_byte_permutes() {
  unsigned eax, ebx, ecx = 0, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 1 & 1);
}
#endif

void map_run(uint8_t* out, const uint8_t* in, int64_t n, const uint8_t* table) {
#if defined(__AVX512F__)
  static int known = -1;
  if (known < 0) known = has_byte_permutes();
  if (known) return map_with_permutes(out, in, n, table);
#endif
  for (int64_t i = 0; i < n; i++) out[i] = table[in[i]];
}

// ---- windows --------------------------------------------------------------------------------------------------------

struct Windows {
  int64_t N, C, H, W, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw;
  static Windows read(Args& args, bool dilated) {
    Windows w;
    int64_t* fields[] = {&w.N, &w.C, &w.H, &w.W, &w.oh, &w.ow, &w.kh, &w.kw, &w.sh, &w.sw, &w.ph, &w.pw};
    for (int64_t* field : fields) *field = args.integer();
    w.dh = dilated ? args.integer() : 1;
    w.dw = dilated ? args.integer() : 1;
    return w;
  }
  int64_t rows_of_task() const { return kTaskBytes / larger(1, W * C * kh) + 1; }
};

// out = the larger of both, for n bytes.
template <class T> LW_STATIC void raise(T* __restrict__ out, const T* __restrict__ in, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) out[i] = out[i] > in[i] ? out[i] : in[i];
}
template <class T> LW_STATIC void larger_of(T* __restrict__ out, const T* a, const T* b, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) out[i] = a[i] > b[i] ? a[i] : b[i];
}

// Down the columns first, then along the row: both run over bytes that lie side by side.
template <class T> void max_windows(Context* context, const Windows& w, const T* x, T* out) {
  parallel_for(context, w.N * w.oh, w.rows_of_task(), [&](int64_t begin, int64_t end) {
    const int64_t line = w.W * w.C;
    T* tallest = (T*)context->scratch(context, 0, size_t(line));
    if (!tallest) return context->fail(context, "[max_pool2d_int8] out of memory for a row");
    for (int64_t row = begin; row < end; row++) {
      const T* image = x + row / w.oh * w.H * line;
      const int64_t top = row % w.oh * w.sh - w.ph;
      const T* first = nullptr;
      bool is_raised = false;
      for (int64_t r = 0; r < w.kh; r++) {
        const int64_t y = top + r * w.dh;
        if (y < 0 || y >= w.H) continue;
        const T* in = image + y * line;
        if (!first) first = in;
        else if (!is_raised) larger_of(tallest, first, in, line), is_raised = true;
        else raise(tallest, in, line);
      }
      const T* from = is_raised ? tallest : first;
      T* to = out + row * w.ow * w.C;
      for (int64_t ox = 0; ox < w.ow; ox++, to += w.C) {
        const int64_t left = ox * w.sw - w.pw;
        bool is_first = true;
        for (int64_t q = 0; q < w.kw; q++) {
          const int64_t at = left + q * w.dw;
          if (at < 0 || at >= w.W) continue;
          if (is_first) memcpy(to, from + at * w.C, size_t(w.C));
          else raise(to, from + at * w.C, w.C);
          is_first = false;
        }
      }
    }
  });
}

// How PyTorch's kernels for channels last round the channels that they take at once: sixteen of them, the rest one by
// one as planes are.
enum class AtOnce { kRoundFirst, kMultiplied };

// One window [top, bottom) x [left, right) as averages.
template <AtOnce how, class T>
LW_STATIC void average(T* out, const T* image, const Windows& w, int64_t top, int64_t bottom, int64_t left,
                       int64_t right, int32_t zero, int64_t divisor, int32_t* sums) {
  const int32_t start = -zero * int32_t((bottom - top) * (right - left));
  const int32_t least = least_of<T>(), most = least + 255;
#pragma omp simd
  for (int64_t c = 0; c < w.C; c++) sums[c] = start;
  for (int64_t y = top; y < bottom; y++) {
    const T* in = image + (y * w.W + left) * w.C;
    for (int64_t q = left; q < right; q++, in += w.C) {
#pragma omp simd
      for (int64_t c = 0; c < w.C; c++) sums[c] += in[c];
    }
  }
  const float inverse = 1.0f / float(divisor);
  int64_t c = 0;
  for (; c < w.C / 16 * 16; c += kCodeLanes) {
    Ints sum;
    memcpy(&sum, sums + c, sizeof sum);
    const Floats x = __builtin_convertvector(sum, Floats);
    Ints q = how == AtOnce::kMultiplied ? nearest(joined(x, inverse, float(zero))) : nearest(x * inverse) + zero;
    q = q > least ? q : Ints{} + least;
    narrow_into(out + c, q < most ? q : Ints{} + most);
  }
  for (; c < w.C; c++) out[c] = T(held(nearest_of(apart(float(sums[c]) * inverse) + float(zero)), least, most));
}

// A plane: the same without room for sums.
template <class T>
LW_STATIC T average_of_plane(const T* plane, int64_t W, int64_t top, int64_t bottom, int64_t left, int64_t right,
                             int32_t zero, int64_t divisor) {
  int32_t sum = -zero * int32_t((bottom - top) * (right - left));
  for (int64_t y = top; y < bottom; y++) {
    for (int64_t q = left; q < right; q++) sum += plane[y * W + q];
  }
  const int32_t least = least_of<T>();
  return T(held(nearest_of(apart(float(sum) / float(divisor)) + float(zero)), least, least + 255));
}

// span(oy, ox, &top, &bottom, &left, &right) gives a window's elements and returns what it is divided by.
template <AtOnce how, class T, class Span>
void average_windows(Context* context, const Windows& w, const T* x, T* out, int32_t zero, int64_t grain, Span span) {
  parallel_for(context, w.N * w.oh, grain, [&](int64_t begin, int64_t end) {
    int32_t* sums = (int32_t*)context->scratch(context, 0, size_t(w.C) * 4);
    if (!sums) return context->fail(context, "[avg_pool2d_int8] out of memory for the sums");
    for (int64_t row = begin; row < end; row++) {
      const T* image = x + row / w.oh * w.H * w.W * w.C;
      for (int64_t ox = 0; ox < w.ow; ox++) {
        int64_t top, bottom, left, right;
        const int64_t divisor = span(row % w.oh, ox, &top, &bottom, &left, &right);
        T* to = out + (row * w.ow + ox) * w.C;
        if (w.C == 1) *to = average_of_plane(image, w.W, top, bottom, left, right, zero, divisor);
        else average<how>(to, image, w, top, bottom, left, right, zero, divisor, sums);
      }
    }
  });
}

}  // namespace

// dtype out_dtype out x scale zero out_scale(0 = real numbers) out_zero images pixels channels
KERNEL(mean_int8) {
  const Dtype dtype = args.dtype(), out_dtype = args.dtype();
  void* out = args.pointer();
  const void* x = args.pointer();
  const float scale = float(args.real());
  const int32_t zero = int32_t(args.integer());
  const float out_scale = float(args.real());
  const int32_t out_zero = int32_t(args.integer());
  const int64_t images = args.integer(), pixels = args.integer(), channels = args.integer();
  const float factor = scale / float(pixels), inverse = 1.0f / out_scale;
  const int32_t least = out_dtype == kInt8 ? -128 : 0;
  constexpr int64_t kBlock = 4 * kCodeLanes;
  const int64_t blocks = ceil_div(channels, kBlock);
  with_bytes(dtype, [&](auto byte) {
    using T = decltype(byte);
    parallel_for(context, images * blocks, kTaskBytes / (pixels * kBlock) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const int64_t first = i % blocks * kBlock, width = smaller(kBlock, channels - first);
        const T* from = (const T*)x + i / blocks * pixels * channels + first;
        Ints sum[4] = {};
        for (int64_t pixel = 0; pixel < pixels; pixel++, from += channels) {
          T some[kBlock] = {};
          const T* row = from;
          if (width < kBlock) memcpy(some, from, size_t(width)), row = some;
#pragma GCC unroll 4
          for (int j = 0; j < 4; j++) sum[j] += widened(row + j * kCodeLanes);
        }
        for (int64_t c = 0; c < width; c++) {
          const int64_t total = sum[c / kCodeLanes][c % kCodeLanes] - int64_t(zero) * pixels;
          const float mean = apart(float(total) * factor);
          const int64_t at = i / blocks * channels + first + c;
          if (out_dtype == kFloat32) ((float*)out)[at] = mean;
          else ((uint8_t*)out)[at] = uint8_t(held(nearest_of(apart(mean * inverse)) + out_zero, least, least + 255));
        }
      }
    });
  });
}

// dtype out a a_scale a_zero b b_scale b_zero out_scale out_zero relu n
KERNEL(add_int8) {
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* a = args.pointer();
  const Meaning ma = Meaning::read(args);
  const void* b = args.pointer();
  const Meaning mb = Meaning::read(args);
  const float inverse = 1.0f / float(args.real());
  const int32_t zero = int32_t(args.integer());
  const bool relu = args.integer() != 0;
  const int64_t n = args.integer();
  with_bytes(dtype, [&](auto byte) {
    using T = decltype(byte);
    add_runs<T>(context, (T*)out, (const T*)a, ma, (const T*)b, mb, inverse, zero, relu, n);
  });
}

// out out_stride in rows run table
KERNEL(map_int8) {
  uint8_t* out = args.pointer<uint8_t>();
  const int64_t stride = args.integer();
  const uint8_t* in = args.pointer<uint8_t>();
  const int64_t rows = args.integer(), run = args.integer();
  const uint8_t* table = args.pointer<uint8_t>();
  if (run == 0) return;
  // A long run is as good as many.
  const int64_t piece = rows == 1 ? kTaskBytes : run;
  const int64_t pieces = rows == 1 ? ceil_div(run, piece) : rows;
  parallel_for(context, pieces, kTaskBytes / piece, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      uint8_t* to = out + (rows == 1 ? i * piece : i * stride);
      const int64_t n = rows == 1 ? smaller(piece, run - i * piece) : run;
      if (table) map_run(to, in + i * piece, n, table);
      else memcpy(to, in + i * piece, size_t(n));
    }
  });
}

// dtype out x N C H W oh ow kh kw sh sw ph pw dh dw
KERNEL(max_pool2d_int8) {
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* x = args.pointer();
  const Windows w = Windows::read(args, true);
  with_bytes(dtype, [&](auto byte) {
    using T = decltype(byte);
    max_windows<T>(context, w, (const T*)x, (T*)out);
  });
}

// dtype out x zero N C H W oh ow kh kw sh sw ph pw count_include_pad divisor(0 = none)
KERNEL(avg_pool2d_int8) {
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* x = args.pointer();
  const int32_t zero = int32_t(args.integer());
  const Windows w = Windows::read(args, false);
  const bool include_pad = args.integer() != 0;
  const int64_t given = args.integer();
  const auto span = [&](int64_t oy, int64_t ox, int64_t* top, int64_t* bottom, int64_t* left, int64_t* right) {
    const int64_t y = oy * w.sh - w.ph, q = ox * w.sw - w.pw;
    const int64_t padded = (smaller(y + w.kh, w.H + w.ph) - y) * (smaller(q + w.kw, w.W + w.pw) - q);
    *top = larger(y, 0), *bottom = larger(*top, smaller(y + w.kh, w.H));
    *left = larger(q, 0), *right = larger(*left, smaller(q + w.kw, w.W));
    const int64_t inside = (*bottom - *top) * (*right - *left);
    return larger(1, given ? given : include_pad ? padded : inside);
  };
  with_bytes(dtype, [&](auto byte) {
    using T = decltype(byte);
    average_windows<AtOnce::kRoundFirst, T>(context, w, (const T*)x, (T*)out, zero, w.rows_of_task(), span);
  });
}

// dtype out x zero N C H W oh ow
KERNEL(adaptive_avg_pool2d_int8) {
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* x = args.pointer();
  const int32_t zero = int32_t(args.integer());
  Windows w = {};
  int64_t* fields[] = {&w.N, &w.C, &w.H, &w.W, &w.oh, &w.ow};
  for (int64_t* field : fields) *field = args.integer();
  const auto span = [&](int64_t oy, int64_t ox, int64_t* top, int64_t* bottom, int64_t* left, int64_t* right) {
    *top = oy * w.H / w.oh, *bottom = ceil_div((oy + 1) * w.H, w.oh);
    *left = ox * w.W / w.ow, *right = ceil_div((ox + 1) * w.W, w.ow);
    return (*bottom - *top) * (*right - *left);
  };
  with_bytes(dtype, [&](auto byte) {
    using T = decltype(byte);
    const int64_t grain = kTaskBytes / larger(1, w.W * w.C * ceil_div(w.H, w.oh)) + 1;
    average_windows<AtOnce::kMultiplied, T>(context, w, (const T*)x, (T*)out, zero, grain, span);
  });
}

}  // namespace layerwise::NS

// Products of eight-bit integers by one another, and by a factor for each channel with something added: squeezed images,
// norms behind a join. Channels lie side by side. Rounds once, the same on every machine; multiplies no weights.
#include "codes.h"

namespace layerwise::NS {
namespace {

// A result's codes: clamped to bytes, or from the zero point on.
struct Ends {
  int32_t zero, least, most;

  template <class T> static Ends of(int32_t zero, bool relu) {
    const int32_t least = least_of<T>(), most = least + 255;
    return {zero, relu ? int32_t(smaller(larger(zero, least), most)) : least, most};
  }
  // Steps of the result; far ones are held back from overflowing.
  Ints of(Floats steps) const {
    const Floats far = Floats{} + 0x1p24f;
    steps = steps < far ? steps : far;
    const Ints q = nearest(steps > -far ? steps : -far) + zero;
    const Ints high = q < most ? q : Ints{} + most;
    return high > least ? high : Ints{} + least;
  }
};

// out[i] = what make(i, x + i) gives, a vector of lanes at a time; the last ones by way of a copy with room behind it.
template <class T, class Make> LW_STATIC void each_lane(T* out, const T* x, int64_t n, const Make& make) {
  int64_t i = 0;
  for (; i + kCodeLanes <= n; i += kCodeLanes) narrow_into(out + i, make(i, widened(x + i)));
  if (i == n) return;
  T bytes[kCodeLanes] = {};
  memcpy(bytes, x + i, size_t(n - i));
  narrow_into(bytes, make(i, widened(bytes)));
  memcpy(out + i, bytes, size_t(n - i));
}

}  // namespace

// dtype out a a_zero b b_zero factor out_zero relu images pixels channels; b: [images, channels]
KERNEL(mul_int8) {
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const void* a = args.pointer();
  const int32_t a_zero = int32_t(args.integer());
  const void* b = args.pointer();
  const int32_t b_zero = int32_t(args.integer());
  const float factor = float(args.real());
  const int32_t zero = int32_t(args.integer());
  const bool relu = args.integer() != 0;
  const int64_t images = args.integer(), pixels = args.integer(), channels = args.integer();
  // Two tensors of one shape are one pixel of many channels: pieces of it are tasks.
  const int64_t piece = pixels == 1 ? kTaskBytes / 2 : channels;
  const int64_t pieces = pixels == 1 ? ceil_div(images * channels, piece) : images * pixels;
  with_bytes(dtype, [&](auto byte) {
    using T = decltype(byte);
    const Ends ends = Ends::of<T>(zero, relu);
    parallel_for(context, pieces, kTaskBytes / (2 * piece) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T* other = (const T*)b + (pixels == 1 ? i * piece : i / pixels * channels);
        const int64_t n = pixels == 1 ? smaller(piece, images * channels - i * piece) : channels;
        each_lane((T*)out + i * piece, (const T*)a + i * piece, n, [&](int64_t at, Ints x) {
          T last[kCodeLanes] = {};
          const T* from = other + at;
          if (n - at < kCodeLanes) memcpy(last, from, size_t(n - at)), from = last;
          // Of nine bits each: their product is exact.
          const Ints product = (x - a_zero) * (widened(from) - b_zero);
          return ends.of(__builtin_convertvector(product, Floats) * factor);
        });
      }
    });
  });
}

// dtype out factor addend zero relu pixels n {x channels}[n]; factor and addend: float32 for the channels of all, joined
KERNEL(affine_int8) {
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const float* factor = args.pointer<float>();
  const float* addend = args.pointer<float>();
  const int32_t zero = int32_t(args.integer());
  const bool relu = args.integer() != 0;
  const int64_t pixels = args.integer(), count = args.integer();
  int64_t width = 0;
  for (int64_t i = 0; i < count; i++) width += int64_t(args.at[2 * i + 1]);
  with_bytes(dtype, [&](auto byte) {
    using T = decltype(byte);
    const Ends ends = Ends::of<T>(zero, relu);
    // A few pixels at a time, so that the numbers of a part's channels are at hand for all of them.
    const int64_t block = kTaskBytes / larger(1, width) + 1;
    parallel_for(context, ceil_div(pixels, block), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        Args parts = args;
        int64_t channel = 0;
        for (int64_t part = 0; part < count; part++) {
          const T* x = parts.pointer<T>();
          const int64_t channels = parts.integer();
          for (int64_t pixel = i * block; pixel < smaller((i + 1) * block, pixels); pixel++) {
            each_lane((T*)out + pixel * width + channel, x + pixel * channels, channels, [&](int64_t at, Ints q) {
              const int64_t left = channels - at;
              const float *by = factor + channel + at, *more = addend + channel + at;
              const Floats scaled = __builtin_convertvector(q, Floats) * (left < kCodeLanes ? load_some(by, left, 0) : load(by));
              return ends.of(apart(scaled) + (left < kCodeLanes ? load_some(more, left, 0) : load(more)));
            });
          }
          channel += channels;
        }
      }
    });
  });
}

}  // namespace layerwise::NS

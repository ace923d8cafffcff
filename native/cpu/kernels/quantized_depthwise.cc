// Convolutions of eight-bit integers with one channel and one filter a group. Channels lie side by side in a vector; four
// rows of the kernel become the four bytes of a lane, so that a column of taps is one product. An image that lies
// channels last is read as it is: where the window leaves it, a run of zero points stands in.
#include "conv_bytes.h"
#include "conv_image.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kBlock = 64;  // channels whose weights lie together

// Vectors of 16, 32 or 64 channels. `interleave` puts the bytes of four rows side by side: lane l of part j is channel
// 16 b + 4 j + l of the b-th sixteen; packing parts again undoes it.
#define LW_CHANNELS(name, Vector, count, each, both) \
  struct name { \
    using V = Vector; \
    static constexpr int kChannels = count, kLanes = count / 4; \
    typedef float Reals __attribute__((vector_size(count))); \
    typedef int32_t Whole __attribute__((vector_size(count))); \
    LW_INLINE static V load(const void* p) { V v; memcpy(&v, p, sizeof v); return v; } \
    LW_INLINE static V bytes(uint8_t b) { return each##set1_epi8(char(b)); } \
    LW_INLINE static V shorts(int16_t b) { return each##set1_epi16(b); } \
    LW_INLINE static V flipped(V a, V b) { return each##xor_##both(a, b); } \
    LW_INLINE static V packed(V a, V b, V c, V d, V zero) { \
      return each##packus_epi16(each##adds_epi16(each##packs_epi32(a, b), zero), \
                                each##adds_epi16(each##packs_epi32(c, d), zero)); \
    } \
    LW_INLINE static V largest(V a, V b) { return each##max_epu8(a, b); } \
    LW_INLINE static V nearest(Reals x) { return (V)each##cvtps_epi32((decltype(each##setzero_ps()))x); } \
    LW_INLINE static void interleave(V out[4], V r0, V r1, V r2, V r3) { \
      const V a = each##unpacklo_epi8(r0, r1), b = each##unpackhi_epi8(r0, r1); \
      const V c = each##unpacklo_epi8(r2, r3), d = each##unpackhi_epi8(r2, r3); \
      out[0] = each##unpacklo_epi16(a, c), out[1] = each##unpackhi_epi16(a, c); \
      out[2] = each##unpacklo_epi16(b, d), out[3] = each##unpackhi_epi16(b, d); \
    } \
    LW_INLINE static V pairwise(V sum, V x, V w) { \
      const V even = each##and_##both(x, each##set1_epi32(0x00ff00ff)), odd = each##srli_epi16(x, 8); \
      const V even_w = each##srai_epi16(each##slli_epi16(w, 8), 8), odd_w = each##srai_epi16(w, 8); \
      return each##add_epi32(each##add_epi32(sum, each##madd_epi16(even, even_w)), each##madd_epi16(odd, odd_w)); \
    } \
  };
LW_CHANNELS(Sixteen, __m128i, 16, _mm_, si128)
#if defined(__AVX2__)
LW_CHANNELS(ThirtyTwo, __m256i, 32, _mm256_, si256)
#endif
#if defined(__AVX512F__)
LW_CHANNELS(SixtyFour, __m512i, 64, _mm512_, si512)
#endif
#undef LW_CHANNELS

template <bool fourfold, class Lanes> LW_STATIC typename Lanes::V dot(typename Lanes::V sum, typename Lanes::V x,
                                                                     typename Lanes::V w) {
  if constexpr (fourfold) {
#if defined(__AVX512F__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
#elif defined(__AVX2__)
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "x"(w));
#endif
    return sum;
  } else {
    return Lanes::pairwise(sum, x, w);
  }
}

// Packed weights: [block of channels][four rows of the kernel][column][part][sixteen][channel][row], and in the same
// order of channels the sum of each.
struct PackedTaps {
  int64_t blocks, fours, block_bytes;
  static PackedTaps of(int64_t C, int64_t kh, int64_t kw) {
    const int64_t fours = ceil_div(kh, 4);
    return {ceil_div(C, kBlock), fours, fours * kw * kBlock * 4};
  }
  int64_t sums_at() const { return blocks * block_bytes; }
};

// Where channel c of a block stands among the lanes.
LW_STATIC int64_t lane_of(int64_t c) { return c % 16 / 4 * 16 + c / 16 * 4 + c % 4; }

struct Depthwise {
  ConvShape s;
  ByteImage image;
  PackedTaps p;
  const int8_t* weight;
  const uint8_t* nothing;
  const float *factor, *addend;  // by lane
  const int32_t* start;
  void* out;
  Dtype dtype;
  bool channels_last, is_bytes, relu;
  ByteRule rule;

  // Results of `count` channels of a pixel, as bytes or as numbers, in order.
  template <class S> void write(int64_t n, int64_t pixel, int64_t channel, int64_t count, const S* values) const {
    const int64_t plane = s.oh * s.ow;
    if (channels_last) {
      memcpy((S*)out + (n * plane + pixel) * s.C + channel, values, size_t(count) * sizeof(S));
      return;
    }
    S* to = (S*)out + (n * s.C + channel) * plane + pixel;
    for (int64_t c = 0; c < count; c++) to[c * plane] = values[c];
  }
};

// A row of results at Lanes::kChannels channels from `channel` on, of which `count` are there.
template <bool fourfold, class Lanes, class S> struct RowOf {
  using V = typename Lanes::V;
  const Depthwise& d;
  int64_t channel, count, n, oy;
  int64_t lane;  // of the first channel among those of its block
  const int8_t* weight;

  LW_INLINE V pixel_bytes(const uint8_t* p) const {
    if (count == Lanes::kChannels) return Lanes::load(p);
    uint8_t rest[Lanes::kChannels] = {};
    memcpy(rest, p, size_t(count));
    return Lanes::load(rest);
  }

  // Rows 4 * four .. of the window's column x, side by side.
  LW_INLINE void column(V out[4], const uint8_t* const rows[4], int64_t x) const {
    const bool is_inside = uint64_t(x) < uint64_t(d.s.W);
    V r[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) r[i] = pixel_bytes((is_inside ? rows[i] + x * d.image.pixel : d.nothing) + channel);
    Lanes::interleave(out, r[0], r[1], r[2], r[3]);
  }

  LW_INLINE V weights_at(int64_t tap, int j) const { return Lanes::load(weight + tap * kBlock * 4 + j * kBlock); }

  LW_INLINE void finish(const V sum[4], int64_t ox) const {
    const int64_t block = channel / kBlock * kBlock;
    typename Lanes::Reals y[4];
    V q[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      typename Lanes::Reals factor, addend;
      memcpy(&factor, d.factor + block + lane + j * 16, sizeof factor);
      memcpy(&addend, d.addend + block + lane + j * 16, sizeof addend);
      const auto real = __builtin_convertvector((typename Lanes::Whole)sum[j], typename Lanes::Reals);
      if constexpr (is_same<S, uint8_t>) {
        y[j] = (real + addend) * factor;
        y[j] = y[j] < d.rule.most ? y[j] : typename Lanes::Reals{} + d.rule.most;
        q[j] = Lanes::nearest(y[j]);
      } else {
        y[j] = real * factor + addend;
        if (d.relu) y[j] = y[j] > 0 ? y[j] : typename Lanes::Reals{};
      }
    }
    const int64_t pixel = oy * d.s.ow + ox;
    if constexpr (is_same<S, uint8_t>) {
      V bytes = Lanes::packed(q[0], q[1], q[2], q[3], Lanes::shorts(d.rule.zero));
      bytes = Lanes::flipped(Lanes::largest(bytes, Lanes::bytes(d.rule.least)), Lanes::bytes(d.rule.flip));
      if (d.channels_last && count == Lanes::kChannels) {
        memcpy((uint8_t*)d.out + (n * d.s.oh * d.s.ow + pixel) * d.s.C + channel, &bytes, sizeof bytes);
      } else {
        d.write(n, pixel, channel, count, (const uint8_t*)&bytes);
      }
    } else {
      float ordered[Lanes::kChannels];
      S values[Lanes::kChannels];
      for (int j = 0; j < 4; j++) {
        for (int i = 0; i < Lanes::kLanes; i++) ordered[i / 4 * 16 + j * 4 + i % 4] = y[j][i];
      }
      store_run(values, ordered, 1, Lanes::kChannels);
      d.write(n, pixel, channel, count, values);
    }
  }

  LW_INLINE void begin(V sum[4]) const {
    const int64_t block = channel / kBlock * kBlock;
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) sum[j] = Lanes::load(d.start + block + lane + j * 16);
  }

  // Rows of the image under rows 4 * four .. of the window; those that leave it, or the kernel, are zero points.
  void rows_of(const uint8_t* rows[4], int64_t four, bool* is_there) const {
    for (int64_t i = 0; i < 4; i++) {
      const int64_t r = four * 4 + i, y = oy * d.s.sh - d.s.ph + r * d.s.dh;
      is_there[i] = r < d.s.kh && uint64_t(y) < uint64_t(d.s.H);
      rows[i] = is_there[i] ? d.image.data + n * d.image.whole + y * d.image.row : nullptr;
    }
  }

  // Any window.
  void run() const {
    const ConvShape& s = d.s;
    for (int64_t ox = 0; ox < s.ow; ox++) {
      V sum[4];
      begin(sum);
      for (int64_t four = 0; four < d.p.fours; four++) {
        const uint8_t* rows[4];
        bool is_there[4];
        rows_of(rows, four, is_there);
        for (int64_t q = 0; q < s.kw; q++) {
          const int64_t x = ox * s.sw - s.pw + q * s.dw;
          const bool is_inside = uint64_t(x) < uint64_t(s.W);
          V r[4], column[4];
#pragma GCC unroll 4
          for (int i = 0; i < 4; i++) {
            r[i] = pixel_bytes((is_inside && is_there[i] ? rows[i] + x * d.image.pixel : d.nothing) + channel);
          }
          Lanes::interleave(column, r[0], r[1], r[2], r[3]);
#pragma GCC unroll 4
          for (int j = 0; j < 4; j++) {
            sum[j] = dot<fourfold, Lanes>(sum[j], column[j], weights_at(four * s.kw + q, j));
          }
        }
      }
      finish(sum, ox);
    }
  }

  // Three columns, one step at a time: each column of the image is read once and serves three results.
  void slide() const {
    const ConvShape& s = d.s;
    const uint8_t* rows[4];
    int64_t step[4];
    bool is_there[4];
    rows_of(rows, 0, is_there);
    for (int i = 0; i < 4; i++) {
      step[i] = is_there[i] ? d.image.pixel : 0;
      rows[i] = (is_there[i] ? rows[i] : d.nothing) + channel;
    }
    V w[3][4], before[4], now[4], after[4];
#pragma GCC unroll 3
    for (int q = 0; q < 3; q++) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) w[q][j] = weights_at(q, j);
    }
    begin(before);
    begin(now);
    begin(after);
    // Column x is the last of result x - 2 + pw, the middle one of the next and the first of the one behind that.
    auto step_to = [&](int64_t x, bool is_inside) __attribute__((always_inline)) {
      V r[4], column[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) r[i] = pixel_bytes(is_inside ? rows[i] + x * step[i] : d.nothing + channel);
      Lanes::interleave(column, r[0], r[1], r[2], r[3]);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        before[j] = dot<fourfold, Lanes>(before[j], column[j], w[2][j]);
        now[j] = dot<fourfold, Lanes>(now[j], column[j], w[1][j]);
        after[j] = dot<fourfold, Lanes>(after[j], column[j], w[0][j]);
      }
      const int64_t ox = x - 2 + s.pw;
      if (ox >= 0) finish(before, ox);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) before[j] = now[j], now[j] = after[j];
      begin(after);
    };
    const int64_t last = s.ow - s.pw + 2;
    int64_t x = -s.pw;
    for (; x < 0; x++) step_to(x, false);
    for (; x < smaller(s.W, last); x++) step_to(x, true);
    for (; x < last; x++) step_to(x, false);
  }
};

template <bool of> struct Flag { static constexpr bool value = of; };

template <bool fourfold, class S> void convolve_depthwise(Context* context, const Depthwise& d) {
  const ConvShape& s = d.s;
  const bool can_slide = s.kw == 3 && s.kh <= 4 && s.sw == 1 && s.dw == 1;
  const int64_t grain = (32 << 10) / (s.ow * s.C * s.kw) + 1;
  parallel_for(context, s.N * s.oh, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      auto run = [&](auto lanes, int64_t channel) {
        using Lanes = decltype(lanes);
        const int64_t lane = channel % kBlock / 16 * 4;
        const int8_t* weight = d.weight + channel / kBlock * d.p.block_bytes + lane * 4;
        const int64_t count = smaller(Lanes::kChannels, s.C - channel);
        const RowOf<fourfold, Lanes, S> of_row = {d, channel, count, row / s.oh, row % s.oh, lane, weight};
        if (can_slide) of_row.slide();
        else of_row.run();
        return channel + Lanes::kChannels;
      };
      int64_t channel = 0;
#if defined(__AVX512F__)
      while (channel + 64 <= s.C) channel = run(SixtyFour(), channel);
#endif
#if defined(__AVX2__)
      while (channel + 32 <= s.C) channel = run(ThirtyTwo(), channel);
#endif
      while (channel < s.C) channel = run(Sixteen(), channel);
    }
  });
}

}  // namespace

// pack weight C kh kw
KERNEL(pack_depthwise_int8) {
  int8_t* pack = args.pointer<int8_t>();
  const int8_t* weight = args.pointer<int8_t>();
  const int64_t C = args.integer(), kh = args.integer(), kw = args.integer();
  const PackedTaps p = PackedTaps::of(C, kh, kw);
  int32_t* sums = (int32_t*)(pack + p.sums_at());
  memset(pack, 0, size_t(p.sums_at() + p.blocks * kBlock * 4));
  for (int64_t c = 0; c < C; c++) {
    const int64_t lane = lane_of(c % kBlock);
    for (int64_t r = 0; r < kh; r++) {
      for (int64_t q = 0; q < kw; q++) {
        const int8_t w = weight[(c * kh + r) * kw + q];
        pack[c / kBlock * p.block_bytes + ((r / 4 * kw + q) * kBlock + lane) * 4 + r % 4] = w;
        sums[c / kBlock * kBlock + lane] += w;
      }
    }
  }
}

// out_dtype out x_dtype x pack FINISH x_last out_last  N C H W kh kw sh sw ph pw dh dw
KERNEL(depthwise_conv2d_int8) {
  context->cancellable = true;
  Depthwise d;
  d.dtype = args.dtype();
  d.out = args.pointer();
  Pixels from;
  from.is_signed = args.dtype() == kInt8;
  from.x = args.pointer<uint8_t>();
  d.weight = args.pointer<int8_t>();
  const FinishArguments f = FinishArguments::read(args);
  from.channels_last = args.integer() != 0;
  d.channels_last = args.integer() != 0;
  ConvShape& s = d.s;
  int64_t* fields[] = {&s.N, &s.C, &s.H, &s.W, &s.kh, &s.kw, &s.sh, &s.sw, &s.ph, &s.pw, &s.dh, &s.dw};
  for (int64_t* field : fields) *field = args.integer();
  s.oh = (s.H + 2 * s.ph - s.dh * (s.kh - 1) - 1) / s.sh + 1;
  s.ow = (s.W + 2 * s.pw - s.dw * (s.kw - 1) - 1) / s.sw + 1;
  s.O = s.C, s.groups = s.Og = 1, s.Cg = s.C;
  if (f.weight_zero) return context->fail(context, "[depthwise_conv2d_int8] expected weights without zero points");
  from.zero = *f.x_zero;
  d.is_bytes = f.out_scale != nullptr;
  d.relu = f.relu;
  if (d.is_bytes) d.rule = ByteRule::of(f, d.dtype);
  d.p = PackedTaps::of(s.C, s.kh, s.kw);
  if (!make_image(context, &d.image, s, from, false, false, 0)) return;
  const int64_t padded = d.p.blocks * kBlock;
  char* room = (char*)context->scratch(context, 1, size_t(padded) * 13);
  if (!room) return context->fail(context, "[depthwise_conv2d_int8] out of memory for the scales");
  float *factor = (float*)room, *addend = factor + padded;
  int32_t* start = (int32_t*)(addend + padded);
  uint8_t* nothing = (uint8_t*)(start + padded);
  memset(nothing, from.padding(), size_t(padded));
  const int32_t* sums = (const int32_t*)(d.weight + d.p.sums_at());
  for (int64_t c = 0; c < padded; c++) {
    const int64_t at = c / kBlock * kBlock + lane_of(c % kBlock), channel = smaller(c, s.C - 1);
    const float scale = *f.x_scale * f.weight_scale[channel * f.weight_scale_step];
    const float bias = f.bias ? f.bias[channel] : 0;
    factor[at] = f.out_scale ? scale / *f.out_scale : scale;
    addend[at] = f.out_scale && f.bias ? bias / scale : bias;
    start[at] = -int32_t(from.padding()) * sums[at];
  }
  d.factor = factor, d.addend = addend, d.start = start, d.nothing = nothing;
  auto with_type = [&](auto fourfold) {
    if (d.is_bytes) return convolve_depthwise<decltype(fourfold)::value, uint8_t>(context, d);
    with_float(d.dtype, [&](auto tag) {
      convolve_depthwise<decltype(fourfold)::value, typename decltype(tag)::type>(context, d);
    });
  };
#if defined(LW_HAS_BYTE_DOTS)
  if (has_byte_dots()) return with_type(Flag<true>());
#endif
  with_type(Flag<false>());
}

}  // namespace layerwise::NS

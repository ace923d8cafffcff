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
    LW_INLINE static Reals smallest(Reals a, Reals b) { \
      return (Reals)each##min_ps((decltype(each##setzero_ps()))a, (decltype(each##setzero_ps()))b); \
    } \
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

// A row of results at Lanes::kChannels channels from `channel` on; `whole`: all of them are there, and go side by side
// to where `to` points.
template <bool fourfold, class Lanes, class S, bool whole> struct RowOf {
  using V = typename Lanes::V;
  using Reals = typename Lanes::Reals;
  const Depthwise& d;
  int64_t channel, n, oy;
  // Copies of what the loop reads, since it writes bytes, which may be anything.
  int64_t count, pixel;
  const int8_t* weight;
  const uint8_t* nothing;
  const float *factor, *addend;
  const int32_t* start;
  Reals most;
  V zero, least, flip;
  uint8_t* to;

  RowOf(const Depthwise& d, int64_t channel, int64_t n, int64_t oy) : d(d), channel(channel), n(n), oy(oy) {
    const int64_t lane = channel % kBlock / 16 * 4, first = channel / kBlock * kBlock + lane;
    count = smaller(Lanes::kChannels, d.s.C - channel);
    pixel = d.image.pixel;
    weight = d.weight + channel / kBlock * d.p.block_bytes + lane * 4;
    nothing = d.nothing + channel;
    factor = d.factor + first, addend = d.addend + first, start = d.start + first;
    most = Reals{} + d.rule.most;
    zero = Lanes::shorts(d.rule.zero), least = Lanes::bytes(d.rule.least), flip = Lanes::bytes(d.rule.flip);
    to = (uint8_t*)d.out + (n * d.s.oh + oy) * d.s.ow * d.s.C + channel;
  }

  LW_INLINE V pixel_bytes(const uint8_t* p) const {
    if (whole || count == Lanes::kChannels) return Lanes::load(p);
    uint8_t rest[Lanes::kChannels] = {};
    memcpy(rest, p, size_t(count));
    return Lanes::load(rest);
  }

  LW_INLINE V weights_at(int64_t tap, int j) const { return Lanes::load(weight + tap * kBlock * 4 + j * kBlock); }

  LW_INLINE void finish(const V sum[4], int64_t ox) const {
    Reals y[4];
    V q[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      Reals scale, shift;
      memcpy(&scale, factor + j * 16, sizeof scale);
      memcpy(&shift, addend + j * 16, sizeof shift);
      const Reals real = __builtin_convertvector((typename Lanes::Whole)sum[j], Reals);
      if constexpr (is_same<S, uint8_t>) {
        q[j] = Lanes::nearest(Lanes::smallest((real + shift) * scale, most));
      } else {
        y[j] = real * scale + shift;
        if (d.relu) y[j] = y[j] > 0 ? y[j] : Reals{};
      }
    }
    if constexpr (is_same<S, uint8_t>) {
      const V bytes = Lanes::flipped(Lanes::largest(Lanes::packed(q[0], q[1], q[2], q[3], zero), least), flip);
      if (whole) memcpy(to + ox * pixel, &bytes, sizeof bytes);
      else d.write(n, oy * d.s.ow + ox, channel, count, (const uint8_t*)&bytes);
    } else {
      float ordered[Lanes::kChannels];
      S values[Lanes::kChannels];
      for (int j = 0; j < 4; j++) {
        for (int i = 0; i < Lanes::kLanes; i++) ordered[i / 4 * 16 + j * 4 + i % 4] = y[j][i];
      }
      store_run(values, ordered, 1, Lanes::kChannels);
      d.write(n, oy * d.s.ow + ox, channel, count, values);
    }
  }

  LW_INLINE void begin(V sum[4]) const {
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) sum[j] = Lanes::load(start + j * 16);
  }

  // Rows of the image under rows 4 * four .. of the window, and the step from pixel to pixel there: rows that leave the
  // image, or the kernel, are one pixel of zero points.
  struct Rows {
    const uint8_t* at[4];
    int64_t step[4];
  };
  LW_INLINE Rows rows_of(int64_t four) const {
    Rows rows;
    for (int64_t i = 0; i < 4; i++) {
      const int64_t r = four * 4 + i, y = oy * d.s.sh - d.s.ph + r * d.s.dh;
      const bool is_there = r < d.s.kh && uint64_t(y) < uint64_t(d.s.H);
      rows.at[i] = is_there ? d.image.data + n * d.image.whole + y * d.image.row + channel : nothing;
      rows.step[i] = is_there ? pixel : 0;
    }
    return rows;
  }

  // Column x of four rows, side by side.
  LW_INLINE void column(V out[4], const Rows& rows, int64_t x, bool is_inside) const {
    V r[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) r[i] = pixel_bytes(is_inside ? rows.at[i] + x * rows.step[i] : nothing);
    Lanes::interleave(out, r[0], r[1], r[2], r[3]);
  }

  // Any window.
  void run() const {
    const ConvShape& s = d.s;
    for (int64_t ox = 0; ox < s.ow; ox++) {
      V sum[4];
      begin(sum);
      for (int64_t four = 0; four < d.p.fours; four++) {
        const Rows rows = rows_of(four);
        for (int64_t q = 0; q < s.kw; q++) {
          const int64_t x = ox * s.sw - s.pw + q * s.dw;
          V taps[4];
          column(taps, rows, x, uint64_t(x) < uint64_t(s.W));
#pragma GCC unroll 4
          for (int j = 0; j < 4; j++) sum[j] = dot<fourfold, Lanes>(sum[j], taps[j], weights_at(four * s.kw + q, j));
        }
      }
      finish(sum, ox);
    }
  }

  // Three columns, one step at a time: each column of the image is read once and serves three results.
  void slide() const {
    const int64_t W = d.s.W, pw = d.s.pw;
    const Rows rows = rows_of(0);
    V w[3][4], before[4], now[4], after[4];
#pragma GCC unroll 3
    for (int q = 0; q < 3; q++) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) w[q][j] = weights_at(q, j);
    }
    begin(now);
    begin(after);
    begin(before);
    // Column x is the last of result x - 2 + pw, the middle one of the next and the first of the one behind that.
    auto step_to = [&](int64_t x, bool is_inside, bool is_done) __attribute__((always_inline)) {
      V taps[4];
      column(taps, rows, x, is_inside);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        before[j] = dot<fourfold, Lanes>(before[j], taps[j], w[2][j]);
        now[j] = dot<fourfold, Lanes>(now[j], taps[j], w[1][j]);
        after[j] = dot<fourfold, Lanes>(after[j], taps[j], w[0][j]);
      }
      if (is_done) finish(before, x - 2 + pw);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) before[j] = now[j], now[j] = after[j];
      begin(after);
    };
    const int64_t end = d.s.ow - pw + 2;
    int64_t x = -pw;
    for (; x < 2 - pw; x++) step_to(x, uint64_t(x) < uint64_t(W), false);
    for (; x < 0; x++) step_to(x, false, true);
    for (; x < smaller(W, end); x++) step_to(x, true, true);
    for (; x < end; x++) step_to(x, false, true);
  }

  // Three columns, two steps at a time: the last column of one result is the first of the next.
  void stride() const {
    const int64_t W = d.s.W;
    const Rows rows = rows_of(0);
    V w[3][4], sum[4], taps[4];
#pragma GCC unroll 3
    for (int q = 0; q < 3; q++) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) w[q][j] = weights_at(q, j);
    }
    auto add = [&](int64_t x, int q) __attribute__((always_inline)) {
      column(taps, rows, x, uint64_t(x) < uint64_t(W));
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) sum[j] = dot<fourfold, Lanes>(sum[j], taps[j], w[q][j]);
    };
    begin(sum);
    add(-d.s.pw, 0);
    for (int64_t ox = 0, x = -d.s.pw; ox < d.s.ow; ox++, x += 2) {
      add(x + 1, 1);
      add(x + 2, 2);
      finish(sum, ox);
      begin(sum);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) sum[j] = dot<fourfold, Lanes>(sum[j], taps[j], w[0][j]);
    }
  }
};

template <bool of> struct Flag { static constexpr bool value = of; };

template <bool fourfold, class S> void convolve_depthwise(Context* context, const Depthwise& d) {
  const ConvShape& s = d.s;
  const bool is_three = s.kw == 3 && s.kh <= 4 && s.dw == 1;
  const int64_t grain = (32 << 10) / (s.ow * s.C * s.kw) + 1;
  parallel_for(context, s.N * s.oh, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      auto run = [&](auto lanes, int64_t channel) {
        using Lanes = decltype(lanes);
        auto with = [&](auto whole) {
          const RowOf<fourfold, Lanes, S, decltype(whole)::value> of_row(d, channel, row / s.oh, row % s.oh);
          if (is_three && s.sw == 1) of_row.slide();
          else if (is_three && s.sw == 2) of_row.stride();
          else of_row.run();
        };
        if (is_same<S, uint8_t> && d.channels_last && s.C - channel >= Lanes::kChannels) with(Flag<true>());
        else with(Flag<false>());
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

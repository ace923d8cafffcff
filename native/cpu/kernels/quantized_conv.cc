// Convolutions of eight-bit integers. The image is taken pixel by pixel with its channels side by side; each tap of each
// output pixel is a run of such channels, found by its address, so that no matrix of columns is ever stored. Padding is
// a run of zero points. Weights with zero points are left to the composed form.
#include "bytes.h"
#include "conv_taps.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kPixelBlock = 8 * kByteRows;  // pixels whose addresses are found at a time
constexpr int64_t kParallelProducts = 1 << 20;

// An image as the loops want it: [n, y, x, channels of all groups], each group padded to whole words.
template <class Dots> struct Image {
  const typename Dots::Element* data;
  const typename Dots::Element* nothing;  // a run that stands for padding
  int64_t pixel, row, whole;              // elements from one to the next
  int64_t margin;                         // pixels of padding at either side of a row
  int64_t group;                          // padded channels of a group
  int32_t zero;                           // what is still to be taken off
  char* extra;                            // room for others, behind the image
};

struct Pixels {
  const uint8_t* x;
  bool is_signed, channels_last;
  int32_t zero;
};

template <class Dots> typename Dots::Element element_of(uint8_t byte, const Pixels& s) {
  if (Dots::kBytes) return s.is_signed ? byte ^ 128 : byte;
  return typename Dots::Element((s.is_signed ? int32_t(int8_t(byte)) : int32_t(byte)) - s.zero);
}

// For images whose bytes are wanted as they are.
struct RawBytes {
  using Element = uint8_t;
  static constexpr int kPerWord = 1;
  static constexpr bool kBytes = true;
};

// out[x * out_stride + i] = in[i * in_stride + x] ^ flip for sixteen of each.
LW_STATIC void turn_square(uint8_t* out, int64_t out_stride, const uint8_t* in, int64_t in_stride, uint8_t flip) {
  __m128i r[16], t[16];
  const __m128i flips = _mm_set1_epi8(char(flip));
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) r[i] = _mm_xor_si128(_mm_loadu_si128((const __m128i*)(in + i * in_stride)), flips);
  // Each round interleaves rows eight apart; after four of them byte x of row i is byte i of row x.
#pragma GCC unroll 4
  for (int round = 0; round < 4; round++) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
      t[2 * i] = _mm_unpacklo_epi8(r[i], r[i + 8]);
      t[2 * i + 1] = _mm_unpackhi_epi8(r[i], r[i + 8]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) r[i] = t[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) _mm_storeu_si128((__m128i*)(out + i * out_stride), r[i]);
}

// Pixels [begin, end) of image n: planes become runs of channels, sixteen of each at a time.
template <class Dots>
void turn_pixels(const Image<Dots>& image, const ConvShape& s, const Pixels& from, int64_t n, int64_t begin,
                 int64_t end) {
  using Element = typename Dots::Element;
  constexpr int64_t kSide = 16;
  const int64_t plane = s.H * s.W;
  Element* whole = (Element*)image.data + n * image.whole;
  auto pixel_at = [&](int64_t at) { return whole + at / s.W * image.row + (at % s.W + image.margin) * image.pixel; };
  for (int64_t channel = 0; channel < s.C; channel += kSide) {
    const int64_t count = smaller(kSide, s.C - channel);
    const uint8_t* in = from.x + (n * s.C + channel) * plane;
    // Channels keep together unless a group that is padded ends among them.
    const int64_t group = channel / s.Cg;
    const bool is_run = s.Cg == image.group || channel + count <= (group + 1) * s.Cg;
    for (int64_t at = begin; at < end; at += kSide) {
      const int64_t wide = smaller(kSide, end - at);
      uint8_t square[kSide * kSide];
      if (count == kSide && at + kSide <= plane) {
        turn_square(square, kSide, in + at, plane, 0);
      } else {
        for (int64_t x = 0; x < wide; x++) {
          for (int64_t c = 0; c < count; c++) square[x * kSide + c] = in[c * plane + at + x];
        }
      }
      for (int64_t x = 0; x < wide; x++) {
        Element* to = pixel_at(at + x);
        const uint8_t* bytes = square + x * kSide;
        if (is_run) {
          to += group * image.group + channel % s.Cg;
#pragma omp simd
          for (int64_t c = 0; c < count; c++) to[c] = element_of<Dots>(bytes[c], from);
        } else {
          for (int64_t c = 0; c < count; c++) {
            const int64_t own = (channel + c) / s.Cg;
            to[own * image.group + (channel + c) % s.Cg] = element_of<Dots>(bytes[c], from);
          }
        }
      }
    }
  }
}

template <class Dots>
bool make_image(Context* context, Image<Dots>* image, const ConvShape& s, const Pixels& from, size_t extra) {
  using Element = typename Dots::Element;
  const int64_t per = Dots::kPerWord;
  image->group = ceil_div(s.Cg, per) * per;
  image->pixel = s.groups * image->group;
  image->zero = Dots::kBytes ? from.zero + (from.is_signed ? 128 : 0) : 0;
  const bool is_ready = Dots::kBytes && !from.is_signed && from.channels_last && s.Cg % per == 0;
  // What is written anyway gets its padding at both sides.
  image->margin = is_ready ? 0 : s.pw;
  image->row = (s.W + 2 * image->margin) * image->pixel;
  image->whole = s.H * image->row;
  const int64_t elements = is_ready ? 0 : s.N * image->whole;
  const int64_t run = larger(image->pixel, image->row);
  const size_t image_bytes = (size_t(elements + run) * sizeof(Element) + 63) / 64 * 64;
  Element* room = (Element*)context->scratch(context, 0, image_bytes + extra);
  if (!room) {
    context->fail(context, "[conv2d_int8] out of memory for the image");
    return false;
  }
  image->extra = (char*)room + image_bytes;
  Element* nothing = room + elements;
  for (int64_t i = 0; i < run; i++) nothing[i] = Element(image->zero);
  image->nothing = nothing;
  image->data = is_ready ? (const Element*)from.x : room;
  if (is_ready) return true;
  const Element padding = Element(image->zero);
  const int64_t side = image->margin * image->pixel;
  parallel_for(context, s.N * s.H, (32 << 10) / larger(image->row, 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      Element* row = room + at * image->row;
      for (int64_t i = 0; i < side; i++) row[i] = row[image->row - 1 - i] = padding;
      if (!from.channels_last) continue;
      for (int64_t x = 0; x < s.W; x++) {
        for (int64_t g = 0; g < s.groups; g++) {
          const uint8_t* in = from.x + (at * s.W + x) * s.C + g * s.Cg;
          Element* to = row + side + x * image->pixel + g * image->group;
#pragma omp simd
          for (int64_t c = 0; c < s.Cg; c++) to[c] = element_of<Dots>(in[c], from);
        }
      }
    }
  });
  if (from.channels_last) return true;
  constexpr int64_t kPiece = 64;
  const int64_t pieces = ceil_div(s.H * s.W, kPiece);
  parallel_for(context, s.N * pieces, (32 << 10) / (kPiece * s.C) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) {
      const int64_t first = at % pieces * kPiece;
      turn_pixels(*image, s, from, at / pieces, first, smaller(first + kPiece, s.H * s.W));
    }
  });
  return true;
}

// Output pixel `at` of the batch as its image, row and column.
struct Place {
  int64_t n, y, x;
  static Place of(int64_t at, const ConvShape& s) { return {at / (s.oh * s.ow), at / s.ow % s.oh, at % s.ow}; }
};

// How the taps of a pixel are read: each by itself, or a row of the kernel as one run where its pixels lie together.
struct Taps {
  bool by_row;
  int64_t count, run;  // of one tap: elements of a group, padded
};
template <class Dots> Taps taps_of(const Image<Dots>& image, const ConvShape& s) {
  const bool by_row = s.dw == 1 && s.groups == 1 && image.margin == s.pw;
  if (by_row) return {true, s.kh, s.kw * image.group};
  return {false, s.kh * s.kw, image.group};
}

// Where the taps of an output pixel begin, in group 0: out[t * kByteRows].
template <class Dots>
void find_taps(const typename Dots::Element** out, const Image<Dots>& image, const ConvShape& s, const Taps& taps,
               Place p) {
  const int64_t top = p.y * s.sh - s.ph, left = p.x * s.sw - s.pw + image.margin;
  const typename Dots::Element* base = image.data + p.n * image.whole + top * image.row + left * image.pixel;
  const int64_t width = s.W + 2 * image.margin;
  for (int64_t r = 0; r < s.kh; r++) {
    const bool is_inside = uint64_t(top + r * s.dh) < uint64_t(s.H);
    if (taps.by_row) {
      *out = is_inside ? base : image.nothing;
      out += kByteRows;
    } else {
      for (int64_t q = 0; q < s.kw; q++) {
        const bool is_pixel = is_inside && uint64_t(left + q * s.dw) < uint64_t(width);
        *out = is_pixel ? base + q * s.dw * image.pixel : image.nothing;
        out += kByteRows;
      }
    }
    base += s.dh * image.row;
  }
}

// Results: contiguous channels behind each pixel, or planes.
struct Output {
  void* data;
  Dtype dtype;
  bool channels_last, is_bytes, relu;
  Requantize rule;
};

// One tile of sums: `height` pixels from `at` on, `width` channels from `channel` on.
template <class S>
void write_tile(const Output& out, const ConvShape& s, const Columns& c, int32_t zero, int64_t depth, int64_t at,
                int height, int64_t channel, int64_t width, const int32_t* tile, const int32_t* of_columns) {
  const RowNumbers numbers = {1, zero, 0};
  S values[kByteRows][kByteColumns];
  for (int i = 0; i < height; i++) {
    const Sums sums = {tile + i * kByteColumns, of_columns};
    if constexpr (is_same<S, uint8_t>) {
      finish_bytes(values[i], sums, channel, width, c, numbers, depth, out.rule);
    } else {
      float y[kByteColumns];
      finish_real(y, sums, channel, width, c, numbers, depth, out.relu);
      store_run(values[i], y, 1, width);
    }
  }
  S* data = (S*)out.data;
  if (out.channels_last) {
    for (int i = 0; i < height; i++) {
      memcpy(data + (at + i) * s.O + channel, values[i], size_t(width) * sizeof(S));
    }
    return;
  }
  const int64_t plane = s.oh * s.ow;
  for (int i = 0; i < height;) {
    const int64_t n = (at + i) / plane, pixel = (at + i) % plane;
    const int run = int(smaller(height - i, plane - pixel));
    S* to = data + (n * s.O + channel) * plane + pixel;
    for (int64_t j = 0; j < width; j++) {
      for (int r = 0; r < run; r++) to[j * plane + r] = values[i + r][j];
    }
    i += run;
  }
}

// One filter as taps of channels, each padded to `group` with zeros. `end` is where the weights end.
void turn_filter(int8_t* out, const int8_t* from, const int8_t* end, const ConvShape& s, int64_t group,
                 bool weight_last) {
  constexpr int64_t kSide = 16;
  const int64_t taps = s.kh * s.kw;
  for (int64_t t = 0; t < taps; t++) {
    if (weight_last) memcpy(out + t * group, from + t * s.Cg, size_t(s.Cg));
    memset(out + t * group + s.Cg, 0, size_t(group - s.Cg));
  }
  if (weight_last) return;
  int64_t c = 0;
  for (; c + kSide <= s.Cg && from + (c + kSide) * taps + kSide <= end; c += kSide) {
    for (int64_t t = 0; t < taps; t += kSide) {
      uint8_t square[kSide * kSide];
      turn_square(square, kSide, (const uint8_t*)from + c * taps + t, taps, 0);
      for (int64_t q = 0; q < smaller(kSide, taps - t); q++) memcpy(out + (t + q) * group + c, square + q * kSide, kSide);
    }
  }
  for (; c < s.Cg; c++) {
    for (int64_t t = 0; t < taps; t++) out[t * group + c] = from[c * taps + t];
  }
}

template <class Dots, class S>
void convolve(Context* context, const ConvShape& s, const Image<Dots>& image, const int8_t* weight, bool weight_last,
              const Columns& c, const Output& out) {
  using Element = typename Dots::Element;
  const Taps reading = taps_of(image, s);
  const int64_t taps = reading.count, steps = reading.run / Dots::kPerWord;
  const int64_t words = taps * steps, panel_words = words * kByteColumns;
  const int64_t panels = ceil_div(s.Og, kByteColumns), depth = s.kh * s.kw * s.Cg;
  const int64_t all_panels = s.groups * panels;
  // Panels, then the sums of their columns.
  uint32_t* packed = (uint32_t*)context->scratch(context, 1, size_t(all_panels * (panel_words + kByteColumns)) * 4);
  if (!packed) return context->fail(context, "[conv2d_int8] out of memory for the packed weights");
  int32_t* sums = (int32_t*)(packed + all_panels * panel_words);
  const int64_t row_bytes = s.kh * s.kw * image.group;
  parallel_for(context, all_panels, (64 << 10) / (panel_words * 4) + 1, [&](int64_t begin, int64_t end) {
    const int64_t bytes = kByteColumns * row_bytes;
    char* stage = (char*)context->scratch(context, 3, size_t(bytes + panel_words * 4));
    if (!stage) return context->fail(context, "[conv2d_int8] out of memory for a panel");
    int8_t* rows = (int8_t*)stage;
    for (int64_t i = begin; i < end; i++) {
      const int64_t first = i / panels * s.Og + i % panels * kByteColumns;
      const int count = int(smaller(kByteColumns, s.Og - i % panels * kByteColumns));
      for (int j = 0; j < count; j++) {
        turn_filter(rows + j * row_bytes, weight + (first + j) * depth, weight + s.O * depth, s, image.group,
                    weight_last);
      }
      uint32_t* panel = packed + i * panel_words;
      pack_weights<Dots>(panel, rows, row_bytes, row_bytes, count, words, stage + bytes);
      if (Dots::kBytes) Dots::sum_columns(words, panel, sums + i * kByteColumns);
      else memset(sums + i * kByteColumns, 0, kByteColumns * 4);
    }
  });
  const int64_t pixels = s.N * s.oh * s.ow;
  const bool is_worth = pixels * s.O * depth >= kParallelProducts && context->threads > 1;
  // Groups of panels only where pixels are too few to go round.
  const int64_t blocks = ceil_div(pixels, kPixelBlock);
  int64_t parts = is_worth ? smaller(all_panels, ceil_div(4 * context->threads, blocks)) : 1;
  const int64_t panels_of_part = ceil_div(all_panels, parts);
  parts = ceil_div(all_panels, panels_of_part);
  const int64_t tasks = blocks * parts;
  parallel_for(context, tasks, is_worth ? 1 : tasks, [&](int64_t begin, int64_t end) {
    constexpr int64_t kTiles = kPixelBlock / kByteRows;
    const Element** taps_of_tiles =
        (const Element**)context->scratch(context, 2, size_t(2 * kTiles * taps * kByteRows) * sizeof(void*));
    if (!taps_of_tiles) return context->fail(context, "[conv2d_int8] out of memory for the addresses of taps");
    const Element** shifted = taps_of_tiles + kTiles * taps * kByteRows;
    for (int64_t task = begin; task < end; task++) {
      const int64_t from = task / parts * kPixelBlock, to = smaller(from + kPixelBlock, pixels);
      for (int64_t at = from; at < to; at++) {
        const Place place = Place::of(at, s);
        const int64_t tile = (at - from) / kByteRows, row = (at - from) % kByteRows;
        find_taps<Dots>(taps_of_tiles + tile * taps * kByteRows + row, image, s, reading, place);
      }
      const int64_t panel_end = smaller((task % parts + 1) * panels_of_part, all_panels);
      int64_t group_before = 0;
      const Element** tap_rows = taps_of_tiles;
      for (int64_t i = task % parts * panels_of_part; i < panel_end; i++) {
        const int64_t group = i / panels, channel = group * s.Og + i % panels * kByteColumns;
        const int64_t width = smaller(kByteColumns, (group + 1) * s.Og - channel);
        if (group != group_before) {
          for (int64_t q = 0; q < kTiles * taps * kByteRows; q++) shifted[q] = taps_of_tiles[q] + group * image.group;
          tap_rows = shifted;
          group_before = group;
        }
        for (int64_t at = from; at < to; at += kByteRows) {
          const int height = int(smaller(kByteRows, to - at));
          int32_t tile[kByteRows * kByteColumns];
          tile_for<Dots>(height, width)(taps, steps, tap_rows + (at - from) * taps, packed + i * panel_words, tile);
          write_tile<S>(out, s, c, image.zero, depth, at, height, channel, width, tile, sums + i * kByteColumns);
        }
      }
    }
  });
}

LW_STATIC Ints product_of_shorts(Ints a, Ints b) {
#if defined(__AVX512F__)
  return (Ints)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Ints)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
  return (Ints)_mm_madd_epi16((__m128i)a, (__m128i)b);
#endif
}

LW_STATIC Ints widened(const uint8_t* p) {
#if defined(__AVX512F__)
  return (Ints)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)p));
#elif defined(__AVX2__)
  return (Ints)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p));
#else
  return (Ints){p[0], p[1], p[2], p[3]};
#endif
}

// One channel a group, one filter a channel: channels lie side by side in a vector, products are added tap by tap.
template <class S>
void convolve_depthwise(Context* context, const ConvShape& s, const Image<RawBytes>& image, const Pixels& from,
                        const int8_t* weight, const Columns& c, const Output& out) {
  const int64_t count = s.kh * s.kw, padded = ceil_div(s.C, kByteColumns) * kByteColumns;
  // By tap; the upper half of each is zero, for products of pairs of shorts.
  int32_t* w = (int32_t*)context->scratch(context, 1, size_t(count * padded) * 4);
  if (!w) return context->fail(context, "[conv2d_int8] out of memory for the weights");
  for (int64_t t = 0; t < count; t++) {
    for (int64_t k = 0; k < padded; k++) w[t * padded + k] = k < s.C ? uint16_t(weight[k * count + t]) : 0;
  }
  const int64_t pixels = s.N * s.oh * s.ow;
  const int64_t grain = (32 << 10) / (s.C * count) + 1;
  const int32_t flip = from.is_signed ? 128 : 0;
  const int32_t zero = from.zero + flip;
  const Taps taps = {false, count, 1};
  parallel_for(context, pixels, grain, [&](int64_t begin, int64_t end) {
    const int32_t none[kByteColumns] = {};
    const uint8_t** pointers = (const uint8_t**)context->scratch(context, 2, size_t(count * kByteRows) * sizeof(void*));
    if (!pointers) return context->fail(context, "[conv2d_int8] out of memory for the addresses of taps");
    for (int64_t at = begin; at < end; at++) {
      find_taps<RawBytes>(pointers, image, s, taps, Place::of(at, s));
      for (int64_t channel = 0; channel < s.C; channel += kByteColumns) {
        const int64_t width = smaller(kByteColumns, s.C - channel);
        int32_t tile[kByteColumns];
        for (int64_t j = 0; j < width; j += kByteLanes) {
          const int64_t first = channel + j;
          const bool is_whole = first + kByteLanes <= s.C;
          Ints sum = {};
          for (int64_t t = 0; t < count; t++) {
            const uint8_t* pixel = pointers[t * kByteRows] + first;
            uint8_t rest[kByteLanes] = {};
            if (!is_whole) {
              memcpy(rest, pixel, size_t(s.C - first));
              pixel = rest;
            }
            Ints of_tap;
            memcpy(&of_tap, w + t * padded + first, sizeof of_tap);
            sum += product_of_shorts((widened(pixel) ^ flip) - zero, of_tap);
          }
          memcpy(tile + j, &sum, sizeof sum);
        }
        write_tile<S>(out, s, c, 0, count, at, 1, channel, width, tile, none);
      }
    }
  });
}

}  // namespace

// out_dtype out x_dtype x weight FINISH channels_last weight_last  N C H W O kh kw sh sw ph pw dh dw groups
KERNEL(conv2d_int8) {
  context->cancellable = true;
  Output out;
  out.dtype = args.dtype();
  out.data = args.pointer();
  Pixels from;
  from.is_signed = args.dtype() == kInt8;
  from.x = args.pointer<uint8_t>();
  const int8_t* weight = args.pointer<int8_t>();
  const FinishArguments f = FinishArguments::read(args);
  from.channels_last = out.channels_last = args.integer() != 0;
  const bool weight_last = args.integer() != 0;
  const ConvShape s = ConvShape::read(args);
  if (f.weight_zero) return context->fail(context, "[conv2d_int8] expected weights without zero points");
  from.zero = *f.x_zero;
  out.is_bytes = f.out_scale != nullptr;
  out.relu = f.relu;
  if (out.is_bytes) out.rule = Requantize::of(f, out.dtype);
  auto with_type = [&](auto body) {
    if (out.is_bytes) return body(uint8_t());
    with_float(out.dtype, [&](auto tag) { body(typename decltype(tag)::type()); });
  };
  if (s.Cg == 1 && s.Og == 1) {
    // The bytes as they are, one group of all channels.
    ConvShape whole = s;
    whole.groups = 1;
    whole.Cg = s.C;
    Image<RawBytes> image;
    Pixels raw = from;
    raw.is_signed = false;
    raw.zero = uint8_t(from.zero);
    if (!make_image(context, &image, whole, raw, Columns::bytes(s.O))) return;
    const Columns c = Columns::make(image.extra, s.O, f, *f.x_scale);
    with_type([&](auto zero) {
      using S = decltype(zero);
      convolve_depthwise<S>(context, s, image, from, weight, c, out);
    });
    return;
  }
  with_dots([&](auto dots) {
    using Dots = decltype(dots);
    Image<Dots> image;
    if (!make_image(context, &image, s, from, Columns::bytes(s.O))) return;
    const Columns c = Columns::make(image.extra, s.O, f, *f.x_scale);
    with_type([&](auto zero) {
      using S = decltype(zero);
      convolve<Dots, S>(context, s, image, weight, weight_last, c, out);
    });
  });
}

}  // namespace layerwise::NS

// Convolutions of eight-bit integers: as products whose rows are read out of images (channels last, whole chunks of them in
// a group), the windows of other images as rows first, and one channel a group by itself. Sums are exact.
#include "int8_tiles.h"

KERNEL_BOUNDED(int8_image_large, 256, 1, (GRID_CONSTANT Int8Job job)) { int8_tile<ImageRows, 128, 2, 4>(job); }
KERNEL_BOUNDED(int8_image_small, 128, 3, (GRID_CONSTANT Int8Job job)) { int8_tile<ImageRows, 64, 2, 2>(job); }

// A chunk of a window per thread and step.
KERNEL(int8_windows, (GRID_CONSTANT Int8Windows job)) {
  const Int8Image& g = job.image;
  const int64_t chunks = job.padded / kInt8Chunk, depth = int64_t(g.kh) * g.kw * g.group_in;
  const int64_t total = job.N * g.oh * g.ow * job.groups * chunks;
  const uint8_t flip = uint8_t(job.flip), padding = uint8_t(number_of(job.zero)) ^ flip;
  for (int64_t i = thread_index(); i < total; i += thread_count()) {
    const int64_t window = quotient(i, chunks), pixel = quotient(window, job.groups);
    const int64_t line = quotient(pixel, g.ow), image = quotient(line, g.oh);
    const int y0 = int(line - image * g.oh) * g.sh - g.ph, x0 = int(pixel - line * g.ow) * g.sw - g.pw;
    const int64_t first = (window - pixel * job.groups) * g.group_in;
    const uint8_t* from = job.x + image * g.H * g.W * g.C + first * job.x_channel;
    int64_t k = (i - window * chunks) * kInt8Chunk;
    int64_t tap = quotient(k, g.group_in), channel = k - tap * g.group_in;
    Pack<uint8_t, kInt8Chunk> codes;
    UNROLL for (int j = 0; j < kInt8Chunk; j++, k++) {
      uint8_t code = 0;
      if (k < depth) {
        const int above = int(tap) / g.kw;
        const int64_t y = y0 + above * g.dh, x = x0 + (int(tap) - above * g.kw) * g.dw;
        const bool is_inside = y >= 0 && y < g.H && x >= 0 && x < g.W;
        code = is_inside ? from[(y * g.W + x) * job.x_pixel + channel * job.x_channel] ^ flip : padding;
      }
      codes.at[j] = code;
      if (++channel == g.group_in) channel = 0, tap++;
    }
    store_pack<kInt8Chunk>((uint8_t*)job.out + i * kInt8Chunk, codes);
  }
}

// One channel a group: four channels of four neighbouring pixels per thread and step.
KERNEL(int8_depthwise, (GRID_CONSTANT Int8Depthwise job)) {
  constexpr int kPixels = 4, kChannels = 4;
  const Int8Image& g = job.image;
  const Int8Finish& f = job.finish;
  const int64_t fours = (g.C + kChannels - 1) / kChannels, runs = (g.ow + kPixels - 1) / kPixels;
  const bool is_even = g.C % kChannels == 0 && job.x_channel == 1 && uintptr_t(job.x) % kChannels == 0;
  const bool is_even_weight = g.C % kChannels == 0;
  const bool is_even_out =
      f.is_requantized && g.C % kChannels == 0 && f.out_column == 1 && uintptr_t(f.out) % kChannels == 0;
  const int zero = number_of(job.x_zero);
  const float x_scale = number_of(job.x_scale);
  const Int8Rule rule = Int8Rule::of(f);
  for (int64_t i = thread_index(); i < job.N * g.oh * runs * fours; i += thread_count()) {
    const int64_t above = quotient(i, fours), line = quotient(above, runs), image = quotient(line, g.oh);
    const int64_t c0 = (i - above * fours) * kChannels, x0 = (above - line * runs) * kPixels;
    const int count = int(smaller(kChannels, g.C - c0));
    const uint8_t* from = job.x + image * g.H * g.W * g.C + c0 * job.x_channel;
    int sum[kPixels][kChannels] = {};
    for (int r = 0; r < g.kh; r++) {
      const int64_t y = (line - image * g.oh) * g.sh - g.ph + r * g.dh;
      if (y < 0 || y >= g.H) continue;
      for (int q = 0; q < g.kw; q++) {
        const int8_t* weight = job.weight + (r * g.kw + q) * g.C + c0;
        int w[kChannels];
        const uint32_t four = is_even_weight ? *(const uint32_t*)weight : 0;
        UNROLL for (int c = 0; c < kChannels; c++) {
          w[c] = is_even_weight ? int(int8_t(four >> 8 * c)) : c < count ? int(weight[c]) : 0;
        }
        UNROLL for (int p = 0; p < kPixels; p++) {
          const int64_t x = (x0 + p) * g.sw - g.pw + q * g.dw;
          if (x < 0 || x >= g.W) continue;
          const uint8_t* at = from + (y * g.W + x) * job.x_pixel;
          const uint32_t codes = is_even ? *(const uint32_t*)at : 0;
          UNROLL for (int c = 0; c < kChannels; c++) {
            const uint8_t code = is_even ? uint8_t(codes >> 8 * c) : c < count ? at[c * job.x_channel] : uint8_t(0);
            sum[p][c] += ((job.is_signed ? int(int8_t(code)) : int(code)) - zero) * w[c];
          }
        }
      }
    }
    Int8Column columns[kChannels];
    UNROLL for (int c = 0; c < kChannels; c++) columns[c] = Int8Column::of(f, smaller(c0 + c, g.C - 1), x_scale);
    UNROLL for (int p = 0; p < kPixels; p++) {
      if (x0 + p >= g.ow) break;
      const int64_t at = int8_place(f, line * g.ow + x0 + p, c0);
      if (is_even_out) {
        uint32_t codes = 0;
        UNROLL for (int c = 0; c < kChannels; c++) {
          codes |= uint32_t(int8_rounded(f, rule, sum[p][c], columns[c], at + c)) << 8 * c;
        }
        *(uint32_t*)((uint8_t*)f.out + at) = codes;
        continue;
      }
      UNROLL for (int c = 0; c < kChannels; c++) {
        if (c < count) int8_store(f, rule, at + c * f.out_column, sum[p][c], columns[c], 1);
      }
    }
  }
}

// Filters [O, channels, taps] as rows of whole chunks, taps before channels.
KERNEL(int8_pack_taps, (int8_t* out, const int8_t* from, int64_t O, int64_t channels, int64_t taps, int64_t padded)) {
  const int64_t depth = channels * taps;
  for (int64_t i = thread_index(); i < O * padded; i += thread_count()) {
    const int64_t o = quotient(i, padded), k = i - o * padded, tap = quotient(k, channels);
    out[i] = k < depth ? from[o * depth + (k - tap * channels) * taps + tap] : int8_t(0);
  }
}

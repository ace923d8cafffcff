// What the three convolution kernels share: a source image with its padding made real, the order in which pixels are
// visited, and the packing of "column" matrices straight from the image, so that no im2col matrix is ever stored.
#pragma once
#include "epilogue.h"
#include "matmul_micro.h"

namespace layerwise::NS {

struct ConvShape {
  int64_t N, C, H, W, O, kh, kw, sh, sw, ph, pw, dh, dw, groups;
  int64_t oh, ow, Cg, Og;

  static ConvShape read(Args& args) {
    ConvShape s;
    int64_t* fields[] = {&s.N,  &s.C,  &s.H,  &s.W,  &s.O,  &s.kh, &s.kw,
                         &s.sh, &s.sw, &s.ph, &s.pw, &s.dh, &s.dw, &s.groups};
    for (int64_t* field : fields) *field = args.integer();
    s.oh = (s.H + 2 * s.ph - s.dh * (s.kh - 1) - 1) / s.sh + 1;
    s.ow = (s.W + 2 * s.pw - s.dw * (s.kw - 1) - 1) / s.sw + 1;
    s.Cg = s.C / s.groups;
    s.Og = s.O / s.groups;
    return s;
  }
};

constexpr int64_t kChunkBytes = (int64_t)64 << 20;  // images are taken together up to this many bytes of padded source

LW_STATIC int64_t images_at_once(int64_t n, int64_t bytes) {
  return larger(1, smaller(n, kChunkBytes / larger(bytes, 1)));
}

struct Padding { int64_t top, bottom, left, right; };

// Images with real padding, in the type of computation. Strides in elements.
template <class T> struct Source {
  const T* data;
  int64_t size;  // elements that may be read
  int64_t image, channel, row;
  int64_t origin;  // of pixel (0, 0) of the unpadded image
};

// Pads n images of c channels into scratch slot 0; without padding and conversion the images themselves serve.
template <class T, class S>
Source<T> pad_source(Context* context, const S* x, int64_t n, int64_t c, int64_t h, int64_t w, Padding pad) {
  if constexpr (is_same<T, S>) {
    if (!(pad.top | pad.bottom | pad.left | pad.right)) return {x, n * c * h * w, c * h * w, h * w, w, 0};
  }
  int64_t height = h + pad.top + pad.bottom, width = w + pad.left + pad.right;
  int64_t plane = height * width, slack = 2 * lanes<T>;
  T* out = (T*)context->scratch(context, 0, (n * c * plane + slack) * sizeof(T));
  if (!out) {
    context->fail(context, "[conv2d] out of memory for the padded input");
    return {};
  }
  parallel_for(context, n * c, 16384 / larger(plane, 1), [=](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      T* to = out + p * plane;
      const S* from = x + p * h * w;
      memset(to, 0, pad.top * width * sizeof(T));
      for (int64_t y = 0; y < h; y++) {
        T* row = to + (y + pad.top) * width;
        for (int64_t i = 0; i < pad.left; i++) row[i] = 0;
        if constexpr (is_same<T, S>) memcpy(row + pad.left, from + y * w, w * sizeof(T));
        else for (int64_t i = 0; i < w; i++) row[pad.left + i] = (T)get(from + y * w + i);
        for (int64_t i = pad.left + w; i < width; i++) row[i] = 0;
      }
      memset(to + (pad.top + h) * width, 0, pad.bottom * width * sizeof(T));
    }
  });
  return {out, n * c * plane + slack, c * plane, plane, width, pad.top * width + pad.left};
}

// The pixels of a result, in order, and where each one's window begins in the source.
struct Grid {
  int64_t ny, nx;          // pixels of one image
  int64_t step_y, step_x;  // elements of the source between neighbouring pixels
  int64_t base;            // of pixel (0, 0) of image 0
  int64_t image;

  // Rows that follow each other without a gap are one row.
  void flatten() {
    if (step_x == 1 && step_y == nx) {
      nx *= ny;
      ny = 1;
    }
  }
  // Calls f(offset in the source, first, n) for every run of pixels of one row in [begin, end).
  template <class F> LW_INLINE void runs(int64_t begin, int64_t end, F f) const {
    int64_t n = begin / (ny * nx), y = begin / nx % ny, x = begin % nx;
    for (int64_t q = begin; q < end;) {
      int64_t count = smaller(nx - x, end - q);
      f(base + n * image + y * step_y + x * step_x, q - begin, count);
      q += count;
      x = 0;
      if (++y == ny) y = 0, n++;
    }
  }
};

// `n` elements `step` apart. Writes up to a vector more than asked; reads so too when `may_overrun`.
template <class T> LW_STATIC void copy_pixels(T* out, const T* in, int64_t n, int64_t step, bool may_overrun) {
  constexpr int64_t L = lanes<T>;
  if (step == 1 && may_overrun) {
    for (int64_t i = 0; i < n; i += L) store(out + i, load(in + i));
    return;
  }
  if constexpr (is_same<T, float>) {
    if (step == 2 && may_overrun) {
      Ints even;
      for (int64_t i = 0; i < L; i++) even[i] = 2 * i;
      for (int64_t i = 0; i < n; i += L)
        store(out + i, __builtin_shuffle(load(in + 2 * i), load(in + 2 * i + L), even));
      return;
    }
  }
  for (int64_t i = 0; i < n; i++) out[i] = in[i * step];
}

constexpr int64_t kMostRuns = 512;

struct Run { int64_t source, first, n; };

// The runs of a block of pixels, and whether reading past their ends is harmless.
struct Runs {
  int count;
  bool may_overrun;
  Run list[kMostRuns];

  void find(const Grid& grid, int64_t begin, int64_t end, int64_t reach, int64_t size) {
    count = 0;
    may_overrun = true;
    grid.runs(begin, end, [&](int64_t source, int64_t first, int64_t n) {
      list[count++] = {source, first, n};
      if (source + reach + (n + 32) * larger(grid.step_x, 1) > size) may_overrun = false;
    });
  }
};

// out[k * stride + q] = source of pixel q at tap k, for depth taps.
template <class T> LW_STATIC void pack_pixels(T* out, int64_t stride, const Source<T>& source, const Runs& runs,
                                              int64_t step, const int64_t* taps, int64_t depth, int64_t shift) {
  for (int64_t k = 0; k < depth; k++) {
    const T* in = source.data + shift + taps[k];
    for (int r = 0; r < runs.count; r++) {
      const Run& run = runs.list[r];
      copy_pixels(out + k * stride + run.first, in + run.source, run.n, step, runs.may_overrun);
    }
  }
}

}  // namespace layerwise::NS

// Fourier transforms of lines whose length is a power of two, in shared memory: radix-2 steps in Stockham's order, which
// needs no reversal of bits. A block has one or several lines, each with a row of threads.
#include "vectors.h"

#include "fft.h"

namespace {

template <class W> struct Complex {
  W re, im;
};

// Of half turns.
DEVICE float sine_of(float x) { return sinpif(x); }
DEVICE double sine_of(double x) { return sinpi(x); }
DEVICE float cosine_of(float x) { return cospif(x); }
DEVICE double cosine_of(double x) { return cospi(x); }

template <class W> DEVICE Complex<W> load_line(const FftJob& job, const void* in, int64_t line, int i) {
  const int n = job.n;
  if (job.mode == kFftFromReal) return {((const W*)in)[line * n + i], W(0)};
  const auto* values = (const Complex<W>*)in;
  if (job.mode != kFftToReal) return values[line * n + i];
  // The other half mirrors this one; the ends are real, whatever is given.
  const int half = n / 2;
  const bool is_mirrored = i > half;
  Complex<W> z = values[line * (half + 1) + (is_mirrored ? n - i : i)];
  if (is_mirrored) z.im = -z.im;
  if (i == 0 || i == half) z.im = 0;
  return z;
}

template <class W> DEVICE void store_line(const FftJob& job, void* out, int64_t line, int i, const Complex<W>& z) {
  const int n = job.n;
  const W scale = W(job.scale);
  if (job.mode == kFftToReal) {
    ((W*)out)[line * n + i] = z.re * scale;
  } else if (job.mode == kFftFromReal) {
    if (i <= n / 2) ((Complex<W>*)out)[line * (n / 2 + 1) + i] = {z.re * scale, z.im * scale};
  } else {
    ((Complex<W>*)out)[line * n + i] = {z.re * scale, z.im * scale};
  }
}

template <class W> DEVICE void fft_lines(void* out, const void* in, const FftJob& job) {
  DYNAMIC_SHARED(Complex<W>, memory);
  const int n = job.n;
  const int64_t line = int64_t(blockIdx.x) * blockDim.y + threadIdx.y;
  const bool is_there = line < job.lines;
  Complex<W>* from = memory + int64_t(threadIdx.y) * 2 * n;
  Complex<W>* to = from + n;
  if (is_there) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) from[i] = load_line<W>(job, in, line, i);
  }
  __syncthreads();
  const W turn = job.mode == kFftInverse || job.mode == kFftToReal ? W(1) : W(-1);
  for (int length = 1; length < n; length *= 2) {
    if (is_there) {
      for (int t = threadIdx.x; t < n / 2; t += blockDim.x) {
        const int j = t & (length - 1);
        const W angle = turn * W(j) / W(length);
        const W c = cosine_of(angle), s = sine_of(angle);
        const Complex<W> a = from[t], b = from[t + n / 2];
        const Complex<W> turned = {b.re * c - b.im * s, b.re * s + b.im * c};
        const int at = 2 * t - j;
        to[at] = {a.re + turned.re, a.im + turned.im};
        to[at + length] = {a.re - turned.re, a.im - turned.im};
      }
    }
    __syncthreads();
    Complex<W>* const next = to;
    to = from;
    from = next;
  }
  if (!is_there) return;
  for (int i = threadIdx.x; i < n; i += blockDim.x) store_line<W>(job, out, line, i, from[i]);
}

}  // namespace

ENTRY(fft_lines, float32, float, (void* out, const void* in, GRID_CONSTANT FftJob job), (out, in, job))
ENTRY(fft_lines, float64, double, (void* out, const void* in, GRID_CONSTANT FftJob job), (out, in, job))

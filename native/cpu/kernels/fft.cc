// Fourier transforms of contiguous lines: complex to complex, real to the half that is not redundant, and back. Lines
// are shared among the threads. Knows no dimensions and no normalization beyond a factor.
#include "fft_plan.h"

namespace layerwise::NS {
namespace {

enum Mode { kForward, kInverse, kFromReal, kToReal };

// What one call prepares: the plan of the length that is transformed, and for Bluestein's convolution the padded one.
template <class R> struct Setup {
  int64_t n;       // of the line
  int64_t length;  // that is transformed: half of it where a real line is packed into pairs
  bool is_packed;
  FftPlan<R> plan;
  FftPlan<R> padded;
  const Complex<R>* chirp;     // exp(-pi i k^2 / length)
  const Complex<R>* response;  // the transform of its conjugate, over the padded length
  const Complex<R>* roots;     // exp(-2 pi i k / n), for packed lines
};

template <class R> Complex<R> narrow(Complex<double> x) { return {(R)x.re, (R)x.im}; }

int64_t padded_length(int64_t n) {
  int64_t size = 1;
  while (size < 2 * n - 1) size *= 2;
  return size;
}

// Tables live in slot 0 of the thread that launches; the others read them.
template <class R> bool prepare(Context* context, Setup<R>& setup, int64_t n, int mode) {
  setup.n = n;
  setup.is_packed = (mode == kFromReal || mode == kToReal) && n % 2 == 0 && n > 2;
  setup.length = setup.is_packed ? n / 2 : n;
  const int64_t length = setup.length, padded = padded_length(length);
  FftPlan<R>& plan = setup.plan;
  plan.n = length;
  plan.step = n / length;
  const bool is_smooth = factorize(length, plan.factors, &plan.count);
  if (!is_smooth) plan.count = 0;
  const int64_t extra = is_smooth ? 0 : length + 4 * padded;
  Complex<R>* block = (Complex<R>*)context->scratch(context, 0, size_t(n + extra) * sizeof(Complex<R>));
  if (!block) return false;
  for (int64_t k = 0; k < n; k++) block[k] = narrow<R>(unit_root(k, n));
  plan.table = setup.roots = block;
  if (is_smooth) return true;
  Complex<R>*chirp = block + n, *table = chirp + length, *response = table + padded, *work = response + padded;
  for (int64_t k = 0; k < length; k++) chirp[k] = narrow<R>(unit_root(k * k % (2 * length), 2 * length));
  for (int64_t k = 0; k < padded; k++) table[k] = narrow<R>(unit_root(k, padded));
  setup.padded.n = padded;
  setup.padded.step = 1;
  setup.padded.table = table;
  factorize(padded, setup.padded.factors, &setup.padded.count);
  for (int64_t k = 0; k < padded; k++) work[k] = {0, 0};
  for (int64_t k = 0; k < length; k++) {
    work[k] = conjugate(chirp[k]);
    if (k) work[padded - k] = conjugate(chirp[k]);
  }
  Complex<R>* found = transform(setup.padded, work, work + padded);
  for (int64_t k = 0; k < padded; k++) response[k] = scaled(found[k], R(1) / R(padded));
  setup.chirp = chirp;
  setup.response = response;
  return true;
}

template <class R> int64_t work_size(const Setup<R>& setup) {
  return setup.plan.count || setup.length == 1 ? 2 * setup.length : 2 * setup.length + 2 * setup.padded.n;
}

// x holds `length` values and work space behind them; returns where the transform is.
template <class R> Complex<R>* forward(const Setup<R>& setup, Complex<R>* x) {
  const int64_t n = setup.length;
  if (setup.plan.count || n == 1) return transform(setup.plan, x, x + n);
  const int64_t padded = setup.padded.n;
  Complex<R>*a = x + 2 * n, *b = a + padded;
  for (int64_t k = 0; k < n; k++) a[k] = x[k] * setup.chirp[k];
  for (int64_t k = n; k < padded; k++) a[k] = {0, 0};
  Complex<R>* spectrum = transform(setup.padded, a, b);
  // Back by conjugation; the factor is in the response.
  for (int64_t k = 0; k < padded; k++) spectrum[k] = conjugate(spectrum[k] * setup.response[k]);
  Complex<R>* found = transform(setup.padded, spectrum, spectrum == a ? b : a);
  for (int64_t k = 0; k < n; k++) x[k] = conjugate(found[k]) * setup.chirp[k];
  return x;
}

template <class R>
void complex_line(const Setup<R>& setup, const Complex<R>* in, Complex<R>* out, R scale, bool inverse, Complex<R>* x) {
  const int64_t n = setup.n;
  for (int64_t k = 0; k < n; k++) x[k] = inverse ? conjugate(in[k]) : in[k];
  const Complex<R>* y = forward(setup, x);
  for (int64_t k = 0; k < n; k++) out[k] = scaled(inverse ? conjugate(y[k]) : y[k], scale);
}

template <class R> void from_real(const Setup<R>& setup, const R* in, Complex<R>* out, R scale, Complex<R>* x) {
  const int64_t n = setup.n, h = setup.length;
  if (!setup.is_packed) {
    for (int64_t k = 0; k < n; k++) x[k] = {in[k], 0};
    const Complex<R>* y = forward(setup, x);
    for (int64_t k = 0; k <= n / 2; k++) out[k] = scaled(y[k], scale);
    return;
  }
  for (int64_t k = 0; k < h; k++) x[k] = {in[2 * k], in[2 * k + 1]};
  const Complex<R>* y = forward(setup, x);
  // Even and odd samples apart: E + w O, with both hidden in the transform of the pairs.
  for (int64_t k = 0; k <= h; k++) {
    const Complex<R> a = y[k == h ? 0 : k], b = conjugate(y[k == 0 ? 0 : h - k]);
    const Complex<R> even = scaled(a + b, R(0.5)), odd = times_minus_i(scaled(a - b, R(0.5)));
    const Complex<R> w = k == h ? Complex<R>{-1, 0} : setup.roots[k];
    out[k] = scaled(even + w * odd, scale);
  }
}

template <class R> void to_real(const Setup<R>& setup, const Complex<R>* in, R* out, R scale, Complex<R>* x) {
  const int64_t n = setup.n, h = setup.length;
  // The ends are real by definition: what is imaginary there is not read.
  auto at = [=](int64_t k) -> Complex<R> {
    const bool is_end = k == 0 || 2 * k == n;
    return {in[k].re, is_end ? 0 : in[k].im};
  };
  if (!setup.is_packed) {
    for (int64_t k = 0; k < n; k++) x[k] = 2 * k <= n ? conjugate(at(k)) : at(n - k);
    const Complex<R>* y = forward(setup, x);
    for (int64_t k = 0; k < n; k++) out[k] = y[k].re * scale;
    return;
  }
  for (int64_t k = 0; k < h; k++) {
    const Complex<R> a = at(k), b = conjugate(at(h - k));
    const Complex<R> even = a + b, odd = (a - b) * conjugate(setup.roots[k]);
    const Complex<R> turned = {-odd.im, odd.re};
    x[k] = conjugate(even + turned);
  }
  const Complex<R>* y = forward(setup, x);
  for (int64_t k = 0; k < h; k++) {
    out[2 * k] = y[k].re * scale;
    out[2 * k + 1] = -y[k].im * scale;
  }
}

template <class R>
void run(Context* context, int mode, void* out, const void* in, int64_t lines, int64_t n, double scale) {
  Setup<R> setup;
  auto out_of_memory = [&] { context->fail(context, "[fft] out of memory"); };
  if (!prepare(context, setup, n, mode)) return out_of_memory();
  const int64_t half = n / 2 + 1;
  parallel_for(context, lines, larger(1, (1 << 14) / n), [&](int64_t begin, int64_t end) {
    Complex<R>* x = (Complex<R>*)context->scratch(context, 1, size_t(work_size(setup)) * sizeof(Complex<R>));
    if (!x) return out_of_memory();
    for (int64_t i = begin; i < end; i++) {
      const R factor = (R)scale;
      if (mode == kFromReal) from_real(setup, (const R*)in + i * n, (Complex<R>*)out + i * half, factor, x);
      else if (mode == kToReal) to_real(setup, (const Complex<R>*)in + i * half, (R*)out + i * n, factor, x);
      else
        complex_line(setup, (const Complex<R>*)in + i * n, (Complex<R>*)out + i * n, factor, mode == kInverse, x);
    }
  });
}

KERNEL(fft) {
  Dtype dtype = args.dtype();
  int mode = (int)args.integer();
  void* out = args.pointer();
  const void* in = args.pointer();
  int64_t lines = args.integer(), n = args.integer();
  double scale = args.real();
  context->cancellable = true;
  bool known = with_real(dtype, [&](auto tag) {
    run<typename decltype(tag)::type>(context, mode, out, in, lines, n, scale);
  });
  if (!known) context->fail(context, "[fft] expected float32 or float64");
}

}  // namespace
}  // namespace layerwise::NS

// Eigenvalues and eigenvectors of general matrices: reduction to Hessenberg form, then the shifted QR iteration. Real
// matrices stay real (Francis 1961, in the form of EISPACK's hqr2), so that their eigenvalues come in exact pairs.
#include "linalg_eig.h"

namespace layerwise::NS {
namespace {

// Each vector gets norm 1, turned so that its largest component is real.
void normalize(Complex<double>* vectors, int64_t n) {
  for (int64_t j = 0; j < n; j++) {
    double sum = 0, largest = -1;
    Complex<double> top = {1, 0};
    for (int64_t i = 0; i < n; i++) {
      const Complex<double> x = vectors[i * n + j];
      const double size = x.re * x.re + x.im * x.im;
      sum += size;
      if (size > largest) {
        largest = size;
        top = x;
      }
    }
    if (!(sum > 0)) continue;
    const double norm = root(sum), size = magnitude_of(top);
    const bool is_real = top.im == 0;
    Complex<double> factor = is_real ? Complex<double>{1 / norm, 0} : scaled(conjugate(top), 1 / (size * norm));
    int64_t at = -1;
    for (int64_t i = 0; i < n; i++) {
      Complex<double>& x = vectors[i * n + j];
      if (!is_real && at < 0 && x.re == top.re && x.im == top.im) at = i;
      x = x * factor;
    }
    if (at >= 0) vectors[at * n + j].im = 0;
  }
}

template <class S> bool solve(Context* context, const S* input, int64_t n, Complex<real_of<S>>* values,
                              Complex<real_of<S>>* vectors) {
  using T = widened<S>;
  const size_t bytes = size_t(n * n) * (2 * sizeof(T) + sizeof(Complex<double>)) + size_t(n + 1) * 6 * sizeof(T);
  char* block = (char*)context->scratch(context, 0, bytes);
  if (!block) {
    context->fail(context, "[linalg_eig] out of memory");
    return true;
  }
  Complex<double>* out = (Complex<double>*)block;
  T *h = (T*)(out + n * n), *z = h + n * n, *lines = z + n * n;
  for (int64_t i = 0; i < n * n; i++) h[i] = widen_one(input[i]);
  Complex<double>* eigenvalues = (Complex<double>*)(lines + 2 * (n + 1));
  reduce_to_hessenberg(context, h, z, lines, n);
  bool converged;
  if constexpr (Scalars<T>::is_complex) converged = iterate_complex(h, z, eigenvalues, n);
  else {
    T* turned = (T*)out;
    transpose_into(turned, z, n, n, false);
    converged = iterate_real(h, turned, eigenvalues, n);
    transpose_into(z, turned, n, n, false);
  }
  for (int64_t i = 0; i < n; i++) narrow_one(values + i, eigenvalues[i]);
  if (!vectors || !converged) return converged;
  if constexpr (Scalars<T>::is_complex) back_substitute_complex(h, z, eigenvalues, out, lines, n);
  else back_substitute_real(h, z, eigenvalues, out, lines, n);
  normalize(out, n);
  for (int64_t i = 0; i < n * n; i++) narrow_one(vectors + i, out[i]);
  return true;
}

KERNEL(linalg_eig) {
  Dtype dtype = args.dtype();
  void* values = args.pointer();
  void* vectors = args.pointer();
  int32_t* info = args.pointer<int32_t>();
  const void* a = args.pointer();
  int64_t batch = args.integer(), n = args.integer();
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Complex<real_of<T>>;
    for_each_matrix(context, batch, [=](int64_t i) {
      C* out = vectors ? (C*)vectors + i * n * n : nullptr;
      info[i] = solve(context, (const T*)a + i * n * n, n, (C*)values + i * n, out) ? 0 : 1;
    });
  });
  if (!known) context->fail(context, "[linalg_eig] expected float32, float64 or their complex forms");
}

}  // namespace
}  // namespace layerwise::NS

// Eigenvalues (ascending) and eigenvectors of Hermitian matrices: Householder tridiagonalization, then the implicit QL
// iteration of Bowdler, Martin, Reinsch and Wilkinson (1968). Reads the lower triangle only.
#include "linalg_reflect.h"

namespace layerwise::NS {
namespace {

constexpr int kMostSweeps = 80;

// a (full, Hermitian) becomes tridiagonal: diagonal d, off-diagonal e (e[k] beside d[k]); reflections go to v, row by
// row, v[k] starting at row k + 1.
template <class T>
void tridiagonalize(Context* context, T* a, int64_t n, double* d, double* e, T* v, T* tau, T* w) {
  for (int64_t k = 0; k + 1 < n; k++) {
    const int64_t size = n - k - 1;
    T* x = v + k * n + k + 1;
    for (int64_t i = 0; i < size; i++) x[i] = a[(k + 1 + i) * n + k];
    e[k] = make_reflection(x, size, tau + k);
    const T t = tau[k];
    if (is_zero(t)) continue;
    // The rest becomes H^H A H: with p = A v, a rank-two update. Rows of a Hermitian matrix are its columns, conjugated.
    T* rest = a + (k + 1) * (n + 1);
    const int64_t grain = larger(4, (1 << 14) / size);
    parallel_for(context, size, grain, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) w[i] = dot(rest + i * n, x, size) * t;
    });
    T inner = {};
    for (int64_t i = 0; i < size; i++) inner += conjugate(w[i]) * x[i];
    const T half = scaled(t * inner, 0.5);
    for (int64_t i = 0; i < size; i++) w[i] -= half * x[i];
    parallel_for(context, size, grain, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T xi = x[i], wi = w[i];
        T* row = rest + i * n;
        for (int64_t j = 0; j < size; j++) row[j] -= xi * conjugate(w[j]) + wi * conjugate(x[j]);
      }
    });
  }
  for (int64_t k = 0; k < n; k++) d[k] = real_part(a[k * (n + 1)]);
}

// d becomes the eigenvalues; rows (eigenvectors, transposed, `width` doubles each) turn along. False: no convergence.
bool iterate(Context* context, int64_t n, double* d, double* e, double* rows, int64_t width, Rotations* rotations) {
  if (n > 0) e[n - 1] = 0;
  for (int64_t l = 0; l < n; l++) {
    for (int sweep = 0;; sweep++) {
      int64_t m = l;
      for (; m + 1 < n; m++) {
        const double near = magnitude_of(d[m]) + magnitude_of(d[m + 1]);
        if (magnitude_of(e[m]) <= epsilon_of<double> * near) break;
      }
      if (m == l) break;
      if (sweep == kMostSweeps) return false;
      // Wilkinson's shift, taken implicitly.
      double g = (d[l + 1] - d[l]) / (2 * e[l]);
      double r = hypotenuse(g, 1.0);
      g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
      double s = 1, c = 1, p = 0;
      int64_t i = m - 1;
      rotations->count = 0;
      for (; i >= l; i--) {
        const double f = s * e[i], b = c * e[i];
        r = hypotenuse(f, g);
        e[i + 1] = r;
        if (r == 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        // Columns i and i + 1: the new i is c z_i - s z_{i+1}.
        rotations->add(i, c, -s);
      }
      apply_rotations(context, rotations, rows, width);
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return true;
}

// The order that sorts d ascending; NaN stays where it is.
void sort_ascending(double* d, int64_t* order, int64_t n) {
  for (int64_t i = 0; i < n; i++) order[i] = i;
  for (int64_t i = 1; i < n; i++) {
    const double value = d[i];
    const int64_t place = order[i];
    int64_t j = i;
    for (; j > 0 && d[j - 1] > value; j--) {
      d[j] = d[j - 1];
      order[j] = order[j - 1];
    }
    d[j] = value;
    order[j] = place;
  }
}

template <class S>
bool solve(Context* context, const S* input, int64_t n, real_of<S>* values, S* vectors, bool upper) {
  using T = widened<S>;
  const size_t matrix = size_t(n * n) * sizeof(T);
  const size_t lines = size_t(n + 1) * (2 * sizeof(T) + 4 * sizeof(double) + 2 * sizeof(int64_t));
  char* block = (char*)context->scratch(context, 0, 3 * matrix + lines);
  if (!block) {
    context->fail(context, "[linalg_eigh] out of memory");
    return true;
  }
  T *a = (T*)block, *v = a + n * n, *z = v + n * n, *tau = z + n * n, *w = tau + n + 1;
  double *d = (double*)(w + n + 1), *e = d + n + 1, *pairs = e + n + 1;
  int64_t *first = (int64_t*)(pairs + 2 * (n + 1)), *order = first + n + 1;
  bool is_finite = true;
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j <= i; j++) {
      const T x = upper ? conjugate(widen_one(input[j * n + i])) : widen_one(input[i * n + j]);
      is_finite = is_finite && pivot_size(x) - pivot_size(x) == 0;
      a[i * n + j] = i == j ? from_real<T>(real_part(x)) : x;
      a[j * n + i] = i == j ? a[i * n + j] : conjugate(x);
    }
  }
  if (!is_finite) {
    const double nan = __builtin_nan("");
    for (int64_t i = 0; i < n; i++) narrow_one(values + i, nan);
    for (int64_t i = 0; vectors && i < n * n; i++) narrow_one(vectors + i, from_real<T>(nan));
    return true;
  }
  tridiagonalize(context, a, n, d, e, v, tau, w);
  double* rows = nullptr;
  const int64_t width = n * (int64_t)(sizeof(T) / sizeof(double));
  if (vectors) {
    // Q = H_0 H_1 ..., built from the last one, then transposed: eigenvectors become rows.
    for (int64_t i = 0; i < n * n; i++) a[i] = T{};
    for (int64_t i = 0; i < n; i++) a[i * (n + 1)] = from_real<T>(1);
    for (int64_t k = n - 2; k >= 0; k--) {
      const int64_t size = n - k - 1;
      reflect_rows(context, v + k * n + k + 1, a + (k + 1) * (n + 1), n, size, size, tau[k]);
    }
    transpose_into(z, a, n, n, false);
    rows = (double*)z;
  }
  Rotations rotations = {pairs, first, 0};
  const bool converged = iterate(context, n, d, e, rows, width, &rotations);
  sort_ascending(d, order, n);
  for (int64_t i = 0; i < n; i++) narrow_one(values + i, d[i]);
  if (!vectors) return converged;
  for (int64_t j = 0; j < n; j++) {
    const T* row = z + order[j] * n;
    for (int64_t i = 0; i < n; i++) narrow_one(vectors + i * n + j, row[i]);
  }
  return converged;
}

KERNEL(linalg_eigh) {
  Dtype dtype = args.dtype();
  void* values = args.pointer();
  void* vectors = args.pointer();
  int32_t* info = args.pointer<int32_t>();
  const void* a = args.pointer();
  int64_t batch = args.integer(), n = args.integer();
  bool upper = args.integer();
  context->cancellable = true;
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_each_matrix(context, batch, [=](int64_t i) {
      T* out = vectors ? (T*)vectors + i * n * n : nullptr;
      info[i] = solve(context, (const T*)a + i * n * n, n, (real_of<T>*)values + i * n, out, upper) ? 0 : 1;
    });
  });
  if (!known) context->fail(context, "[linalg_eigh] expected float32, float64 or their complex forms");
}

}  // namespace
}  // namespace layerwise::NS

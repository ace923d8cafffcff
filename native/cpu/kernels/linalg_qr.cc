// Householder reflections in LAPACK's convention: H = I - tau v v^H with v[0] = 1, the rest of v stored below the
// diagonal of R. Matrices are row-major, so a reflection is applied by running over rows.
#include "linalg_base.h"

namespace layerwise::NS {
namespace {

// The norm of a column below row `from`, scaled so that nothing overflows.
template <class T> real_of<T> column_norm(const T* a, int64_t n, int64_t column, int64_t from, int64_t m) {
  using R = real_of<T>;
  R largest = 0;
  for (int64_t i = from; i < m; i++) {
    R size = pivot_size(a[i * n + column]);
    if (size > largest || size != size) largest = size;
  }
  if (largest == 0 || largest != largest || largest - largest != 0) return largest;
  R sum = 0;
  for (int64_t i = from; i < m; i++) {
    T x = scaled(a[i * n + column], 1 / largest);
    sum += real_part(x * conjugate(x));
  }
  return largest * root(sum);
}

// c (rows from..m, columns [first, n)) -= factor * v (v^H c), with v[from] = 1 and the rest in column `at` of a.
template <class T>
void reflect(const T* a, int64_t lda, int64_t at, T* c, int64_t ldc, int64_t from, int64_t m, int64_t first, int64_t n,
             T factor, T* sums) {
  const int64_t width = n - first;
  if (width <= 0 || is_zero(factor)) return;
  for (int64_t j = 0; j < width; j++) sums[j] = c[from * ldc + first + j];
  for (int64_t i = from + 1; i < m; i++) {
    const T v = conjugate(a[i * lda + at]);
    const T* row = c + i * ldc + first;
    for (int64_t j = 0; j < width; j++) sums[j] += v * row[j];
  }
  for (int64_t j = 0; j < width; j++) sums[j] = sums[j] * factor;
  for (int64_t j = 0; j < width; j++) c[from * ldc + first + j] -= sums[j];
  for (int64_t i = from + 1; i < m; i++) subtract_scaled(c + i * ldc + first, a[i * lda + at], sums, width);
}

template <class T> void factor(T* a, int64_t m, int64_t n, T* tau, T* sums) {
  using R = real_of<T>;
  const int64_t rank = smaller(m, n);
  for (int64_t k = 0; k < rank; k++) {
    T alpha = a[k * n + k];
    const R below = column_norm(a, n, k, k + 1, m);
    bool is_done = below == 0;
    if constexpr (Scalars<T>::is_complex) is_done = is_done && alpha.im == 0;
    if (is_done) {
      tau[k] = T{};
      continue;
    }
    R beta = hypotenuse(magnitude_of(alpha), below);
    if (real_part(alpha) > 0) beta = -beta;
    const T difference = from_real<T>(beta) - alpha;
    tau[k] = scaled(difference, 1 / beta);
    const T inverse = -(from_real<T>(1) / difference);
    for (int64_t i = k + 1; i < m; i++) a[i * n + k] = a[i * n + k] * inverse;
    a[k * n + k] = from_real<T>(beta);
    // A becomes H^H A.
    reflect(a, n, k, a, n, k, m, k + 1, n, conjugate(tau[k]), sums);
  }
}

// In place of a copy of the reflections: q (m x columns) = H_0 H_1 ... H_{k-1} applied to the identity.
template <class T>
void build(const T* a, int64_t lda, const T* tau, int64_t k, T* q, int64_t m, int64_t columns, T* sums) {
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < columns; j++) q[i * columns + j] = from_real<T>(i == j);
  }
  for (int64_t r = k - 1; r >= 0; r--) reflect(a, lda, r, q, columns, r, m, r, columns, tau[r], sums);
}

KERNEL(linalg_geqrf) {
  Dtype dtype = args.dtype();
  void* a = args.pointer();
  void* tau = args.pointer();
  int64_t batch = args.integer(), m = args.integer(), n = args.integer();
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_each_matrix(context, batch, [=](int64_t i) {
      T* sums = (T*)context->scratch(context, 0, size_t(n + 1) * sizeof(T));
      if (!sums) return context->fail(context, "[linalg_geqrf] out of memory");
      factor((T*)a + i * m * n, m, n, (T*)tau + i * smaller(m, n), sums);
    });
  });
  if (!known) context->fail(context, "[linalg_geqrf] expected float32, float64 or their complex forms");
}

// q (m x columns) from k reflections in the first k columns of a (m x n).
KERNEL(linalg_householder) {
  Dtype dtype = args.dtype();
  void* q = args.pointer();
  const void* a = args.pointer();
  const void* tau = args.pointer();
  int64_t batch = args.integer(), m = args.integer(), n = args.integer(), k = args.integer();
  int64_t columns = args.integer();
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_each_matrix(context, batch, [=](int64_t i) {
      T* sums = (T*)context->scratch(context, 0, size_t(columns + 1) * sizeof(T));
      if (!sums) return context->fail(context, "[linalg_householder] out of memory");
      build((const T*)a + i * m * n, n, (const T*)tau + i * k, k, (T*)q + i * m * columns, m, columns, sums);
    });
  });
  if (!known) context->fail(context, "[linalg_householder] expected float32, float64 or their complex forms");
}

}  // namespace
}  // namespace layerwise::NS

// Cholesky factorization in place: A = L L^H from the lower triangle of A, row-major; the upper triangle is zeroed. Where
// A is not positive definite the order of the failing minor is reported and the rest of the triangle is left as it was.
#include "linalg_base.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kBlock = 48;

// The rows [k, k + kb) of the diagonal block, with columns before k already subtracted. 0, or the failing order.
template <class T> int64_t factor_corner(T* a, int64_t n, int64_t k, int64_t kb) {
  for (int64_t j = k; j < k + kb; j++) {
    T* row = a + j * n;
    real_of<T> sum = real_part(row[j]);
    for (int64_t p = k; p < j; p++) sum -= real_part(row[p] * conjugate(row[p]));
    if (!(sum > 0)) return j + 1;
    const real_of<T> pivot = root(sum);
    row[j] = from_real<T>(pivot);
    for (int64_t i = j + 1; i < k + kb; i++) {
      T* below = a + i * n;
      T x = below[j];
      for (int64_t p = k; p < j; p++) x -= below[p] * conjugate(row[p]);
      below[j] = scaled(x, 1 / pivot);
    }
  }
  return 0;
}

template <class T> int64_t factor(Context* context, T* a, int64_t n, T* transposed) {
  for (int64_t k = 0; k < n; k += kBlock) {
    const int64_t kb = smaller(kBlock, n - k), rest = n - k - kb;
    if (int64_t failed = factor_corner(a, n, k, kb)) return failed;
    if (rest == 0) break;
    // L21 = A21 L11^-H, and its conjugate transpose for the product.
    parallel_for(context, rest, 64, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        T* row = a + (k + kb + i) * n + k;
        for (int64_t j = 0; j < kb; j++) {
          const T* corner = a + (k + j) * n + k;
          T x = row[j];
          for (int64_t p = 0; p < j; p++) x -= row[p] * conjugate(corner[p]);
          row[j] = scaled(x, 1 / real_part(corner[j]));
          transposed[j * rest + i] = conjugate(row[j]);
        }
      }
    });
    // Only the lower triangle is needed: in strips of columns.
    constexpr int64_t strip = 128;
    for (int64_t c = 0; c < rest; c += strip) {
      const int64_t from = k + kb + c;
      subtract_product(context, a + from * n + from, n, a + from * n + k, n, transposed + c, rest, rest - c,
                       smaller(strip, rest - c), kb);
    }
  }
  return 0;
}

KERNEL(linalg_cholesky) {
  Dtype dtype = args.dtype();
  void* a = args.pointer();
  int32_t* info = args.pointer<int32_t>();
  int64_t batch = args.integer(), n = args.integer();
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_each_matrix(context, batch, [=](int64_t i) {
      T* matrix = (T*)a + i * n * n;
      T* transposed = (T*)context->scratch(context, 0, size_t(kBlock * n + 1) * sizeof(T));
      if (!transposed) return context->fail(context, "[linalg_cholesky] out of memory");
      info[i] = (int32_t)factor(context, matrix, n, transposed);
      for (int64_t r = 0; r < n; r++) {
        for (int64_t c = r + 1; c < n; c++) matrix[r * n + c] = T{};
      }
    });
  });
  if (!known) context->fail(context, "[linalg_cholesky] expected float32, float64 or their complex forms");
}

}  // namespace
}  // namespace layerwise::NS

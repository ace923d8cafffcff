// LU factorization with partial pivoting, and what is solved with triangles: all in place, matrices row-major. A zero
// pivot is reported, not refused: the caller knows whether it matters.
#include "linalg_base.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kPanel = 48;

// Factor columns [k, k + kb) of rows k.., swapping whole rows of a.
template <class T> void factor_panel(T* a, int64_t m, int64_t n, int64_t k, int64_t kb, int32_t* pivots, int* info) {
  for (int64_t j = k; j < k + kb; j++) {
    int64_t best = j;
    auto size = pivot_size(a[j * n + j]);
    for (int64_t i = j + 1; i < m; i++) {
      auto s = pivot_size(a[i * n + j]);
      if (s > size) {
        size = s;
        best = i;
      }
    }
    pivots[j] = (int32_t)(best + 1);
    if (best != j) swap_rows(a + j * n, a + best * n, n);
    T pivot = a[j * n + j];
    if (is_zero(pivot)) {
      if (*info == 0) *info = (int)(j + 1);
      continue;
    }
    const T inverse = from_real<T>(1) / pivot;
    const bool can_multiply = pivot_size(pivot) >= smallest_of<real_of<T>>;
    for (int64_t i = j + 1; i < m; i++) {
      T* row = a + i * n;
      row[j] = can_multiply ? row[j] * inverse : row[j] / pivot;
      subtract_scaled(row + j + 1, row[j], a + j * n + j + 1, k + kb - j - 1);
    }
  }
}

template <class T> void factor(Context* context, T* a, int64_t m, int64_t n, int32_t* pivots, int* info) {
  const int64_t rank = smaller(m, n);
  *info = 0;
  for (int64_t k = 0; k < rank; k += kPanel) {
    const int64_t kb = smaller(kPanel, rank - k), rest = n - k - kb;
    factor_panel(a, m, n, k, kb, pivots, info);
    if (rest <= 0) continue;
    T* right = a + k * n + k + kb;
    for (int64_t i = 1; i < kb; i++) {
      for (int64_t t = 0; t < i; t++) subtract_scaled(right + i * n, a[(k + i) * n + k + t], right + t * n, rest);
    }
    subtract_product(context, a + (k + kb) * n + k + kb, n, a + (k + kb) * n + k, n, right, n, m - k - kb, rest, kb);
  }
}

// A triangle of any strides, possibly read conjugated, and B (n x k, row-major) that becomes the solution of A X = B.
template <class T> struct Triangle {
  const T* a;
  int64_t row, column;
  bool upper, unit, conjugated;
  LW_INLINE T at(int64_t i, int64_t j) const {
    T x = a[i * row + j * column];
    return conjugated ? conjugate(x) : x;
  }
};

template <class T> void solve_columns(Triangle<T> t, T* b, int64_t ldb, int64_t n, int64_t first, int64_t last) {
  const int64_t width = last - first;
  for (int64_t step = 0; step < n; step++) {
    const int64_t i = t.upper ? n - 1 - step : step;
    T* row = b + i * ldb + first;
    const int64_t from = t.upper ? i + 1 : 0, to = t.upper ? n : i;
    for (int64_t p = from; p < to; p++) {
      T factor = t.at(i, p);
      if (!is_zero(factor)) subtract_scaled(row, factor, b + p * ldb + first, width);
    }
    if (t.unit) continue;
    T pivot = t.at(i, i);
    for (int64_t c = 0; c < width; c++) row[c] = row[c] / pivot;
  }
}

// In blocks: the triangles on the diagonal directly, the rest as products.
template <class T> void solve_triangle(Context* context, Triangle<T> t, T* b, int64_t n, int64_t k) {
  constexpr int64_t block = 64;
  const bool is_small = n <= block || k < 4;
  const int64_t strip = is_small ? larger(16, (1 << 18) / (n * n + 1)) : k;
  if (is_small) {
    parallel_for(context, k, strip,
                 [=](int64_t begin, int64_t end) { solve_columns(t, b, k, n, begin, end); });
    return;
  }
  // The part of A that is multiplied, as it is read.
  T* packed = (T*)context->scratch(context, 3, size_t(n * block) * sizeof(T));
  if (!packed) return context->fail(context, "[triangular_solve] out of memory");
  const int64_t blocks = ceil_div(n, block);
  for (int64_t step = 0; step < blocks; step++) {
    const int64_t at = (t.upper ? blocks - 1 - step : step) * block;
    const int64_t size = smaller(block, n - at);
    Triangle<T> corner = t;
    corner.a = t.a + at * (t.row + t.column);
    parallel_for(context, k, 64, [=](int64_t begin, int64_t end) {
      solve_columns(corner, b + at * k, k, size, begin, end);
    });
    const int64_t from = t.upper ? 0 : at + size, to = t.upper ? at : n;
    for (int64_t i = from; i < to; i++) {
      for (int64_t j = 0; j < size; j++) packed[(i - from) * size + j] = t.at(i, at + j);
    }
    subtract_product(context, b + from * k, k, packed, size, b + at * k, k, to - from, k, size);
  }
}

// What is left of a matrix of zero size: nothing to do.
KERNEL(linalg_lu) {
  Dtype dtype = args.dtype();
  void* a = args.pointer();
  int32_t* pivots = args.pointer<int32_t>();
  int32_t* info = args.pointer<int32_t>();
  int64_t batch = args.integer(), m = args.integer(), n = args.integer();
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_each_matrix(context, batch, [=](int64_t i) {
      int failed = 0;
      factor(context, (T*)a + i * m * n, m, n, pivots + i * smaller(m, n), &failed);
      info[i] = failed;
    });
  });
  if (!known) context->fail(context, "[linalg_lu] expected float32, float64 or their complex forms");
}

// Exchange the rows of B as the pivots say: forwards, or backwards to undo it.
KERNEL(linalg_swap_rows) {
  int64_t element = args.integer();
  char* b = args.pointer<char>();
  const int32_t* pivots = args.pointer<const int32_t>();
  int64_t batch = args.integer(), rank = args.integer(), n = args.integer(), k = args.integer();
  bool backwards = args.integer();
  parallel_for(context, batch, larger(1, 32768 / (n * k + 1)), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      char* matrix = b + i * n * k * element;
      for (int64_t step = 0; step < rank; step++) {
        const int64_t row = backwards ? rank - 1 - step : step;
        const int64_t other = pivots[i * rank + row] - 1;
        if (other != row) swap_rows(matrix + row * k * element, matrix + other * k * element, k * element);
      }
    }
  });
}

KERNEL(linalg_solve_triangular) {
  Dtype dtype = args.dtype();
  void* b = args.pointer();
  const void* a = args.pointer();
  int64_t row = args.integer(), column = args.integer(), stride = args.integer();
  int64_t batch = args.integer(), n = args.integer(), k = args.integer();
  bool upper = args.integer(), unit = args.integer(), conjugated = args.integer();
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_each_matrix(context, batch, [=](int64_t i) {
      Triangle<T> t = {(const T*)a + i * stride, row, column, upper, unit, conjugated};
      solve_triangle(context, t, (T*)b + i * n * k, n, k);
    });
  });
  if (!known) context->fail(context, "[linalg_solve_triangular] expected float32, float64 or their complex forms");
}

}  // namespace
}  // namespace layerwise::NS

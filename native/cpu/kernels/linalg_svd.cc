// Singular values (descending) and vectors: reduction to a real bidiagonal matrix by reflections from both sides, then
// the implicit QR iteration of Golub and Reinsch (1970).
#include "linalg_reflect.h"

namespace layerwise::NS {
namespace {

constexpr int kMostSweeps = 80;

// Everything of one problem with m >= n. U and V are kept transposed (their columns are rows) while they are rotated.
template <class T> struct Problem {
  int64_t m, n;
  T *a, *left, *right, *left_tau, *right_tau;
  double *d, *e, *pairs_u, *pairs_v;
  int64_t *first_u, *first_v, *order;
};

// A = Q B P^H: d on B's diagonal, e[i] above d[i]; reflections in rows of `left` and `right`.
template <class T> void bidiagonalize(Context* context, const Problem<T>& p) {
  const int64_t m = p.m, n = p.n;
  p.e[0] = 0;
  for (int64_t k = 0; k < n; k++) {
    T* v = p.left + k * m + k;
    for (int64_t i = k; i < m; i++) v[i - k] = p.a[i * n + k];
    p.d[k] = make_reflection(v, m - k, p.left_tau + k);
    reflect_rows(context, v, p.a + k * n + k + 1, n, m - k, n - k - 1, conjugate(p.left_tau[k]));
    if (k + 1 >= n) break;
    const int64_t size = n - k - 1;
    T* u = p.right + k * n + k + 1;
    for (int64_t j = 0; j < size; j++) u[j] = conjugate(p.a[k * n + k + 1 + j]);
    p.e[k + 1] = make_reflection(u, size, p.right_tau + k);
    const T tau = p.right_tau[k];
    if (is_zero(tau)) continue;
    T* rest = p.a + (k + 1) * n + k + 1;
    parallel_for(context, m - k - 1, larger(4, (1 << 14) / size), [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        T* row = rest + i * n;
        const T factor = dot(row, u, size) * tau;
        for (int64_t j = 0; j < size; j++) row[j] -= factor * conjugate(u[j]);
      }
    });
  }
}

// Where an entry of the diagonal is zero, the entry of e behind it is rotated away, into U.
void cancel(double* d, double* e, int64_t l, int64_t k, double tiny, double* u, int64_t width) {
  double c = 0, s = 1;
  for (int64_t i = l; i <= k; i++) {
    const double f = s * e[i];
    e[i] *= c;
    if (magnitude_of(f) <= tiny) break;
    const double g = d[i], h = hypotenuse(f, g);
    d[i] = h;
    c = g / h;
    s = -f / h;
    if (u) rotate_rows(u + (l - 1) * width, u + i * width, c, s, width);
  }
}

// One shifted sweep over the block l..k.
void sweep(double* d, double* e, int64_t l, int64_t k, Rotations* for_u, Rotations* for_v) {
  double x = d[l], y = d[k - 1], z = d[k], g = e[k - 1], h = e[k];
  double f = ((y - z) * (y + z) + (g - h) * (g + h)) / (2 * h * y);
  g = hypotenuse(f, 1.0);
  f = ((x - z) * (x + z) + h * (y / (f + (f >= 0 ? g : -g)) - h)) / x;
  double c = 1, s = 1;
  for (int64_t j = l; j < k; j++) {
    g = e[j + 1];
    y = d[j + 1];
    h = s * g;
    g = c * g;
    z = hypotenuse(f, h);
    e[j] = z;
    c = z == 0 ? 1 : f / z;
    s = z == 0 ? 0 : h / z;
    f = x * c + g * s;
    g = g * c - x * s;
    h = y * s;
    y *= c;
    for_v->add(j, c, s);
    z = hypotenuse(f, h);
    d[j] = z;
    if (z != 0) {
      c = f / z;
      s = h / z;
    }
    f = c * g + s * y;
    x = c * y - s * g;
    for_u->add(j, c, s);
  }
  e[l] = 0;
  e[k] = f;
  d[k] = x;
}

bool iterate(Context* context, int64_t n, double* d, double* e, double* u, int64_t u_width, double* v, int64_t v_width,
             Rotations* for_u, Rotations* for_v) {
  double norm = 0;
  for (int64_t i = 0; i < n; i++) {
    const double sum = magnitude_of(d[i]) + magnitude_of(e[i]);
    norm = sum > norm ? sum : norm;
  }
  const double tiny = epsilon_of<double> * norm;
  for (int64_t k = n - 1; k >= 0; k--) {
    for (int step = 0;; step++) {
      int64_t l = k;
      bool cancels = false;
      for (;; l--) {
        if (l == 0 || magnitude_of(e[l]) <= tiny) break;
        if (magnitude_of(d[l - 1]) <= tiny) {
          cancels = true;
          break;
        }
      }
      if (cancels) cancel(d, e, l, k, tiny, u, u_width);
      if (l == k) break;
      if (step == kMostSweeps) return false;
      for_u->count = for_v->count = 0;
      sweep(d, e, l, k, for_u, for_v);
      apply_rotations(context, for_u, u, u_width);
      apply_rotations(context, for_v, v, v_width);
    }
    if (d[k] < 0) {
      d[k] = -d[k];
      for (int64_t j = 0; v && j < v_width; j++) v[k * v_width + j] = -v[k * v_width + j];
    }
  }
  return true;
}

// The first `count` columns of H_0 H_1 ... as rows of `out`; `lead` is where the first reflection begins.
template <class T>
void build_rows(Context* context, T* out, T* work, const T* reflections, const T* tau, int64_t size, int64_t number,
                int64_t count, int64_t lead) {
  for (int64_t i = 0; i < size * count; i++) work[i] = T{};
  for (int64_t i = 0; i < count; i++) work[i * (count + 1)] = from_real<T>(1);
  for (int64_t k = number - 1; k >= 0; k--) {
    const int64_t at = k + lead;
    reflect_rows(context, reflections + k * size + at, work + at * count + at, count, size - at, count - at, tau[k]);
  }
  transpose_into(out, work, size, count, false);
}

void sort_descending(double* d, int64_t* order, int64_t n) {
  for (int64_t i = 0; i < n; i++) order[i] = i;
  for (int64_t i = 1; i < n; i++) {
    const double value = d[i];
    const int64_t place = order[i];
    int64_t j = i;
    for (; j > 0 && d[j - 1] < value; j--) {
      d[j] = d[j - 1];
      order[j] = order[j - 1];
    }
    d[j] = value;
    order[j] = place;
  }
}

// Takes what it needs from one block, 64 bytes apart.
struct Arena {
  char* at;
  template <class T> T* take(int64_t n) {
    T* out = (T*)at;
    at += (size_t(n) * sizeof(T) + 63) / 64 * 64;
    return out;
  }
};

// u (rows x columns_u) and vh (columns_v x columns), both or neither; the input may be wide, then its adjoint is solved.
template <class S>
bool solve(Context* context, const S* input, int64_t rows, int64_t columns, S* u, real_of<S>* values, S* vh,
           bool full) {
  using T = widened<S>;
  const bool is_wide = rows < columns;
  const int64_t m = is_wide ? columns : rows, n = is_wide ? rows : columns;
  const int64_t wide = full ? m : n;
  const size_t bytes = size_t(m * n * 2 + n * n * 2 + 2 * wide * m + 2 * (m + n) + 16) * sizeof(T) +
                       size_t(n + 8) * 9 * sizeof(double) + 64 * 16;
  char* block = (char*)context->scratch(context, 0, bytes);
  if (!block) {
    context->fail(context, "[linalg_svd] out of memory");
    return true;
  }
  Arena arena = {block};
  Problem<T> p;
  p.m = m;
  p.n = n;
  p.a = arena.take<T>(m * n);
  p.left = arena.take<T>(m * n);
  p.right = arena.take<T>(n * n);
  p.left_tau = arena.take<T>(n);
  p.right_tau = arena.take<T>(n);
  p.d = arena.take<double>(n);
  p.e = arena.take<double>(n + 1);
  p.pairs_u = arena.take<double>(2 * n);
  p.pairs_v = arena.take<double>(2 * n);
  p.first_u = arena.take<int64_t>(n);
  p.first_v = arena.take<int64_t>(n);
  p.order = arena.take<int64_t>(n);
  T *ut = arena.take<T>(wide * m), *work = arena.take<T>(wide * m), *vt = arena.take<T>(n * n);
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      const T x = widen_one(input[i * columns + j]);
      if (is_wide) p.a[j * n + i] = conjugate(x);
      else p.a[i * n + j] = x;
    }
  }
  bidiagonalize(context, p);
  if (u) {
    build_rows(context, ut, work, p.left, p.left_tau, m, n, wide, 0);
    build_rows(context, vt, work, p.right, p.right_tau, n, n - 1, n, 1);
  }
  Rotations for_u = {p.pairs_u, p.first_u, 0}, for_v = {p.pairs_v, p.first_v, 0};
  const int64_t doubles = sizeof(T) / sizeof(double);
  const bool converged = iterate(context, n, p.d, p.e, u ? (double*)ut : nullptr, m * doubles,
                                 u ? (double*)vt : nullptr, n * doubles, &for_u, &for_v);
  sort_descending(p.d, p.order, n);
  for (int64_t i = 0; i < n; i++) narrow_one(values + i, p.d[i]);
  if (!u) return converged;
  // The tall problem's U goes to u, or (of the adjoint) to vh; its V to the other.
  for (int64_t j = 0; j < wide; j++) {
    const T* row = ut + (j < n ? p.order[j] : j) * m;
    for (int64_t i = 0; i < m; i++) {
      if (is_wide) narrow_one(vh + j * m + i, conjugate(row[i]));
      else narrow_one(u + i * wide + j, row[i]);
    }
  }
  for (int64_t j = 0; j < n; j++) {
    const T* row = vt + p.order[j] * n;
    for (int64_t i = 0; i < n; i++) {
      if (is_wide) narrow_one(u + i * n + j, row[i]);
      else narrow_one(vh + j * n + i, conjugate(row[i]));
    }
  }
  return converged;
}

KERNEL(linalg_svd) {
  Dtype dtype = args.dtype();
  void* u = args.pointer();
  void* values = args.pointer();
  void* vh = args.pointer();
  int32_t* info = args.pointer<int32_t>();
  const void* a = args.pointer();
  int64_t batch = args.integer(), m = args.integer(), n = args.integer();
  bool full = args.integer();
  const int64_t rank = smaller(m, n);
  context->cancellable = true;
  bool known = with_scalar(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for_each_matrix(context, batch, [=](int64_t i) {
      T* out_u = u ? (T*)u + i * m * (full ? m : rank) : nullptr;
      T* out_vh = vh ? (T*)vh + i * n * (full ? n : rank) : nullptr;
      const T* in = (const T*)a + i * m * n;
      info[i] = solve(context, in, m, n, out_u, (real_of<T>*)values + i * rank, out_vh, full) ? 0 : 1;
    });
  });
  if (!known) context->fail(context, "[linalg_svd] expected float32, float64 or their complex forms");
}

}  // namespace
}  // namespace layerwise::NS

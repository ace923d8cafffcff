// The steps of the general eigenvalue problem in double precision: Hessenberg form, Schur form by shifted QR, and the
// eigenvectors of the triangle, turned back. All matrices are row-major, n x n; z gathers the transformations.
#pragma once
#include "linalg_reflect.h"

namespace layerwise::NS {

constexpr int kMostEigSweeps = 60;
typedef Complex<double> Number;

// h becomes Q^H h Q with zeros below the first subdiagonal; z = Q. `lines` holds n values.
template <class T> LW_STATIC void reduce_to_hessenberg(Context* context, T* h, T* z, T* lines, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < n; j++) z[i * n + j] = from_real<T>(i == j);
  }
  for (int64_t k = 0; k + 2 < n; k++) {
    const int64_t size = n - k - 1;
    T tau;
    for (int64_t i = 0; i < size; i++) lines[i] = h[(k + 1 + i) * n + k];
    const double beta = make_reflection(lines, size, &tau);
    h[(k + 1) * n + k] = from_real<T>(beta);
    for (int64_t i = 1; i < size; i++) h[(k + 1 + i) * n + k] = T{};
    if (is_zero(tau)) continue;
    // H^H from the left on the columns behind k, H from the right on all rows.
    reflect_rows(context, lines, h + (k + 1) * n + k + 1, n, size, size, conjugate(tau));
    T* const both[2] = {h, z};
    parallel_for(context, 2 * n, larger(4, (1 << 14) / size), [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        T* row = both[i / n] + i % n * n + k + 1;
        const T sum = dot(row, lines, size) * tau;
        for (int64_t j = 0; j < size; j++) row[j] -= sum * conjugate(lines[j]);
      }
    });
  }
}

// --- complex ---------------------------------------------------------------------------------------------------------

LW_STATIC Number complex_root(Number x) {
  const double size = magnitude_of(x);
  if (size == 0) return {0, 0};
  const double t = root(0.5 * (magnitude_of(x.re) + size));
  if (x.re >= 0) return {t, x.im / (2 * t)};
  return {magnitude_of(x.im) / (2 * t), x.im < 0 ? -t : t};
}

// Single shifts by Wilkinson, rotations from the left and the right; h becomes upper triangular.
LW_STATIC bool iterate_complex(Number* h, Number* z, Number* values, int64_t n) {
  for (int64_t high = n - 1; high >= 0; high--) {
    for (int sweep = 0;; sweep++) {
      int64_t low = high;
      for (; low > 0; low--) {
        const double near = pivot_size(h[low * n + low]) + pivot_size(h[(low - 1) * n + low - 1]);
        if (pivot_size(h[low * n + low - 1]) <= epsilon_of<double> * (near == 0 ? 1 : near)) break;
      }
      if (low > 0) h[low * n + low - 1] = {};
      if (low == high) break;
      if (sweep == kMostEigSweeps) return false;
      // The eigenvalue of the last 2 x 2 block that is nearer to its corner.
      const Number a = h[(high - 1) * n + high - 1], d = h[high * n + high];
      const Number bc = h[(high - 1) * n + high] * h[high * n + high - 1];
      const Number half = scaled(a - d, 0.5), r = complex_root(half * half + bc);
      const Number first = half + r, second = half - r;
      const Number larger_root = magnitude_of(first) > magnitude_of(second) ? first : second;
      Number shift = d;
      if (!is_zero(larger_root)) shift = d - bc / larger_root;
      if (sweep % 10 == 9) shift = shift + Number{magnitude_of(h[high * n + high - 1].re), 0};
      Number x = h[low * n + low] - shift, y = h[(low + 1) * n + low];
      for (int64_t k = low; k < high; k++) {
        if (k > low) {
          x = h[k * n + k - 1];
          y = h[(k + 1) * n + k - 1];
        }
        // c x + s y = r, with real c.
        const double xs = magnitude_of(x), ys = magnitude_of(y), norm = hypotenuse(xs, ys);
        if (norm == 0) continue;
        const double c = xs / norm;
        const Number phase = xs == 0 ? Number{1, 0} : scaled(x, 1 / xs);
        const Number s = scaled(phase * conjugate(y), 1 / norm);
        Number *top = h + k * n, *bottom = top + n;
        for (int64_t j = k > low ? k - 1 : k; j < n; j++) {
          const Number t = scaled(top[j], c) + s * bottom[j];
          bottom[j] = scaled(bottom[j], c) - conjugate(s) * top[j];
          top[j] = t;
        }
        if (k > low) bottom[k - 1] = {};
        const int64_t last = smaller(k + 2, high);
        Number* const both[2] = {h, z};
        for (Number* matrix : both) {
          for (int64_t i = 0; i <= (matrix == h ? last : n - 1); i++) {
            Number *left = matrix + i * n + k, *right = left + 1;
            const Number t = scaled(*left, c) + conjugate(s) * *right;
            *right = scaled(*right, c) - s * *left;
            *left = t;
          }
        }
      }
    }
    values[high] = h[high * n + high];
  }
  return true;
}

// Vectors of the triangle t, then times z. `column` holds n values.
LW_STATIC void back_substitute_complex(const Number* t, const Number* z, const Number* values, Number* out,
                                       Number* column, int64_t n) {
  double norm = 0;
  for (int64_t i = 0; i < n * n; i++) norm = pivot_size(t[i]) > norm ? pivot_size(t[i]) : norm;
  const double tiny = epsilon_of<double> * (norm == 0 ? 1 : norm);
  for (int64_t k = n - 1; k >= 0; k--) {
    // The vector in the basis of z; rows beyond k are zero.
    column[k] = {1, 0};
    for (int64_t i = k - 1; i >= 0; i--) {
      Number sum = {};
      for (int64_t j = i + 1; j <= k; j++) sum += t[i * n + j] * column[j];
      Number gap = values[k] - t[i * n + i];
      if (pivot_size(gap) < tiny) gap = {tiny, 0};
      column[i] = sum / gap;
    }
    for (int64_t i = 0; i < n; i++) {
      Number sum = {};
      for (int64_t j = 0; j <= k; j++) sum += z[i * n + j] * column[j];
      out[i * n + k] = sum;
    }
  }
}

// --- real ------------------------------------------------------------------------------------------------------------

// A 2 x 2 block that is done: a real pair is made triangular, a complex pair is left as it is.
LW_STATIC void finish_block(double* h, double* z, Number* values, int64_t n, int64_t k) {
  double *top = h + (k - 1) * n, *bottom = h + k * n;
  const double w = bottom[k - 1] * top[k];
  const double p = 0.5 * (top[k - 1] - bottom[k]), q = p * p + w, x = bottom[k];
  const double r = root(magnitude_of(q));
  if (q < 0) {
    values[k - 1] = {x + p, r};
    values[k] = {x + p, -r};
    return;
  }
  const double larger_root = p >= 0 ? p + r : p - r;
  values[k - 1] = {x + larger_root, 0};
  values[k] = {larger_root != 0 ? x - w / larger_root : x + larger_root, 0};
  const double below = bottom[k - 1], size = magnitude_of(below) + magnitude_of(larger_root);
  double c = larger_root / size, s = below / size;
  const double norm = root(c * c + s * s);
  c /= norm;
  s /= norm;
  rotate_rows(top + k - 1, bottom + k - 1, c, s, n - k + 1);
  for (int64_t i = 0; i <= k; i++) {
    double *left = h + i * n + k - 1, *right = left + 1;
    const double t = c * *left + s * *right;
    *right = c * *right - s * *left;
    *left = t;
  }
  rotate_rows(z + (k - 1) * n, z + k * n, c, s, n);
  bottom[k - 1] = 0;
}

// One double-shifted sweep over low..high, by reflections of three elements. z is transposed meanwhile: its columns turn
// as rows.
LW_STATIC void francis_sweep(double* h, double* z, int64_t n, int64_t low, int64_t high, double sum, double product) {
  auto at = [=](int64_t i, int64_t j) -> double& { return h[i * n + j]; };
  // The first column of (H - aI)(H - bI), from the lowest place where it may start.
  int64_t m = high - 2;
  double p = 0, q = 0, r = 0;
  for (;; m--) {
    const double d = at(m, m);
    p = (d * d - sum * d + product) / at(m + 1, m) + at(m, m + 1);
    q = d + at(m + 1, m + 1) - sum;
    r = at(m + 2, m + 1);
    const double scale = magnitude_of(p) + magnitude_of(q) + magnitude_of(r);
    p /= scale;
    q /= scale;
    r /= scale;
    if (m == low) break;
    const double left = magnitude_of(at(m, m - 1)) * (magnitude_of(q) + magnitude_of(r));
    const double near = magnitude_of(at(m - 1, m - 1)) + magnitude_of(d) + magnitude_of(at(m + 1, m + 1));
    if (left < epsilon_of<double> * magnitude_of(p) * near) break;
  }
  for (int64_t i = m + 2; i <= high; i++) {
    at(i, i - 2) = 0;
    if (i > m + 2) at(i, i - 3) = 0;
  }
  for (int64_t k = m; k < high; k++) {
    const bool is_last = k == high - 1;
    double scale = 1;
    if (k > m) {
      p = at(k, k - 1);
      q = at(k + 1, k - 1);
      r = is_last ? 0 : at(k + 2, k - 1);
      scale = magnitude_of(p) + magnitude_of(q) + magnitude_of(r);
      if (scale == 0) continue;
      p /= scale;
      q /= scale;
      r /= scale;
    }
    double s = root(p * p + q * q + r * r);
    if (p < 0) s = -s;
    if (s == 0) continue;
    if (k > m) at(k, k - 1) = -s * scale;
    else if (low != m) at(k, k - 1) = -at(k, k - 1);
    p += s;
    const double x = p / s, y = q / s, w = r / s;
    q /= p;
    r /= p;
    double *top = h + k * n, *middle = top + n, *bottom = middle + n;
    if (is_last) {
      for (int64_t j = k; j < n; j++) {
        const double t = top[j] + q * middle[j];
        top[j] -= t * x;
        middle[j] -= t * y;
      }
    } else {
      for (int64_t j = k; j < n; j++) {
        const double t = top[j] + q * middle[j] + r * bottom[j];
        top[j] -= t * x;
        middle[j] -= t * y;
        bottom[j] -= t * w;
      }
    }
    const int64_t last = smaller(high, k + 3);
    for (int64_t i = 0; i <= last; i++) {
      double* row = h + i * n + k;
      double t = x * row[0] + y * row[1];
      if (!is_last) {
        t += w * row[2];
        row[2] -= t * r;
      }
      row[0] -= t;
      row[1] -= t * q;
    }
    double *first = z + k * n, *second = first + n, *third = second + n;
    if (is_last) {
      for (int64_t i = 0; i < n; i++) {
        const double t = x * first[i] + y * second[i];
        first[i] -= t;
        second[i] -= t * q;
      }
    } else {
      for (int64_t i = 0; i < n; i++) {
        const double t = x * first[i] + y * second[i] + w * third[i];
        first[i] -= t;
        second[i] -= t * q;
        third[i] -= t * r;
      }
    }
  }
}

LW_STATIC bool iterate_real(double* h, double* z, Number* values, int64_t n) {
  double norm = 0;
  for (int64_t i = 0; i < n * n; i++) norm += magnitude_of(h[i]);
  double shifted = 0;
  int64_t high = n - 1;
  for (int sweep = 0; high >= 0;) {
    int64_t low = high;
    for (; low > 0; low--) {
      double near = magnitude_of(h[(low - 1) * n + low - 1]) + magnitude_of(h[low * n + low]);
      if (near == 0) near = norm;
      if (magnitude_of(h[low * n + low - 1]) < epsilon_of<double> * near || h[low * n + low - 1] == 0) break;
    }
    if (low > 0) h[low * n + low - 1] = 0;
    if (low == high) {
      h[high * n + high] += shifted;
      values[high] = {h[high * n + high], 0};
      high--;
      sweep = 0;
      continue;
    }
    if (low == high - 1) {
      h[high * n + high] += shifted;
      h[(high - 1) * n + high - 1] += shifted;
      finish_block(h, z, values, n, high);
      high -= 2;
      sweep = 0;
      continue;
    }
    if (sweep++ == kMostEigSweeps) return false;
    double x = h[high * n + high], y = h[(high - 1) * n + high - 1];
    double w = h[high * n + high - 1] * h[(high - 1) * n + high];
    if (sweep == 11 || sweep == 31) {
      // Stuck in a cycle: another shift altogether.
      shifted += x;
      for (int64_t i = 0; i <= high; i++) h[i * (n + 1)] -= x;
      const double s = magnitude_of(h[high * n + high - 1]) + magnitude_of(h[(high - 1) * n + high - 2]);
      x = y = 0.75 * s;
      w = -0.4375 * s * s;
    }
    francis_sweep(h, z, n, low, high, x + y, x * y - w);
  }
  return true;
}

// Vectors of the quasi-triangular matrix, then times z. A pair of complex values shares one pair of real columns.
// `column` holds n complex values.
LW_STATIC void back_substitute_real(const double* h, const double* z, const Number* values, Number* out,
                                    double* column, int64_t n) {
  double norm = 0;
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = i > 0 ? i - 1 : 0; j < n; j++) norm += magnitude_of(h[i * n + j]);
  }
  const double tiny = epsilon_of<double> * (norm == 0 ? 1 : norm);
  Number* x = (Number*)column;
  auto guarded = [=](Number x) { return pivot_size(x) < tiny ? Number{tiny, 0} : x; };
  for (int64_t k = n - 1; k >= 0; k--) {
    const Number value = values[k];
    int64_t i = k - 1;
    if (value.im == 0) {
      x[k] = {1, 0};
    } else if (value.im < 0) {
      continue;  // the conjugate of the column before it
    } else {
      // The block's own vector: (a - value) x + b y = 0, with y = 1 or x = 1, whichever is safer.
      const double a = h[k * n + k], b = h[k * n + k + 1], c = h[(k + 1) * n + k], d = h[(k + 1) * n + k + 1];
      if (magnitude_of(b) >= magnitude_of(c)) {
        x[k] = {1, 0};
        x[k + 1] = scaled(value - Number{a, 0}, 1 / b);
      } else {
        x[k + 1] = {1, 0};
        x[k] = scaled(value - Number{d, 0}, 1 / c);
      }
    }
    const int64_t end = value.im == 0 ? k : k + 1;
    for (; i >= 0; i--) {
      const bool is_pair = values[i].im != 0;
      Number sum = {};
      for (int64_t j = i + 1; j <= end; j++) sum += scaled(x[j], h[i * n + j]);
      if (!is_pair) {
        x[i] = sum / guarded(value - Number{h[i * n + i], 0});
        continue;
      }
      // Rows i - 1 and i together: a 2 x 2 system by Cramer's rule.
      Number above = {};
      for (int64_t j = i + 1; j <= end; j++) above += scaled(x[j], h[(i - 1) * n + j]);
      const double a = h[(i - 1) * n + i - 1], b = h[(i - 1) * n + i], c = h[i * n + i - 1], d = h[i * n + i];
      const Number p = value - Number{a, 0}, q = value - Number{d, 0};
      const Number determinant = guarded(p * q - Number{b * c, 0});
      x[i - 1] = (above * q + scaled(sum, b)) / determinant;
      x[i] = (p * sum + scaled(above, c)) / determinant;
      i--;
    }
    for (i = 0; i < n; i++) {
      Number sum = {};
      for (int64_t j = 0; j <= end; j++) sum += scaled(x[j], z[i * n + j]);
      out[i * n + k] = sum;
      if (value.im > 0) out[i * n + k + 1] = conjugate(sum);
    }
  }
}

}  // namespace layerwise::NS

// What each reduction does with a run of elements, with a block of columns, and with two partial results. A rule has
// Element, State, any_order, start, run, columns and combine. Float sums stay in float32 only for some dozens of terms
// and then move to float64, which keeps a sum of any length within an ulp or two of the exact one.
#pragma once
#include "reduce_plan.h"

namespace layerwise::NS {

// Several reductions share a rule; one copy of its loops is enough.
#define LW_SHARED static __attribute__((noinline, noclone))

struct Identity { template <class V> LW_STATIC V of(V x) { return x; } };
struct Square { template <class V> LW_STATIC V of(V x) { return x * x; } };
struct Absolute {
  LW_STATIC Floats of(Floats x) { return abs_of(x); }
  LW_STATIC Doubles of(Doubles x) { return abs_of(x); }
  template <class S> LW_STATIC S of(S x) { return x < 0 ? -x : x; }
};
struct Nonzero {
  LW_STATIC Floats of(Floats x) { return x != 0 ? Floats{} + 1 : Floats{}; }
  LW_STATIC Doubles of(Doubles x) { return x != 0 ? Doubles{} + 1 : Doubles{}; }
  template <class S> LW_STATIC S of(S x) { return x != 0; }
};

// Sum of map(x) over contiguous floats.
template <class Map, class T> inline double sum_run(const T* p, int64_t n) {
  using V = vector<T>;
  constexpr int64_t N = lanes<T>;
  double total = 0;
  while (n >= 8 * N) {
    int64_t steps = smaller(n / (8 * N), 16);
    V a[8] = {};
    for (int64_t s = 0; s < steps; s++, p += 8 * N) {
#pragma GCC unroll 8
      for (int j = 0; j < 8; j++) a[j] += Map::of(load(p + j * N));
    }
    n -= steps * 8 * N;
    total += sum_lanes(((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7])));
  }
  if (n >= N) {
    V a = {};
    for (; n >= N; n -= N, p += N) a += Map::of(load(p));
    total += sum_lanes(a);
  }
  for (; n > 0; n--, p++) total += (double)Map::of(get(p));
  return total;
}

// Calls f(i, x) for vectors x of a row; the last one is filled up with `fill`. Accumulators must have room for a
// vector.
template <class T, class F> LW_STATIC void for_row(const T* row, int64_t n, compute<T> fill, F f) {
  constexpr int64_t N = lanes<T>;
  int64_t i = 0;
  for (; i + N <= n; i += N) f(i, load(row + i));
  if (i < n) f(i, load_some(row + i, n - i, fill));
}

template <class T, class Map> struct SumRule {
  using Element = T;
  using State = double;
  static constexpr bool any_order = true;
  static State start() { return 0; }
  static void combine(State& a, const State& b) { a += b; }
  LW_SHARED void run(State& s, const T* p, int64_t n, int64_t stride, int64_t) {
    if (stride == 1) {
      s += sum_run<Map>(p, n);
      return;
    }
    double a[4] = {};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
      for (int j = 0; j < 4; j++) a[j] += (double)Map::of(get(p + (i + j) * stride));
    }
    for (; i < n; i++) a[0] += (double)Map::of(get(p + i * stride));
    s += (a[0] + a[1]) + (a[2] + a[3]);
  }
  LW_SHARED void columns(State* s, const T* p, int64_t columns, int64_t rows, int64_t stride, int64_t) {
    using V = vector<T>;
    constexpr int64_t N = lanes<T>;
    alignas(64) compute<T> sums[kBlockColumns];
    for (int64_t r = 0; r < rows;) {
      int64_t until = smaller(r + 32, rows);
      for (int64_t i = 0; i < columns; i += N) store(sums + i, V{});
      for (; r + 4 <= until; r += 4) {
        const T* row = p + r * stride;
        int64_t i = 0;
        for (; i + N <= columns; i += N) {
          V low = Map::of(load(row + i)) + Map::of(load(row + i + stride));
          V high = Map::of(load(row + i + 2 * stride)) + Map::of(load(row + i + 3 * stride));
          store(sums + i, load(sums + i) + (low + high));
        }
        for (; i < columns; i++) {
          for (int j = 0; j < 4; j++) sums[i] += Map::of(get(row + i + j * stride));
        }
      }
      for (; r < until; r++) {
        for_row(p + r * stride, columns, 0, [&](int64_t i, V x) { store(sums + i, load(sums + i) + Map::of(x)); });
      }
      for (int64_t i = 0; i < columns; i++) s[i] += sums[i];
    }
  }
};

// Integers (and bool, and anything counted) wrap in 64 bits.
template <class T, class Map> struct IntegerSumRule {
  using Element = T;
  using State = int64_t;
  static constexpr bool any_order = true;
  static State start() { return 0; }
  static void combine(State& a, const State& b) { a = (int64_t)((uint64_t)a + (uint64_t)b); }
  LW_SHARED void run(State& s, const T* p, int64_t n, int64_t stride, int64_t) {
    uint64_t total = 0;
    if (stride == 1) {
      for (int64_t i = 0; i < n; i++) total += (uint64_t)Map::of((int64_t)p[i]);
    } else {
      for (int64_t i = 0; i < n; i++) total += (uint64_t)Map::of((int64_t)p[i * stride]);
    }
    combine(s, (int64_t)total);
  }
  LW_SHARED void columns(State* s, const T* p, int64_t columns, int64_t rows, int64_t stride, int64_t) {
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t i = 0; i < columns; i++) combine(s[i], Map::of((int64_t)p[r * stride + i]));
    }
  }
};

// Products are taken in float64 (or wrap in 64 bits), so that an intermediate result does not overflow.
template <class T> struct ProductRule {
  using Element = T;
  static constexpr bool integer = is_integer<T>;
  template <bool B, class = void> struct Choose { using type = double; };
  template <class U> struct Choose<true, U> { using type = uint64_t; };
  using State = typename Choose<integer>::type;
  static constexpr bool any_order = true;
  static State start() { return 1; }
  static void combine(State& a, const State& b) { a *= b; }
  LW_SHARED void run(State& s, const T* p, int64_t n, int64_t stride, int64_t) {
    State a[4] = {1, 1, 1, 1};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
      for (int j = 0; j < 4; j++) a[j] *= (State)get(p + (i + j) * stride);
    }
    for (; i < n; i++) a[0] *= (State)get(p + i * stride);
    s *= (a[0] * a[1]) * (a[2] * a[3]);
  }
  LW_SHARED void columns(State* s, const T* p, int64_t columns, int64_t rows, int64_t stride, int64_t) {
    for (int64_t r = 0; r < rows; r++) {
      for (int64_t i = 0; i < columns; i++) s[i] *= (State)get(p + r * stride + i);
    }
  }
};

// Largest (or smallest) element and, when asked, where it first stands; a NaN beats every number.
template <class T, bool Max, bool Indexed> struct ExtremeRule {
  using Element = T;
  static constexpr bool integer = is_integer<T>;
  template <bool B, class = void> struct Choose { using type = compute<T>; };
  template <class U> struct Choose<true, U> { using type = T; };
  using Value = typename Choose<integer>::type;
  struct State {
    Value value;
    int64_t index;  // -1: nothing seen yet
  };
  static constexpr bool any_order = !Indexed;
  static State start() { return {0, -1}; }
  static bool better(Value x, Value than) { return (Max ? x > than : x < than) || (x != x && than == than); }
  static void offer(State& s, Value x, int64_t index) {
    if (s.index < 0 || better(x, s.value)) s = {x, index};
  }
  static void combine(State& a, const State& b) {
    if (b.index >= 0) offer(a, b.value, b.index);
  }
  static Value at(const T* p) { return (Value)get(p); }

  // The extreme of n >= 1 contiguous elements, without its place.
  static Value of_run(const T* p, int64_t n) {
    Value best = at(p);
    int64_t i = 1;
    if constexpr (!integer) {
      using V = vector<T>;
      constexpr int64_t N = lanes<T>;
      if (n >= 4 * N) {
        V a[4];
        for (int j = 0; j < 4; j++) a[j] = load(p + j * N);
        for (i = 4 * N; i + 4 * N <= n; i += 4 * N) {
#pragma GCC unroll 4
          for (int j = 0; j < 4; j++) a[j] = pick(a[j], load(p + i + j * N));
        }
        V all = pick(pick(a[0], a[1]), pick(a[2], a[3]));
        for (int64_t l = 0; l < N; l++) best = better(all[l], best) ? all[l] : best;
      }
      for (; i < n; i++) best = better(at(p + i), best) ? at(p + i) : best;
    } else {
      for (; i < n; i++) best = Max ? (p[i] > best ? p[i] : best) : (p[i] < best ? p[i] : best);
    }
    return best;
  }
  template <class V> LW_STATIC V pick(V a, V b) {
    if constexpr (Max) return max_or_nan(a, b);
    else return min_or_nan(a, b);
  }
  LW_SHARED void run(State& s, const T* p, int64_t n, int64_t stride, int64_t first) {
    if (stride != 1) {
      for (int64_t i = 0; i < n; i++) offer(s, at(p + i * stride), first + i);
      return;
    }
    constexpr int64_t chunk = 4096;
    for (int64_t begin = 0; begin < n; begin += chunk) {
      int64_t length = smaller(chunk, n - begin);
      Value best = of_run(p + begin, length);
      if (s.index >= 0 && !better(best, s.value)) continue;
      int64_t place = 0;
      if constexpr (Indexed) {
        if (best != best) {
          while (at(p + begin + place) == at(p + begin + place)) place++;
        } else {
          while (at(p + begin + place) != best) place++;
        }
      }
      s = {best, first + begin + place};
    }
  }
  LW_SHARED void columns(State* s, const T* p, int64_t columns, int64_t rows, int64_t stride, int64_t first) {
    if constexpr (is_same<Value, float>) {
      constexpr int64_t N = lanes<T>;
      for (int64_t begin = 0; begin < rows; begin += 1 << 20) {
        const T* base = p + begin * stride;
        int32_t n = (int32_t)smaller(1 << 20, rows - begin);
        for (int64_t i = 0; i < columns; i += N) {
          int64_t width = smaller(N, columns - i);
          auto row = [&](int64_t r) {
            return width == N ? load(base + r * stride + i) : load_some(base + r * stride + i, width, 0);
          };
          Floats best = row(0);
          Ints place = {};
          for (int32_t r = 1; r < n; r++) {
            Floats x = row(r);
            Ints wins = (Max ? x > best : x < best) | ((x != x) & (best == best));
            best = wins ? x : best;
            if constexpr (Indexed) place = wins ? Ints{} + r : place;
          }
          for (int64_t l = 0; l < width; l++) offer(s[i + l], best[l], first + begin + place[l]);
        }
      }
    } else {
      for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = 0; i < columns; i++) offer(s[i], at(p + r * stride + i), first + r);
      }
    }
  }
};

// Variance: exact two-pass sums over short chunks, merged by Chan's formula in float64, so data is read once.
template <class T> struct VarianceRule {
  using Element = T;
  struct State { double n, mean, squares; };
  static constexpr bool any_order = true;
  static State start() { return {0, 0, 0}; }
  static void combine(State& a, const State& b) {
    if (b.n == 0) return;
    double n = a.n + b.n, shift = b.mean - a.mean;
    a.mean += shift * (b.n / n);
    a.squares += b.squares + shift * shift * (a.n * b.n / n);
    a.n = n;
  }
  LW_SHARED void run(State& s, const T* p, int64_t n, int64_t stride, int64_t) {
    using C = compute<T>;
    constexpr int64_t chunk = 2048, N = lanes<T>;
    for (int64_t begin = 0; begin < n; begin += chunk) {
      int64_t length = smaller(chunk, n - begin);
      const T* q = p + begin * stride;
      double sum = 0, squares = 0;
      if (stride == 1) {
        sum = sum_run<Identity>(q, length);
        C mean = (C)(sum / length);
        vector<T> a = {}, b = {};
        int64_t i = 0;
        for (; i + 2 * N <= length; i += 2 * N) {
          vector<T> x = load(q + i) - mean, y = load(q + i + N) - mean;
          a += x * x;
          b += y * y;
        }
        squares = sum_lanes(a) + sum_lanes(b);
        double dust = 0;
        for (; i < length; i++) {
          double x = get(q + i) - mean;
          squares += x * x;
        }
        dust = sum / length - mean;  // what rounding the mean added to every term
        squares -= length * dust * dust;
      } else {
        for (int64_t i = 0; i < length; i++) sum += get(q + i * stride);
        double mean = sum / length;
        for (int64_t i = 0; i < length; i++) {
          double x = get(q + i * stride) - mean;
          squares += x * x;
        }
      }
      combine(s, {(double)length, sum / length, squares});
    }
  }
  LW_SHARED void columns(State* s, const T* p, int64_t columns, int64_t rows, int64_t stride, int64_t) {
    using V = vector<T>;
    using C = compute<T>;
    constexpr int64_t N = lanes<T>;
    alignas(64) C mean[kBlockColumns], squares[kBlockColumns];
    for (int64_t begin = 0; begin < rows; begin += 32) {
      int64_t n = smaller(32, rows - begin);
      C inverse = (C)1 / (C)n;
      for (int64_t i = 0; i < columns; i += N) {
        store(mean + i, V{});
        store(squares + i, V{});
      }
      for (int64_t r = begin; r < begin + n; r++) {
        for_row(p + r * stride, columns, 0, [&](int64_t i, V x) { store(mean + i, load(mean + i) + x); });
      }
      for (int64_t i = 0; i < columns; i += N) store(mean + i, load(mean + i) * inverse);
      for (int64_t r = begin; r < begin + n; r++) {
        for_row(p + r * stride, columns, 0, [&](int64_t i, V x) {
          V d = x - load(mean + i);
          store(squares + i, load(squares + i) + d * d);
        });
      }
      for (int64_t i = 0; i < columns; i++) combine(s[i], {(double)n, mean[i], squares[i]});
    }
  }
};

// log(sum(exp(x))): sums of exp(x - largest), rescaled when a larger element comes.
template <class T> struct LogSumExpRule {
  using Element = T;
  struct State { double largest, sum; };
  static constexpr bool any_order = true;
  static State start() { return {-__builtin_inf(), 0}; }
  // An infinite maximum must not be subtracted: inf - inf is NaN.
  template <class C> static C shift_of(C largest) {
    return largest - largest == 0 ? largest : (largest != largest ? largest : 0);
  }
  static void combine(State& a, const State& b) {
    double sa = a.sum, sb = b.sum, largest = a.largest > b.largest ? a.largest : b.largest;
    if (sa != 0 && a.largest < largest && sa - sa == 0) sa *= __builtin_exp(a.largest - largest);
    if (sb != 0 && b.largest < largest && sb - sb == 0) sb *= __builtin_exp(b.largest - largest);
    a = {largest, sa + sb};
  }
  static double result(const State& s) { return shift_of(s.largest) + __builtin_log(s.sum); }
  LW_SHARED void run(State& s, const T* p, int64_t n, int64_t stride, int64_t first) {
    using C = compute<T>;
    constexpr int64_t chunk = 2048;
    if (stride != 1) {
      alignas(64) C copy[chunk];
      for (int64_t begin = 0; begin < n; begin += chunk) {
        int64_t length = smaller(chunk, n - begin);
        for (int64_t i = 0; i < length; i++) copy[i] = get(p + (begin + i) * stride);
        LogSumExpRule<C>::run((typename LogSumExpRule<C>::State&)s, copy, length, 1, first);
      }
      return;
    }
    for (int64_t begin = 0; begin < n; begin += chunk) {
      int64_t length = smaller(chunk, n - begin);
      C largest = ExtremeRule<T, true, false>::of_run(p + begin, length);
      C shift = shift_of(largest);
      vector<T> sum = {};
      for_row(p + begin, length, -(C)__builtin_inf(), [&](int64_t, vector<T> x) { sum += exp_of(x - shift); });
      combine(s, {largest, sum_lanes(sum)});
    }
  }
  LW_SHARED void columns(State* s, const T* p, int64_t columns, int64_t rows, int64_t stride, int64_t) {
    using V = vector<T>;
    using C = compute<T>;
    constexpr int64_t N = lanes<T>;
    alignas(64) C largest[kBlockColumns], sum[kBlockColumns];
    for (int64_t begin = 0; begin < rows; begin += 32) {
      int64_t n = smaller(32, rows - begin);
      for (int64_t i = 0; i < columns; i += N) {
        store(largest + i, V{} - (C)__builtin_inf());
        store(sum + i, V{});
      }
      for (int64_t r = begin; r < begin + n; r++) {
        for_row(p + r * stride, columns, 0, [&](int64_t i, V x) {
          store(largest + i, max_or_nan(load(largest + i), x));
        });
      }
      for (int64_t r = begin; r < begin + n; r++) {
        for_row(p + r * stride, columns, 0, [&](int64_t i, V x) {
          V top = load(largest + i);
          V shift = top - top == 0 ? top : (top != top ? top : V{});
          store(sum + i, load(sum + i) + exp_of(x - shift));
        });
      }
      for (int64_t i = 0; i < columns; i++) combine(s[i], {largest[i], sum[i]});
    }
  }
};

}  // namespace layerwise::NS

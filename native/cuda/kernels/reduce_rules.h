// What each reduction does with elements and with two partial results: Rule has State, start, take (some elements and
// the place of the first), join (an earlier state takes a later one in) and pack. W is the type that elements are read
// in: float, double or int64_t. Every join gives the same result in the same order, so reductions are deterministic.
#pragma once
#include "reduce_job.h"
#include "vectors.h"

template <class W> constexpr bool kIsWhole = false;
template <> constexpr bool kIsWhole<int64_t> = true;

// Whole numbers wrap, floats are carried on in float64: what a thread adds up at once stays short.
template <class W> struct SumType { using Type = double; };
template <> struct SumType<int64_t> { using Type = uint64_t; };

DEVICE void pack_number(Partial& p, double x) { p.a = x; }
DEVICE void pack_number(Partial& p, uint64_t x) { p.i = int64_t(x); }
DEVICE void pack_number(Partial& p, int64_t x) { p.i = x; }

template <class W> struct SumRule {
  using State = typename SumType<W>::Type;
  static DEVICE State start() { return 0; }
  template <int N> static DEVICE void take(State& s, const W (&x)[N], int64_t, int64_t, int) {
    W half[N];
    UNROLL for (int i = 0; i < N; i++) half[i] = x[i];
    UNROLL for (int width = N / 2; width > 0; width /= 2) {
      UNROLL for (int i = 0; i < N / 2; i++) {
        if (i < width) half[i] += half[i + width];
      }
    }
    s += State(half[0]);
  }
  static DEVICE void join(State& a, const State& b) { a += b; }
  static DEVICE void pack(Partial& p, const State& s, int) { pack_number(p, s); }
};

// Sums of squares, of magnitudes, and counts of what is not zero.
template <class W> struct MappedSumRule : SumRule<W> {
  using State = typename SumRule<W>::State;
  template <int N> static DEVICE void take(State& s, const W (&x)[N], int64_t at, int64_t step, int op) {
    W mapped[N];
    UNROLL for (int i = 0; i < N; i++) {
      const W value = x[i];
      mapped[i] = op == kSumSquares ? value * value : op == kSumAbsolute ? (value < 0 ? -value : value) : W(value != 0);
    }
    SumRule<W>::template take<N>(s, mapped, at, step, op);
  }
};

// Floats multiply in float64, so that what lies between does not overflow.
template <class W> struct ProductRule {
  using State = typename SumType<W>::Type;
  static DEVICE State start() { return 1; }
  template <int N> static DEVICE void take(State& s, const W (&x)[N], int64_t, int64_t, int) {
    UNROLL for (int i = 0; i < N; i++) s *= State(x[i]);
  }
  static DEVICE void join(State& a, const State& b) { a *= b; }
  static DEVICE void pack(Partial& p, const State& s, int) { pack_number(p, s); }
};

template <class W> DEVICE W lowest() { return minus_infinity<W>(); }
template <> DEVICE int64_t lowest<int64_t>() { return int64_t(1) << 63; }

// The smallest is the largest of what runs the other way; NaN stays NaN.
template <class W> DEVICE W turned(W x) { return -x; }
template <> DEVICE int64_t turned(int64_t x) { return ~x; }
DEVICE bool is_smallest(int op) { return op == kMin || op == kArgmin; }

template <class W> struct ExtremeRule {
  using State = W;
  static DEVICE State start() { return lowest<W>(); }
  template <int N> static DEVICE void take(State& s, const W (&x)[N], int64_t, int64_t, int op) {
    UNROLL for (int i = 0; i < N; i++) s = max_or_nan(s, is_smallest(op) ? turned(x[i]) : x[i]);
  }
  static DEVICE void join(State& a, const State& b) { a = max_or_nan(a, b); }
  static DEVICE void pack(Partial& p, const State& s, int op) { pack_number(p, is_smallest(op) ? turned(s) : s); }
};

// With the place: of equal elements the first one counts, and of NaN too.
template <class W> struct PlaceRule {
  struct State {
    W value;
    int64_t place;
  };
  static DEVICE State start() { return {lowest<W>(), (int64_t(1) << 62)}; }
  static DEVICE void offer(State& s, W x, int64_t place) {
    const bool is_nan = x != x;
    const bool was_nan = s.value != s.value;
    const bool is_same = x == s.value || (is_nan && was_nan);
    if (is_same ? place < s.place : is_nan || x > s.value) s = {x, place};
  }
  template <int N> static DEVICE void take(State& s, const W (&x)[N], int64_t at, int64_t step, int op) {
    UNROLL for (int i = 0; i < N; i++) offer(s, is_smallest(op) ? turned(x[i]) : x[i], at + i * step);
  }
  static DEVICE void join(State& a, const State& b) { offer(a, b.value, b.place); }
  static DEVICE void pack(Partial& p, const State& s, int op) {
    pack_number(p, is_smallest(op) ? turned(s.value) : s.value);
    p.j = s.place;
  }
};

// Sums about an element of each handful, merged by Chan's formula: no cancellation, and data is read once.
template <class W> struct VarianceRule {
  struct State {
    double mean, squares;
    W n, unused;
  };
  static DEVICE State start() { return {0, 0, 0, 0}; }
  template <int N> static DEVICE void take(State& s, const W (&x)[N], int64_t, int64_t, int) {
    W sum = 0, squares = 0;
    UNROLL for (int i = 1; i < N; i++) {
      const W d = x[i] - x[0];
      sum += d;
      squares += d * d;
    }
    // An infinite element makes everything NaN, as it should.
    join(s, {double(x[0]) + double(sum) / N, N == 1 ? 0 : double(squares - sum * sum / N), W(N), 0});
    if (N == 1 && x[0] - x[0] != 0) s.squares = x[0] - x[0];
  }
  static DEVICE void join(State& a, const State& b) {
    if (b.n == 0) return;
    const W n = a.n + b.n;
    const double shift = b.mean - a.mean;
    const W share = b.n / n;
    a.mean = a.n == 0 ? b.mean : a.mean + shift * share;
    a.squares = a.n == 0 ? b.squares : a.squares + b.squares + shift * shift * (a.n * share);
    a.n = n;
  }
  static DEVICE void pack(Partial& p, const State& s, int) {
    p.a = s.mean;
    p.b = s.squares;
    p.i = int64_t(s.n);
  }
};

// log(sum(exp(x))): sums of exp(x - largest), rescaled when a larger element comes.
template <class W> struct LogSumExpRule {
  struct State {
    W largest, sum;
  };
  static DEVICE State start() { return {minus_infinity<W>(), 0}; }
  // An infinite maximum must not be subtracted: inf - inf is NaN.
  static DEVICE W shift_of(W largest) { return largest - largest == 0 ? largest : W(0); }
  static DEVICE void raise(State& s, W largest) {
    if (s.largest < largest) {
      if (s.sum == s.sum) s.sum = s.sum == 0 ? 0 : s.sum * exp_of(s.largest - largest);
      s.largest = largest;
    }
  }
  template <int N> static DEVICE void take(State& s, const W (&x)[N], int64_t, int64_t, int) {
    W top = x[0];
    UNROLL for (int i = 1; i < N; i++) top = x[i] > top || top != top ? x[i] : top;
    raise(s, top);
    const W shift = shift_of(s.largest);
    W sum = 0;
    UNROLL for (int i = 0; i < N; i++) sum += exp_of(x[i] - shift);
    s.sum += sum;
  }
  static DEVICE void join(State& a, const State& b) {
    State later = b;
    raise(a, later.largest);
    raise(later, a.largest);
    a.sum += later.sum;
  }
  static DEVICE void pack(Partial& p, const State& s, int) {
    p.a = s.largest;
    p.b = s.sum;
  }
};
